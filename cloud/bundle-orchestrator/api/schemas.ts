/**
 * The shapes of bundle-orchestrator's REST API: what it takes (unknown fields refused) and what it
 * answers. Times are ISO 8601 in UTC. Those of rollouts are in ./rollout-schemas.ts.
 */
import { z } from '@hono/zod-openapi';
import { windowsPerSlotMax } from '@signalbeam/sync/core/limits';
import { bundleVersion, containersSchema, imageReference } from '@signalbeam/sync/wire/manifest';
import { digest, plainText } from '@signalbeam/sync/wire/shape';

export const idParams = z.strictObject({ id: z.uuid() });
export const at = z.iso.datetime();

export const exampleId = '6f1c2a0e-5a0b-4a52-9d6e-0a4a2f5d7c11';
export const exampleContainers = [
  {
    name: 'web',
    image: `registry.example/web@sha256:${'a'.repeat(64)}`,
    environment: { GREETING: 'hello' },
  },
];
export const exampleAssign = { bundleId: exampleId, version: '1.0.0' };

/** Part of container names on devices, so it is as strict as they are. */
const bundleName = z
  .string()
  .regex(
    /^[a-z0-9](?:[a-z0-9-]{0,40}[a-z0-9])?$/,
    'lower-case letters, digits and inner dashes, at most 42',
  );
const longText = (lengthMax: number) =>
  z
    .string()
    .max(lengthMax)
    .regex(/^[^\0]*$/, 'must not contain NUL');

export const imageSchema = z
  .strictObject({
    reference: imageReference,
    name: z.string(),
    digest,
    sizeBytes: z.int(),
    tags: z.array(z.string()),
    platforms: z.array(z.string()),
  })
  .openapi('Image');
export const storedImageSchema = imageSchema
  .extend({ mediaType: z.string(), createdAt: at, createdBy: z.string() })
  .openapi('StoredImage');

export const newBundleSchema = z.strictObject({
  name: bundleName,
  description: longText(2_000).default(''),
});
export const changedBundleSchema = z
  .strictObject({ name: bundleName, description: longText(2_000) })
  .partial();
export const deprecatingSchema = z.strictObject({ reason: plainText(500).min(1) });
const deprecatedSchema = z
  .strictObject({ reason: z.string(), at, by: z.string() })
  .nullable()
  .openapi({ description: 'Why it should not be used any more; null while it may' });
export const bundleSchema = z
  .strictObject({
    id: z.uuid(),
    name: z.string(),
    description: z.string(),
    /** The highest by semantic order, whenever it was made. */
    latestVersion: z.string().nullable(),
    versionCount: z.int(),
    deprecated: deprecatedSchema,
    createdAt: at,
    createdBy: z.string(),
  })
  .openapi('Bundle');

const { $schema: _, ...containersAsTaken } = z.toJSONSchema(containersSchema, {
  io: 'input',
  unrepresentable: 'any',
});
/**
 * Described as what it must be and taken as anything: it is judged by its own rules, which answer
 * 422 (or a finding) with a path for each fault.
 */
export const takenContainers = z.unknown().openapi('TakenContainers', containersAsTaken as object);
/**
 * With every default written out. A copy: the schema may have been made before schemas could be
 * described, whoever was loaded first.
 */
export const releasedContainers = containersSchema.clone().openapi('Containers');

export const newVersionSchema = z.strictObject({
  version: bundleVersion,
  containers: takenContainers,
  releaseNotes: longText(20_000).default(''),
});
export const versionSchema = z
  .strictObject({
    bundleId: z.uuid(),
    version: bundleVersion,
    containers: releasedContainers,
    releaseNotes: z.string(),
    releaseDigest: digest,
    deprecated: deprecatedSchema,
    createdAt: at,
    createdBy: z.string(),
  })
  .openapi('BundleVersion');
export const versionParams = z.strictObject({ id: z.uuid(), version: bundleVersion });

export const validationSchema = z
  .strictObject({
    valid: z.boolean(),
    errors: z.array(z.strictObject({ path: z.string(), message: z.string() })),
    /** With every default written out; absent when it is not valid. */
    containers: releasedContainers.optional(),
  })
  .openapi('Validation');

const slotSchema = z.strictObject({
  bundleId: z.uuid(),
  bundleName: z.string(),
  version: z.string(),
  releaseDigest: digest,
  rolloutId: z.uuid().nullable(),
  requestedGeneration: z.int(),
  /** When it may take over on the device, in seconds since 1970; absent: at any time. */
  windows: z
    .array(z.array(z.int()).length(2).readonly())
    .max(windowsPerSlotMax)
    .readonly()
    .optional(),
});
export const allowDeprecated = z
  .boolean()
  .default(false)
  .openapi({ description: 'Deprecated versions are refused unless this says so' });
export const assignSchema = z.strictObject({
  bundleId: z.uuid(),
  version: bundleVersion,
  allowDeprecated,
});
export const assignedDeviceSchema = z
  .strictObject({
    deviceId: z.uuid(),
    name: z.string(),
    site: z.string(),
    version: z.string(),
    rolloutId: z.uuid().nullable(),
    status: z.string().openapi({ description: 'As the device reports this very wish' }),
  })
  .openapi('AssignedDevice');
export const assignedSchema = z
  .strictObject({ generation: z.int(), slots: z.array(slotSchema) })
  .openapi('Assigned');
export const desiredSchema = z
  .strictObject({
    generation: z.int(),
    slots: z.array(slotSchema),
    issuedAt: at.nullable(),
    /** The signed record, base64; absent while nothing was asked of the device. */
    envelope: z.base64().optional(),
  })
  .openapi('DesiredState');

export const pageQuery = (limitDefault: number) =>
  z.strictObject({
    cursor: z.string().max(2_000).optional(),
    limit: z.coerce.number().int().min(1).max(200).default(limitDefault),
  });
export const imageName = plainText(200);
