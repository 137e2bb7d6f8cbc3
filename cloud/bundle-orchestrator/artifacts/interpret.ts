/**
 * From the files of an archive to the images in it, whichever of the known forms it has.
 */
import { invalidArchive } from './archive-failure.ts';
import { readDockerSave } from './docker-save.ts';
import { type Archive, blobOf } from './documents.ts';
import type { FoundImage } from './image-documents.ts';
import { openLayers } from './layers.ts';
import { readOciLayout } from './oci-layout.ts';
import { type ArchiveLimits, archiveLimits } from './read-archive.ts';
import type { SpooledFile } from './spool.ts';

export type FoundImages = { images: FoundImage[]; blobs: ReadonlyMap<string, SpooledFile> };

const distinctImages = (images: readonly FoundImage[]): FoundImage[] => {
  const byDigest = new Map<string, FoundImage>();
  for (const image of images) {
    const before = byDigest.get(image.digest);
    byDigest.set(image.digest, {
      ...image,
      names: [...(before?.names ?? []), ...image.names],
      bareTags: [...(before?.bareTags ?? []), ...image.bareTags],
    });
  }
  return [...byDigest.values()];
};

const fromLayout = async (archive: Archive): Promise<FoundImages> => {
  const images = distinctImages(await readOciLayout(archive));
  const blobs = new Map<string, SpooledFile>();
  for (const { digest } of images.flatMap((image) => image.blobs)) {
    const file = blobOf(archive, digest);
    if (file !== undefined) blobs.set(digest, file);
  }
  return { images, blobs };
};

export const interpretArchive = async (
  { files, spool }: Pick<Archive, 'files' | 'spool'>,
  limits: ArchiveLimits = archiveLimits,
): Promise<FoundImages> => {
  const archive = { files, spool, layers: openLayers(spool, limits.layersBytesMax) };
  if (archive.files.has('index.json')) return fromLayout(archive);
  if (archive.files.has('manifest.json')) {
    const { images, blobs } = await readDockerSave(archive);
    return { images: distinctImages(images), blobs };
  }
  throw invalidArchive('The archive has neither an index.json nor a manifest.json.');
};
