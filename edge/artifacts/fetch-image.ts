/**
 * Getting a whole image by its digest: the manifest (of an index, the one for this machine), its
 * configuration and its layers, each hashed on the way into the store. Nothing is believed of a
 * document before its bytes matched its digest.
 */
import { readFile } from 'node:fs/promises';
import { FleetError } from '@signalbeam/sync/core/errors';
import { artifactBytesMax } from '@signalbeam/sync/core/limits';
import { type BlobSource, fetchFrom, type Patience } from './fetch-blob.ts';
import {
  chooseManifest,
  type Descriptor,
  type ImageDocument,
  type Platform,
  parseImageDocument,
} from './oci.ts';
import type { BlobStore } from './store.ts';

export type FetchImage = {
  source: BlobSource;
  store: BlobStore;
  /** Of a manifest or an index. */
  digest: string;
  platform: Platform;
  signal?: AbortSignal;
  patience?: Patience;
  onProgress?: (progress: { receivedBytes: number; totalBytes: number }) => void;
};

export type FetchedImage = {
  manifestDigest: string;
  /** Every blob it needs, for the set that `sweep` keeps. */
  digests: string[];
  sizeBytes: number;
};

export const fetchImage = async (options: FetchImage): Promise<FetchedImage> => {
  const { digest, onProgress } = options;
  const documents = [digest];
  let document = await fetchDocument(options, digest, null);
  if (document.kind === 'index') {
    const chosen = chooseFor(document, options);
    documents.push(chosen.digest);
    document = await fetchDocument(options, chosen.digest, chosen.size);
  }
  if (document.kind === 'index') throw nested(digest);
  const blobs = [document.config, ...document.layers];
  const totalBytes = blobs.reduce((sum, blob) => sum + blob.size, 0);
  if (totalBytes > artifactBytesMax) throw tooLarge(digest, totalBytes);
  let receivedBytes = 0;
  for (const blob of blobs) {
    await fetchFrom({ ...common(options), digest: blob.digest, sizeBytes: blob.size });
    receivedBytes += blob.size;
    onProgress?.({ receivedBytes, totalBytes });
  }
  const digests = [...new Set([...documents, ...blobs.map((blob) => blob.digest)])];
  return { manifestDigest: documents.at(-1) ?? digest, digests, sizeBytes: totalBytes };
};

const common = ({ source, store, signal, patience }: FetchImage) => ({
  source,
  store,
  signal,
  patience,
});

const fetchDocument = async (
  options: FetchImage,
  digest: string,
  sizeBytes: number | null,
): Promise<ImageDocument> => {
  await fetchFrom({ ...common(options), digest, sizeBytes });
  return parseImageDocument(await readFile(options.store.path(digest)), digest);
};

const chooseFor = (
  index: Extract<ImageDocument, { kind: 'index' }>,
  { digest, platform }: FetchImage,
): Descriptor => {
  const chosen = chooseManifest(index, platform);
  if (chosen) return chosen;
  throw new FleetError(
    'image-platform-missing',
    `Image ${digest} has nothing for ${platform.os}/${platform.architecture}.`,
    { next: 'Build the image for this processor too and publish a new version.' },
  );
};

const nested = (digest: string): FleetError =>
  new FleetError('image-manifest-invalid', `Image ${digest} is an index within an index.`, {
    next: 'Upload the image as an OCI archive or with docker save.',
  });

const tooLarge = (digest: string, totalBytes: number): FleetError =>
  new FleetError(
    'image-too-large',
    `Image ${digest} has ${totalBytes} bytes; the limit is ${artifactBytesMax}.`,
    { next: 'Make the image smaller.' },
  );
