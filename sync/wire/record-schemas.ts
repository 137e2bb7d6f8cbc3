/**
 * What each signed record says, apart from desired states and releases (./manifest.ts, ./records.ts).
 * All name their tenant, what they are about, and a version that only grows. They are strict; what
 * a newer writer may add, and who must then refuse, is decided in ./record-envelope.ts.
 */
import { z } from 'zod';
import { revokedDevicesMax, revokedGrantsMax } from '../core/limits.ts';
import { logSessionSecondsMax, logTailMax } from '../core/log-session.ts';
import { removals, wipes } from '../core/removal.ts';
import { siteMembersMax } from '../core/roster.ts';
import { keyIdOf } from './keys.ts';
import { bundleVersion } from './manifest.ts';
import { base64, digest, plainText, siteName, timestampMs, uuid } from './shape.ts';

const version = z.int().min(1);
const at = z.iso.datetime();
export const deviceNkey = z.string().regex(/^U[A-Z2-7]{55}$/, 'must be a public user nkey');
/** 32 raw bytes. */
const rawKey = base64.length(44);

/** Its name must be the hash of the key, or one key could count twice towards a threshold. */
export const trustedKeySchema = z
  .strictObject({ keyId: z.string().regex(/^[0-9a-f]{32}$/), publicKey: rawKey })
  .refine(
    ({ keyId, publicKey }) => keyIdOf(Buffer.from(publicKey, 'base64')) === keyId,
    'the key has another name',
  );
export const differentKeys = z
  .array(trustedKeySchema)
  .min(1)
  .max(8)
  .refine((keys) => new Set(keys.map(({ keyId }) => keyId)).size === keys.length, 'a key twice');

/** Who may say whom to trust. Version N + 1 is signed by N's threshold and by its own. */
export const rootSchema = z
  .strictObject({
    tenantId: uuid,
    version,
    issuedAt: at,
    expiresAt: at,
    /** True for the root that a cloud made for itself so that one can begin without ceremony. */
    development: z.boolean(),
    threshold: z.int().min(1).max(8),
    keys: differentKeys,
  })
  .refine(({ threshold, keys }) => threshold <= keys.length, 'more signatures than keys');
export type Root = z.infer<typeof rootSchema>;

/** Devices that are no longer the tenant's, the newest first: nothing they sign counts. */
export const revocationSchema = z.strictObject({
  tenantId: uuid,
  version,
  issuedAt: at,
  devices: z
    .array(
      z.strictObject({
        deviceId: uuid,
        publicKey: deviceNkey,
        revokedAt: at,
        removal: z.enum(removals).optional(),
        /** What the device shall take away itself; schema 1 knew no such wish. */
        wipe: z.enum(wipes).optional(),
      }),
    )
    .max(revokedDevicesMax),
  /** Technicians' grants that were taken back; schema 2 knew none, and no grants either. */
  grants: z.array(uuid).max(revokedGrantsMax).optional(),
});
export type Revocation = z.infer<typeof revocationSchema>;

export const rosterSchema = z.strictObject({
  tenantId: uuid,
  site: siteName,
  version,
  issuedAt: at,
  siteKeyGeneration: version,
  members: z
    .array(z.strictObject({ deviceId: uuid, publicKey: deviceNkey, sealingKey: rawKey }))
    .max(siteMembersMax),
});

/** The site key, sealed to each member; the record's version grows also when a member joins. */
export const siteKeySchema = z.strictObject({
  tenantId: uuid,
  site: siteName,
  version,
  issuedAt: at,
  generation: version,
  /** X25519, made for this record alone. */
  ephemeralKey: rawKey,
  boxes: z.array(z.strictObject({ deviceId: uuid, box: base64.length(64) })).max(siteMembersMax),
});
export type SiteKeyRecord = z.infer<typeof siteKeySchema>;

/**
 * Which versions belong together at a site, and when that was last so: old records can't be mixed
 * with new ones, and a site that is kept from news notices.
 */
export const snapshotSchema = z.strictObject({
  tenantId: uuid,
  site: siteName,
  version,
  issuedAt: at,
  expiresAt: at,
  root: version,
  keyset: version,
  revocation: version,
  roster: version,
  siteKey: version,
});
export type Snapshot = z.infer<typeof snapshotSchema>;

