/**
 * The JSON documents inside image archives, as the OCI and Docker specifications have them. Their
 * extension points are open, so unknown fields are ignored; what we rely on is checked.
 */
import { digest } from '@signalbeam/sync/wire/shape';
import { z } from 'zod';

export const mediaTypes = {
  ociManifest: 'application/vnd.oci.image.manifest.v1+json',
  ociIndex: 'application/vnd.oci.image.index.v1+json',
  dockerManifest: 'application/vnd.docker.distribution.manifest.v2+json',
  dockerIndex: 'application/vnd.docker.distribution.manifest.list.v2+json',
  dockerConfig: 'application/vnd.docker.container.image.v1+json',
  dockerLayer: 'application/vnd.docker.image.rootfs.diff.tar',
} as const;

/** Registries refuse larger manifests, and engines would too. */
export const documentBytesMax = 4 * 1024 * 1024;
/** A release lists every blob of an image. */
export const blobsPerImageMax = 256;
const imagesPerArchiveMax = 32;

const platform = z.object({
  os: z.string().max(64),
  architecture: z.string().max(64),
  variant: z.string().max(64).optional(),
});

export const descriptorSchema = z.object({
  mediaType: z.string().min(1).max(200),
  digest,
  size: z.int().min(0),
  platform: platform.optional(),
  annotations: z.record(z.string(), z.string()).optional(),
});
export type Descriptor = z.infer<typeof descriptorSchema>;

const common = { schemaVersion: z.literal(2), mediaType: z.string().optional() };

/** `never`: one document that is both an index and a manifest means two things to two readers. */
export const indexSchema = z.object({
  ...common,
  manifests: z.array(descriptorSchema).min(1).max(imagesPerArchiveMax),
  layers: z.never().optional(),
  config: z.never().optional(),
});

export const manifestSchema = z.object({
  ...common,
  config: descriptorSchema,
  layers: z.array(descriptorSchema).max(blobsPerImageMax - 2),
  manifests: z.never().optional(),
});

export const configSchema = z.object({
  os: z.string().max(64).optional(),
  architecture: z.string().max(64).optional(),
  variant: z.string().max(64).optional(),
  rootfs: z.object({ diff_ids: z.array(digest).max(blobsPerImageMax) }).optional(),
});

/** `manifest.json` of `docker save`. */
export const saveSchema = z
  .array(
    z.object({
      Config: z.string().max(255),
      RepoTags: z.array(z.string().max(400)).max(64).nullish(),
      Layers: z.array(z.string().max(255)).max(blobsPerImageMax - 2),
    }),
  )
  .min(1)
  .max(imagesPerArchiveMax);

export type ImageBlob = { digest: string; sizeBytes: number; mediaType: string };

/** An image found in an archive. `blobs` begins with the manifest or index itself. */
export type FoundImage = {
  digest: string;
  mediaType: string;
  /** `name:tag` texts, as the archive has them; tags it has without a name stand apart. */
  names: string[];
  bareTags: string[];
  platforms: string[];
  blobs: ImageBlob[];
};
