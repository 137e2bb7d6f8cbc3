/**
 * Images in an OCI image layout: what `podman save --format oci-archive`, `skopeo`, `buildx` and
 * `docker save` since 25 write. An index for several platforms is kept as it is; platforms that are
 * not in the archive are left out, but one must be there whole.
 */
import { z } from 'zod';
import { invalidArchive } from './archive-failure.ts';
import { type Archive, blobOf, describedBlob, readDocument } from './documents.ts';
import {
  blobsPerImageMax,
  configSchema,
  type Descriptor,
  type FoundImage,
  type ImageBlob,
  indexSchema,
  manifestSchema,
  mediaTypes,
  saveSchema,
} from './image-documents.ts';
import { checkLayers, isLayer } from './layers.ts';

const layoutSchema = z.object({ imageLayoutVersion: z.literal('1.0.0') });
/** An index in an index is allowed by the specification; deeper nesting has no use. */
const depthMax = 2;

const isIndex = (mediaType: string): boolean =>
  mediaType === mediaTypes.ociIndex || mediaType === mediaTypes.dockerIndex;
const isManifest = (mediaType: string): boolean =>
  mediaType === mediaTypes.ociManifest || mediaType === mediaTypes.dockerManifest;

type Parts = { blobs: ImageBlob[]; platforms: string[]; missing: string | null };

const asBlob = (descriptor: Descriptor): ImageBlob => ({
  digest: descriptor.digest,
  sizeBytes: descriptor.size,
  mediaType: descriptor.mediaType,
});

const checkMediaType = (descriptor: Descriptor, said: string | undefined): void => {
  if (said !== undefined && said !== descriptor.mediaType) {
    throw invalidArchive(
      `The manifest ${descriptor.digest} calls itself ${said}, its index says ${descriptor.mediaType}.`,
    );
  }
};

const platformText = (platform: {
  os?: string | undefined;
  architecture?: string | undefined;
  variant?: string | undefined;
}): string[] => {
  const { os, architecture, variant } = platform;
  // Attestations ride along in an index as a platform of their own, called unknown.
  if (os === undefined || architecture === undefined || os === 'unknown') return [];
  return [variant === undefined ? `${os}/${architecture}` : `${os}/${architecture}/${variant}`];
};

const partsOfManifest = async (archive: Archive, descriptor: Descriptor): Promise<Parts> => {
  const what = `manifest ${descriptor.digest}`;
  const manifest = await readDocument(
    archive,
    describedBlob(archive, descriptor),
    what,
    manifestSchema,
  );
  checkMediaType(descriptor, manifest.mediaType);
  const parts = [manifest.config, ...manifest.layers];
  const missing = parts.find((part) => describedBlob(archive, part) === undefined);
  if (missing !== undefined) return { blobs: [], platforms: [], missing: missing.digest };
  const config = await readDocument(
    archive,
    blobOf(archive, manifest.config.digest),
    `configuration ${manifest.config.digest}`,
    configSchema,
  );
  if (manifest.layers.every(({ mediaType }) => isLayer(mediaType))) {
    const files = manifest.layers.flatMap((part) => blobOf(archive, part.digest) ?? []);
    await checkLayers(archive.layers, files, config.rootfs?.diff_ids ?? []);
  }
  return {
    blobs: [asBlob(descriptor), ...parts.map(asBlob)],
    platforms: platformText(descriptor.platform ?? config),
    missing: null,
  };
};

const partsOfIndex = async (
  archive: Archive,
  descriptor: Descriptor,
  depth: number,
): Promise<Parts> => {
  const what = `index ${descriptor.digest}`;
  const index = await readDocument(archive, describedBlob(archive, descriptor), what, indexSchema);
  checkMediaType(descriptor, index.mediaType);
  const blobs = [asBlob(descriptor)];
  const platforms: string[] = [];
  let missing: string | null = null;
  for (const child of index.manifests) {
    const parts: Parts =
      describedBlob(archive, child) === undefined
        ? { blobs: [], platforms: [], missing: child.digest }
        : await partsOf(archive, child, depth + 1);
    missing ??= parts.missing;
    blobs.push(...parts.blobs);
    platforms.push(...parts.platforms);
  }
  return { blobs, platforms, missing: blobs.length === 1 ? missing : null };
};

const partsOf = async (archive: Archive, descriptor: Descriptor, depth: number): Promise<Parts> => {
  if (isManifest(descriptor.mediaType)) return partsOfManifest(archive, descriptor);
  if (isIndex(descriptor.mediaType) && depth < depthMax) {
    return partsOfIndex(archive, descriptor, depth);
  }
  throw invalidArchive(`It holds ${descriptor.mediaType}, which is not a container image.`);
};

const distinct = (blobs: readonly ImageBlob[]): ImageBlob[] => [
  ...new Map(blobs.map((blob) => [blob.digest, blob])).values(),
];

/** `docker save` writes the full names in its own manifest, next to the layout. */
const namesByConfig = async (archive: Archive): Promise<Map<string, string[]>> => {
  const file = archive.files.get('manifest.json');
  if (file === undefined) return new Map();
  const saved = await readDocument(archive, file, 'manifest.json', saveSchema);
  return new Map(
    saved.flatMap(({ Config, RepoTags }) => {
      const hex = /(?:^blobs\/sha256\/|^)([0-9a-f]{64})(?:\.json)?$/.exec(Config)?.[1];
      return hex === undefined ? [] : [[`sha256:${hex}`, RepoTags ?? []] as const];
    }),
  );
};

const namesOf = (
  descriptor: Descriptor,
  blobs: readonly ImageBlob[],
  saved: ReadonlyMap<string, string[]>,
): { names: string[]; bareTags: string[] } => {
  const full = descriptor.annotations?.['io.containerd.image.name'];
  // The specification has a tag here, Podman and others a whole name.
  const reference = descriptor.annotations?.['org.opencontainers.image.ref.name'];
  const texts = [full, reference].filter((text) => text !== undefined);
  return {
    names: [
      ...blobs.flatMap((blob) => saved.get(blob.digest) ?? []),
      ...texts.filter((text) => /[:/]/.test(text)),
    ],
    bareTags: texts.filter((text) => !/[:/]/.test(text)),
  };
};

export const readOciLayout = async (archive: Archive): Promise<FoundImage[]> => {
  await readDocument(archive, archive.files.get('oci-layout'), 'oci-layout', layoutSchema);
  const index = await readDocument(
    archive,
    archive.files.get('index.json'),
    'index.json',
    indexSchema,
  );
  const saved = await namesByConfig(archive);
  const images: FoundImage[] = [];
  for (const descriptor of index.manifests) {
    const parts = await partsOf(archive, descriptor, 0);
    if (parts.missing !== null) {
      throw invalidArchive(
        `The archive lacks the blob ${parts.missing}, which its manifest names.`,
      );
    }
    const blobs = distinct(parts.blobs);
    if (blobs.length > blobsPerImageMax) {
      throw invalidArchive(`An image may consist of at most ${blobsPerImageMax} blobs.`);
    }
    const { digest, mediaType } = descriptor;
    const names = namesOf(descriptor, blobs, saved);
    images.push({ digest, mediaType, ...names, platforms: parts.platforms, blobs });
  }
  return images;
};
