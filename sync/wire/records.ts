/**
 * The signed records and who may sign each. Every kind has a payload type and an author of its own;
 * a key of one role cannot sign for another.
 */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import {
  bundlesPerDeviceMax,
  recordBytesMax,
  releaseBytesMax,
  secretsPerBundleMax,
  siteRecordBytesMax,
  windowsPerSlotMax,
} from '../core/limits.ts';
import type { Desired, Release } from '../core/manifest.ts';
import { type RecordKind, type Role, recordKinds } from '../core/records.ts';
import { sealEnvelope, type TrustedKey } from './dsse.ts';
import type { Signer } from './keys.ts';
import { bundleVersion, releaseSchema } from './manifest.ts';
import { type OpenedRecord, openRecord, recordSchemaVersion } from './record-envelope.ts';
import {
  commandSchema,
  differentKeys,
  grantSchema,
  haltSchema,
  permitSchema,
  planSchema,
  reportedSchema,
  revocationSchema,
  rootSchema,
  rosterSchema,
  siteKeySchema,
  snapshotSchema,
  trustedKeySchema,
} from './record-schemas.ts';
import { base64, digest, uuid } from './shape.ts';

const recordType = (kind: RecordKind): string => `application/vnd.signalbeam.${kind}+json`;

export const payloadTypes = {
  ...(Object.fromEntries(recordKinds.map((kind) => [kind, recordType(kind)])) as Record<
    RecordKind,
    string
  >),
  hello: 'application/vnd.signalbeam.hello+json',
  welcome: 'application/vnd.signalbeam.welcome+json',
  acknowledgement: 'application/vnd.signalbeam.acknowledgement+json',
  frame: 'application/vnd.signalbeam.frame+zstd',
} as const;

/** One signature is enough for each role, as long as nobody says otherwise. */
export const thresholdOne = { release: 1, director: 1, ingest: 1, membership: 1 };
const threshold = z.int().min(1).max(8);

/** Which keys may speak for which role of a tenant. Signed by its root. */
export const keysetSchema = z.strictObject({
  tenantId: uuid,
  version: z.int().min(1),
  issuedAt: z.iso.datetime(),
  roles: z.strictObject({
    release: differentKeys,
    director: differentKeys,
    ingest: differentKeys,
    /** Key sets made before there was this role have none: nothing passes for it then. */
    membership: z.array(trustedKeySchema).max(8).default([]),
  }),
  /** How many keys of a role must sign. */
  thresholds: z
    .strictObject({
      release: threshold,
      director: threshold,
      ingest: threshold,
      membership: threshold,
    })
    .default(thresholdOne),
});

export type Keyset = z.infer<typeof keysetSchema>;

/** Until the year 2286, in ten digits. */
const windowSeconds = z.int().min(0).max(9_999_999_999);

const sealedSecret = z.strictObject({
  name: z.string().min(1).max(42),
  revision: z.string().regex(/^[0-9a-f-]{36}\.\d{1,10}$/),
  ephemeralKey: base64.length(44),
  box: base64.max(6_000),
});
export const sealedSecrets = z.array(sealedSecret).max(secretsPerBundleMax);

/** One slot, on the wire and in the agent's journal. */
export const desiredSlot = z.strictObject({
  bundleId: uuid,
  bundleName: z.string().max(200),
  version: bundleVersion,
  releaseDigest: digest,
  rolloutId: uuid.nullable(),
  requestedGeneration: z.int().min(1),
  windows: z
    .array(
      z
        .tuple([windowSeconds, windowSeconds])
        .refine(([opens, closes]) => opens < closes, 'closes before it opens'),
    )
    .max(windowsPerSlotMax)
    .optional(),
  secrets: sealedSecrets.optional(),
});

