/**
 * The OCI and Docker documents that lead from an image's digest to its blobs. They come from
 * outside, so sizes, counts and digests are bounded before anything is fetched; fields that we do
 * not read are left alone, since registries add their own.
 */
import { FleetError } from '@signalbeam/sync/core/errors';
import { artifactBytesMax } from '@signalbeam/sync/core/limits';
import { z } from 'zod';
import { isDigest } from './digest.ts';

export const mediaTypes = {
  ociManifest: 'application/vnd.oci.image.manifest.v1+json',
  ociIndex: 'application/vnd.oci.image.index.v1+json',
  dockerManifest: 'application/vnd.docker.distribution.manifest.v2+json',
  dockerList: 'application/vnd.docker.distribution.manifest.list.v2+json',
} as const;

/** Docker refuses images with more. */
const layersMax = 127;

const descriptor = z.object({
  mediaType: z.string(),
  digest: z.string().refine(isDigest, 'not a sha256 digest'),
  size: z.int().nonnegative().max(artifactBytesMax),
});
export type Descriptor = z.infer<typeof descriptor>;

const manifestSchema = z.object({
  schemaVersion: z.literal(2),
  mediaType: z.string().optional(),
  config: descriptor,
  layers: z.array(descriptor).max(layersMax),
});
const platformSchema = z.object({
  os: z.string(),
  architecture: z.string(),
  variant: z.string().optional(),
});
const indexSchema = z.object({
  schemaVersion: z.literal(2),
  mediaType: z.string().optional(),
  manifests: z.array(descriptor.extend({ platform: platformSchema.optional() })).max(100),
});

export type ImageDocument =
  | ({ kind: 'manifest' } & z.infer<typeof manifestSchema>)
  | ({ kind: 'index' } & z.infer<typeof indexSchema>);

export const parseImageDocument = (bytes: Uint8Array, digest: string): ImageDocument => {
  try {
    const value: unknown = JSON.parse(Buffer.from(bytes).toString('utf8'));
    if (typeof value === 'object' && value !== null && 'manifests' in value) {
      return { kind: 'index', ...indexSchema.parse(value) };
    }
    return { kind: 'manifest', ...manifestSchema.parse(value) };
  } catch (cause) {
    throw new FleetError(
      'image-manifest-invalid',
      `${digest} is no image manifest that this agent understands.`,
      {
        cause,
        next: 'Upload the image as an OCI archive or with docker save.',
      },
    );
  }
};

/** The type a registry must announce for the document: its own word, or what its form says. */
export const mediaTypeOf = (document: ImageDocument): string =>
  document.mediaType ?? (document.kind === 'index' ? mediaTypes.ociIndex : mediaTypes.ociManifest);

export type Platform = { os: string; architecture: string; variant?: string };

/** The entry for this machine; the exact variant (`v7`) wins, then one without a variant, then any. */
export const chooseManifest = (
  index: Extract<ImageDocument, { kind: 'index' }>,
  platform: Platform,
): Descriptor | null => {
  const fitting = index.manifests.filter(
    (each) =>
      each.platform?.os === platform.os && each.platform.architecture === platform.architecture,
  );
  const exact = fitting.find((each) => each.platform?.variant === platform.variant);
  return exact ?? fitting.find((each) => !each.platform?.variant) ?? fitting[0] ?? null;
};

/** Node's names of processors in OCI's words. */
export const platformOf = (nodeArchitecture: string): Platform => {
  const known: Record<string, Platform> = {
    x64: { os: 'linux', architecture: 'amd64' },
    arm64: { os: 'linux', architecture: 'arm64' },
    arm: { os: 'linux', architecture: 'arm', variant: 'v7' },
    ia32: { os: 'linux', architecture: '386' },
  };
  return known[nodeArchitecture] ?? { os: 'linux', architecture: nodeArchitecture };
};
