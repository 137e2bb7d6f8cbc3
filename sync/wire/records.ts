/**
 * The signed records that travel down: key set, desired state, release. Each has its own payload
 * type and role; a key of one role cannot sign for another.
 */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { bundlesPerDeviceMax, recordBytesMax, releaseBytesMax } from '../core/limits.ts';
import type { Desired, Release } from '../core/manifest.ts';
import { type Opened, openEnvelope, type TrustedKey } from './dsse.ts';
import { bundleVersion, releaseSchema } from './manifest.ts';
import { base64, digest, uuid } from './shape.ts';

export const payloadTypes = {
  keyset: 'application/vnd.signalbeam.keyset+json',
  desired: 'application/vnd.signalbeam.desired+json',
  release: 'application/vnd.signalbeam.release+json',
  hello: 'application/vnd.signalbeam.hello+json',
  welcome: 'application/vnd.signalbeam.welcome+json',
  acknowledgement: 'application/vnd.signalbeam.acknowledgement+json',
  frame: 'application/vnd.signalbeam.frame+zstd',
} as const;

const trustedKey = z.strictObject({
  keyId: z.string().regex(/^[0-9a-f]{32}$/),
  publicKey: base64.length(44),
});

/** Which keys may speak for which role of a tenant. Signed by its root. */
export const keysetSchema = z.strictObject({
  tenantId: uuid,
  version: z.int().min(1),
  issuedAt: z.iso.datetime(),
  roles: z.strictObject({
    release: z.array(trustedKey).min(1).max(8),
    director: z.array(trustedKey).min(1).max(8),
    ingest: z.array(trustedKey).min(1).max(8),
  }),
});

export type Keyset = z.infer<typeof keysetSchema>;

/** One slot, on the wire and in the agent's journal. */
export const desiredSlot = z.strictObject({
  bundleId: uuid,
  bundleName: z.string().max(200),
  version: bundleVersion,
  releaseDigest: digest,
  rolloutId: uuid.nullable(),
  requestedGeneration: z.int().min(1),
});

const desiredSchema = z.strictObject({
  tenantId: uuid,
  deviceId: uuid,
  generation: z.int().min(1),
  issuedAt: z.iso.datetime(),
  slots: z.array(desiredSlot).max(bundlesPerDeviceMax),
});

export const openKeyset = (
  bytes: Uint8Array | string,
  root: readonly TrustedKey[],
): Opened<Keyset> =>
  openEnvelope(bytes, {
    payloadType: payloadTypes.keyset,
    keys: root,
    schema: keysetSchema,
    bytesMax: recordBytesMax,
  });

/** Verifies only: whether it is for this device and newer than the last is the caller's rule. */
export const openDesired = (bytes: Uint8Array | string, keyset: Keyset): Opened<Desired> =>
  openEnvelope(bytes, {
    payloadType: payloadTypes.desired,
    keys: keyset.roles.director,
    schema: desiredSchema,
    bytesMax: recordBytesMax,
  });

/** The digest by which desired states name a release: over the envelope's exact bytes. */
export const releaseDigestOf = (envelopeBytes: Uint8Array): string =>
  `sha256:${createHash('sha256').update(envelopeBytes).digest('hex')}`;

export const openRelease = (bytes: Uint8Array, keyset: Keyset): Opened<Release> =>
  openEnvelope(bytes, {
    payloadType: payloadTypes.release,
    keys: keyset.roles.release,
    schema: releaseSchema,
    bytesMax: releaseBytesMax,
  });