const desiredSchema = z.strictObject({
  tenantId: uuid,
  deviceId: uuid,
  generation: z.int().min(1),
  issuedAt: z.iso.datetime(),
  expiresAt: z.iso.datetime().optional(),
  slots: z.array(desiredSlot).max(bundlesPerDeviceMax),
});

const openAs =
  <T>(kind: RecordKind, schema: z.ZodType<T>, bytesMax: number = recordBytesMax) =>
  (bytes: Uint8Array | string, keys: readonly TrustedKey[], threshold?: number): OpenedRecord<T> =>
    openRecord(bytes, {
      payloadType: payloadTypes[kind],
      keys,
      schema,
      bytesMax,
      ...(threshold === undefined ? {} : { threshold }),
    });

/** The part of a key set that verifying needs. */
export type RoleKeys = {
  roles: Readonly<Record<Role, readonly TrustedKey[]>>;
  thresholds: Readonly<Record<Role, number>>;
};

/** Opens a record of a role by the keys that the key set gives it. */
const openByRole =
  <T>(kind: RecordKind, role: Role, schema: z.ZodType<T>, bytesMax?: number) =>
  (bytes: Uint8Array | string, keyset: RoleKeys): OpenedRecord<T> =>
    openAs(kind, schema, bytesMax)(bytes, keyset.roles[role], keyset.thresholds[role]);

/** Which readers know what a slot may say; who does not must not act on a state that says it. */
const windowsSchema = 3;
const secretsSchema = 4;

/** The way to sign a desired state: it says which readers may act on it. */
export const sealDesired = (desired: Desired, director: Signer): Uint8Array => {
  const has = (field: 'windows' | 'secrets') =>
    desired.slots.some((slot) => slot[field] !== undefined);
  const readableFrom = has('secrets') ? secretsSchema : has('windows') ? windowsSchema : null;
  const marks = readableFrom === null ? {} : { schema: recordSchemaVersion, readableFrom };
  return sealEnvelope(payloadTypes.desired, { ...desired, ...marks }, [director]);
};

/** Root keys and their threshold come from the caller: they are what everything else hangs on. */
export const openRoot = openAs('root', rootSchema);
export const openKeyset = openAs('keyset', keysetSchema);

/*
 * All of these verify only: whether a record is for this device, and newer than the last, is the
 * caller's rule (../core/trust.ts).
 */
export const openDesired: (bytes: Uint8Array | string, keyset: RoleKeys) => OpenedRecord<Desired> =
  openByRole('desired', 'director', desiredSchema);
export const openPlan = openByRole('plan', 'director', planSchema);
export const openGrant = openByRole('grant', 'director', grantSchema);
export const openCommand = openByRole('command', 'director', commandSchema);
export const openRevocation = openByRole(
  'revocation',
  'membership',
  revocationSchema,
  siteRecordBytesMax,
);
export const openRoster = openByRole('roster', 'membership', rosterSchema, siteRecordBytesMax);
export const openSiteKeyRecord = openByRole(
  'site-key',
  'membership',
  siteKeySchema,
  siteRecordBytesMax,
);
export const openSnapshot = openByRole('snapshot', 'membership', snapshotSchema);

/** By the device that it names: the caller takes the key from the roster. */
export const openPermit = openAs('permit', permitSchema);
export const openReported = openAs('reported', reportedSchema);
/** By the director, or by the holder of a grant: the caller brings that one key. */
export const openHalt = openAs('halt', haltSchema);

/** The digest by which desired states name a release: over the envelope's exact bytes. */
const digestOf = (envelopeBytes: Uint8Array): string =>
  `sha256:${createHash('sha256').update(envelopeBytes).digest('hex')}`;
export const releaseDigestOf = digestOf;
/** A restored database may sign another content under a generation that a device has: this tells them apart. */
export const desiredDigestOf = digestOf;

export const openRelease: (bytes: Uint8Array, keyset: RoleKeys) => OpenedRecord<Release> =
  openByRole('release', 'release', releaseSchema, releaseBytesMax);