/** A rollout that a site may run by itself, until its lease ends. */
export const planSchema = z.strictObject({
  tenantId: uuid,
  site: siteName,
  planId: uuid,
  version,
  issuedAt: at,
  state: z.enum(['active', 'paused', 'cancelled']),
  bundleId: uuid,
  bundleVersion,
  releaseDigest: digest,
  waves: z.array(z.array(uuid).min(1).max(siteMembersMax)).min(1).max(16),
  gate: z.strictObject({
    succeededPercentMin: z.int().min(0).max(100),
    failedMax: z.int().min(0).max(siteMembersMax),
    soakMs: z
      .int()
      .min(0)
      .max(7 * 86_400_000),
  }),
  /** Past this the site advances no further; what runs, runs. */
  leaseEndsAt: at,
});
export type Plan = z.infer<typeof planSchema>;

/** The coordinator of a term lets waves of a plan start. */
export const permitSchema = z.strictObject({
  tenantId: uuid,
  site: siteName,
  planId: uuid,
  planVersion: version,
  term: version,
  version,
  coordinator: uuid,
  issuedAt: at,
  /** Waves up to this one may start, from 0. */
  wave: z.int().min(0).max(15),
});
export type Permit = z.infer<typeof permitSchema>;

/** A device's own account of its slots, as peers need it to judge a wave. */
export const reportedSchema = z.strictObject({
  tenantId: uuid,
  site: siteName,
  deviceId: uuid,
  version,
  at: timestampMs,
  bootId: z.string().max(64),
  generation: z.int().min(0),
  slots: z
    .array(
      z.strictObject({
        bundleId: uuid,
        version: bundleVersion,
        runningVersion: bundleVersion.nullable(),
        requestedGeneration: z.int().min(0),
        status: z.string().max(32),
      }),
    )
    .max(32),
});
export type ReportedRecord = z.infer<typeof reportedSchema>;

/** Lets a named person do named things at a site. It pauses and shows; it never starts anything. */
export const grantSchema = z.strictObject({
  tenantId: uuid,
  site: siteName,
  grantId: uuid,
  version,
  issuedAt: at,
  expiresAt: at,
  holder: z.strictObject({ name: plainText(200).min(1), key: trustedKeySchema }),
  may: z
    .array(z.enum(['halt', 'console']))
    .min(1)
    .max(8),
  revoked: z.boolean(),
});
export type Grant = z.infer<typeof grantSchema>;

/** A stop that travels any path. One record per author; a higher version of the same lifts it. */
export const haltSchema = z.strictObject({
  tenantId: uuid,
  site: siteName.nullable(),
  author: z.string().regex(/^[0-9a-f]{32}$/),
  version,
  issuedAt: at,
  state: z.enum(['halted', 'lifted']),
  /** Null stops every rollout of the site (or tenant). */
  planId: uuid.nullable(),
  reason: plainText(500),
  /** The grant that allows the author, when it is not the director. */
  grantId: uuid.nullable(),
});
export type Halt = z.infer<typeof haltSchema>;

/** Asks one device one thing, once: its version is the device's high-water mark. */
export const commandSchema = z.strictObject({
  tenantId: uuid,
  deviceId: uuid,
  version,
  nonce: z.string().regex(/^[0-9a-f]{32}$/),
  issuedAt: at,
  expiresAt: at,
  request: z.discriminatedUnion('verb', [
    z.strictObject({
      verb: z.literal('logs'),
      /** By name; two bundles may each have a container of one name. */
      container: z.string().min(1).max(64),
      bundle: z.string().max(200).nullable(),
      lines: z.int().min(0).max(logTailMax),
      /** No lines older than this, by the device's own clock: it alone knows what that shows. */
      sinceSeconds: z.int().min(1).nullable(),
      follow: z.boolean(),
      /** The longest that the session may last, whatever answers it gets. */
      forSeconds: z.int().min(1).max(logSessionSecondsMax),
    }),
    z.strictObject({ verb: z.literal('diagnose') }),
  ]),
});
export type Command = z.infer<typeof commandSchema>;
