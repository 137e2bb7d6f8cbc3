/**
 * Images as `docker save` wrote them before 25 and `podman save` does by default: layers beside a
 * configuration, no manifest. The manifest is made here, byte for byte the same for the same image,
 * so that uploading twice gives one digest.
 */
import { digestMismatch, invalidArchive, shown } from './archive-failure.ts';
import { type Archive, readDocument } from './documents.ts';
import { configSchema, type FoundImage, mediaTypes, saveSchema } from './image-documents.ts';
import { checkLayers } from './layers.ts';
import type { SpooledFile } from './spool.ts';

type SavedImage = { Config: string; RepoTags?: string[] | null | undefined; Layers: string[] };

const configOf = (archive: Archive, image: SavedImage): SpooledFile => {
  const file = archive.files.get(image.Config);
  if (file === undefined) {
    throw invalidArchive(`Its manifest.json names ${shown(image.Config)}, which is not there.`);
  }
  // Docker names a configuration by its digest; a damaged one must not become another image.
  if (!image.Config.includes(file.digest.slice('sha256:'.length))) {
    throw digestMismatch(`The configuration ${shown(image.Config)} has the digest ${file.digest}.`);
  }
  return file;
};

const layersOf = (
  archive: Archive,
  image: SavedImage,
  diffIds: readonly string[],
): SpooledFile[] => {
  if (diffIds.length !== image.Layers.length) {
    throw invalidArchive(
      `It has ${image.Layers.length} layers, its configuration speaks of ${diffIds.length}.`,
    );
  }
  return image.Layers.map((name, index) => {
    const file = archive.files.get(name);
    if (file === undefined) {
      throw invalidArchive(`Its manifest.json names ${shown(name)}, which is not there.`);
    }
    if (file.digest !== diffIds[index]) {
      throw digestMismatch(
        `The layer ${shown(name)} has the digest ${file.digest}, its configuration says ${diffIds[index]}.`,
      );
    }
    return file;
  });
};

const imageOf = async (
  archive: Archive,
  image: SavedImage,
  made: Map<string, SpooledFile>,
): Promise<FoundImage> => {
  const configFile = configOf(archive, image);
  const config = await readDocument(archive, configFile, 'configuration', configSchema);
  const diffIds = config.rootfs?.diff_ids ?? [];
  const layers = layersOf(archive, image, diffIds);
  await checkLayers(archive.layers, layers, diffIds);
  const part = (mediaType: string, file: SpooledFile) => ({
    mediaType,
    size: file.sizeBytes,
    digest: file.digest,
  });
  const manifest = {
    schemaVersion: 2,
    mediaType: mediaTypes.dockerManifest,
    config: part(mediaTypes.dockerConfig, configFile),
    layers: layers.map((file) => part(mediaTypes.dockerLayer, file)),
  };
  const bytes = Buffer.from(JSON.stringify(manifest));
  const file = await archive.spool.add(
    (async function* () {
      yield bytes;
    })(),
  );
  const blobs = [part(mediaTypes.dockerManifest, file), manifest.config, ...manifest.layers];
  for (const spooled of [file, configFile, ...layers]) made.set(spooled.digest, spooled);
  const { os, architecture, variant } = config;
  return {
    digest: file.digest,
    mediaType: mediaTypes.dockerManifest,
    names: image.RepoTags ?? [],
    bareTags: [],
    platforms: os === undefined ? [] : [[os, architecture, variant].filter(Boolean).join('/')],
    blobs: [...new Map(blobs.map((blob) => [blob.digest, blob])).values()].map((blob) => ({
      digest: blob.digest,
      sizeBytes: blob.size,
      mediaType: blob.mediaType,
    })),
  };
};

/** The images, and where each of their blobs lies in the spool. */
export const readDockerSave = async (
  archive: Archive,
): Promise<{ images: FoundImage[]; blobs: Map<string, SpooledFile> }> => {
  const file = archive.files.get('manifest.json');
  const saved = await readDocument(archive, file, 'manifest.json', saveSchema);
  const blobs = new Map<string, SpooledFile>();
  const images: FoundImage[] = [];
  for (const image of saved) images.push(await imageOf(archive, image, blobs));
  return { images, blobs };
};
