/**
 * Images uploaded to the platform, as the reconciler asks for them: is all of it here, fetch it,
 * keep what these releases need. Each blob is checked against its digest on the way in, and every
 * digest follows from the one in the signed release, so the source need not be trusted.
 */
import { readFile } from 'node:fs/promises';
import type { Release } from '@signalbeam/sync/core/manifest';
import type { BlobSource } from '../artifacts/fetch-blob.ts';
import { fetchImage } from '../artifacts/fetch-image.ts';
import { chooseManifest, type Platform, parseImageDocument } from '../artifacts/oci.ts';
import type { BlobStore } from '../artifacts/store.ts';
import { imageDigestOf } from '../core/spec.ts';
import type { UploadedImages } from './parts.ts';

/** True when the document and everything it names for this platform is on disk. */
const isWhole = async (store: BlobStore, platform: Platform, digest: string): Promise<boolean> => {
  if ((await store.has(digest)) === null) return false;
  const document = parseImageDocument(await readFile(store.path(digest)), digest);
  if (document.kind === 'index') {
    const chosen = chooseManifest(document, platform);
    return chosen !== null && isWhole(store, platform, chosen.digest);
  }
  const needed = [document.config, ...document.layers];
  const present = await Promise.all(needed.map((blob) => store.has(blob.digest)));
  return present.every((sizeBytes) => sizeBytes !== null);
};

export const createUploads = (
  store: BlobStore,
  source: BlobSource,
  platform: Platform,
): UploadedImages => ({
  stored: (_release: Release, reference) => isWhole(store, platform, imageDigestOf(reference)),
  fetch: async (_release, reference, signal) => {
    await fetchImage({ source, store, digest: imageDigestOf(reference), platform, signal });
  },
  sweep: async (keep) => {
    const digests = keep.flatMap((release) =>
      release.images.flatMap((image) => image.blobs.map((blob) => blob.digest)),
    );
    return (await store.sweep(new Set(digests))).freedBytes;
  },
});
