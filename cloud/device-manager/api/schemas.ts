/**
 * The shapes of device-manager's REST API: what it takes (unknown fields refused) and what it
 * answers. Times are ISO 8601 in UTC.
 */
import { z } from '@hono/zod-openapi';
import { healthWords } from '@signalbeam/platform/core/health-level';
import { parseTag, printTag, type Tag, tagsPerDeviceMax } from '@signalbeam/platform/core/tag';
import { queryLengthMax } from '@signalbeam/platform/core/tag-query';
import { passwordLengthMax, passwordLengthMin } from '@signalbeam/platform/identity/passwords';
import { removals, wipes } from '@signalbeam/sync/core/removal';
import { plainText, siteName } from '@signalbeam/sync/wire/shape';

export const role = z.enum(['viewer', 'operator', 'admin']);
/** Postgres compares e-mail addresses without case; here only their form is checked. */
export const emailAddress = plainText(254).pipe(z.email());
export const newPassword = z.string().min(passwordLengthMin).max(passwordLengthMax);
/** Names of the only sites whose things somebody sees and changes; null is every site. */
export const siteScope = z.array(siteName).min(1).max(100).nullable();
export const idParams = z.strictObject({ id: z.uuid() });
const at = z.iso.datetime();

/** A tag as people write it, read into one. */
export const tagSchema = z
  .string()
  .max(200)
  .transform((text, context): Tag => {
    const parsed = parseTag(text);
    if (parsed.kind === 'tag') return parsed.tag;
    context.addIssue({ code: 'custom', message: parsed.reason });
    return z.NEVER;
  })
  .openapi({ type: 'string', example: 'environment=production' });

export const tagListSchema = z.array(tagSchema).max(tagsPerDeviceMax);
export const printTags = (tags: readonly Tag[]): string[] => tags.map(printTag);

export const metadataEntriesMax = 64;
/** Whatever people want to note of a device; found by nobody, unlike tags. */
export const metadataSchema = z
  .record(z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/), plainText(500))
  .refine(
    (metadata) => Object.keys(metadata).length <= metadataEntriesMax,
    `at most ${metadataEntriesMax} entries`,
  )
  .refine(
    (metadata) => Buffer.byteLength(JSON.stringify(metadata)) <= 4_000,
    'at most 4,000 bytes together',
  );

export const queryText = plainText(queryLengthMax).min(1);

/** How a request says which devices it means. */
export const choiceFields = {
  /** A registration status or a presence: both are what people call a device's status. */
  status: z.enum(['pending', 'approved', 'rejected', 'online', 'offline', 'never']).optional(),
  site: siteName.optional(),
  search: plainText(200).optional(),
  query: queryText.optional().openapi({ example: 'environment=production AND NOT status=offline' }),
  group: z.uuid().optional(),
  token: z.uuid().optional().openapi({ description: 'Registered by this registration token' }),
};

const version = z
  .string()
  .openapi({ description: 'In quotes as If-Match: a change of what was read here' });

export const userSchema = z
  .strictObject({
    id: z.uuid(),
    email: z.string(),
    name: z.string(),
    role,
    /** Null: every site. */
    sites: siteScope,
    createdAt: at,
    disabledAt: at.nullable(),
    lastSignInAt: at.nullable(),
    /** Whether a second factor is in force. */
    totp: z.boolean(),
    version,
  })
  .openapi('User');

export const invitationSchema = z
  .strictObject({
    id: z.uuid(),
    email: z.string(),
    role,
    sites: siteScope,
    createdBy: z.string(),
    createdAt: at,
    expiresAt: at,
  })
  .openapi('Invitation');

export const sessionSchema = z
  .strictObject({
    id: z.uuid(),
    createdAt: at,
    /** When it was last renewed, and from where. */
    renewedAt: at,
    expiresAt: at,
    ip: z.string().nullable(),
    userAgent: z.string().nullable(),
    /** The one that asks. */
    current: z.boolean(),
  })
  .openapi('Session');

export const serviceTokenSchema = z
  .strictObject({
    id: z.uuid(),
    prefix: z.string(),
    role,
    createdBy: z.string(),
    createdAt: at,
    expiresAt: at,
    /** To the hour. */
    lastUsedAt: at.nullable(),
  })
  .openapi('ServiceToken');

export const serviceAccountSchema = z
  .strictObject({
    id: z.uuid(),
    name: z.string(),
    role,
    sites: siteScope,
    createdBy: z.string(),
    createdAt: at,
    tokens: z.array(serviceTokenSchema),
  })
  .openapi('ServiceAccount');

export const meSchema = z
  .strictObject({
    id: z.uuid(),
    email: z.string(),
    name: z.string(),
    role,
    sites: siteScope,
    tenantId: z.uuid(),
    tenantName: z.string(),
    /** Whether a second factor is in force. */
    totp: z.boolean(),
  })
  .openapi('Me');

export const signedSchema = z.strictObject({
  token: z.string(),
  expiresAt: at,
  /** Renews the sign-in once; null where the one given before still does, and for browsers. */
  refreshToken: z.string().nullable(),
  refreshExpiresAt: at.nullable(),
  user: meSchema,
});

export const registrationTokenSchema = z
  .strictObject({
    id: z.uuid(),
    prefix: z.string(),
    description: z.string(),
    site: siteName,
    maxUses: z.int(),
    currentUses: z.int(),
    autoApprove: z.boolean(),
    /** The group that its devices join. */
    group: z.uuid().nullable(),
    tags: z.array(z.string()),
    createdBy: z.string(),
    createdAt: at,
    expiresAt: at,
    revokedAt: at.nullable(),
    /** Whether it still admits devices, and if not why. */
    state: z.enum(['open', 'revoked', 'expired', 'used-up']),
  })
  .openapi('RegistrationToken');

export const deviceSchema = z
  .strictObject({
    id: z.uuid(),
    name: z.string(),
    site: siteName,
    registrationStatus: z.enum(['pending', 'approved', 'rejected']),
    /** Why it was rejected. */
    statusReason: z.string().nullable(),
    presence: z.enum(['online', 'offline', 'never']),
    lastSeenAt: at.nullable(),
    /** When its newest report came, which `reported` shows; null before the first. */
    reportedAt: at.nullable(),
    health: z.strictObject({
      score: z.int().min(0).max(100).nullable(),
      level: z.enum(healthWords),
      /** What costs it most, of its parts; null when nothing does, or nothing is known. */
      worst: z
        .strictObject({
          part: z.string(),
          says: z.string(),
          /** False: nothing has come that this part could be judged by. */
          isKnown: z.boolean(),
        })
        .nullable(),
    }),
    fingerprint: z.string(),
    agentVersion: z.string(),
    platform: z.strictObject({ os: z.string(), architecture: z.string(), hostname: z.string() }),
    tags: z.array(z.string()),
    metadata: z.record(z.string(), z.string()),
    createdAt: at,
    approvedAt: at.nullable(),
    /** Of its desired state; null while it has none. */
    generation: z.int().nullable(),
    bundles: z.array(
      z.strictObject({
        bundleId: z.uuid(),
        name: z.string(),
        version: z.string(),
        status: z.string(),
      }),
    ),
    /** The device whose place it took; that one's history is read under its own id. */
    replaces: z.uuid().nullable(),
    /** How it was removed; null while it is not. */
    removal: z
      .strictObject({
        removal: z.enum(removals),
        at,
        /** What it shall wipe once it hears of it, and when it said that it has. */
        wipe: z.enum(wipes).nullable(),
        wipedAt: at.nullable(),
        replacedBy: z.uuid().nullable(),
      })
      .nullable(),
  })
  .openapi('Device');

export const groupSchema = z
  .strictObject({
    id: z.uuid(),
    name: z.string(),
    description: z.string(),
    kind: z.enum(['static', 'dynamic']),
    query: z.string().nullable(),
    /** How many devices are in it; null where nobody counted. */
    members: z.int().nullable(),
    createdBy: z.string(),
    createdAt: at,
  })
  .openapi('Group');

export const siteWindowSchema = z
  .strictObject({
    /** When it opens: minute, hour, day, month, day of the week. */
    cron: plainText(100),
    timeZone: plainText(64).default('UTC'),
    /** For how long. */
    minutes: z
      .int()
      .min(1)
      .max(7 * 24 * 60),
  })
  .openapi('SiteWindow');
export const siteSchema = z
  .strictObject({
    /** In subjects and signed records, so it stays. */
    name: siteName,
    /** What people call it; empty while nobody said. */
    title: z.string(),
    devices: z.int(),
    pending: z.int(),
    createdAt: at,
    version,
    windows: z.array(siteWindowSchema),
  })
  .openapi('Site');

const siteGrantFields = {
  id: z.uuid(),
  site: siteName,
  /** To whom it was given. */
  holder: z.string(),
  createdBy: z.string(),
  createdAt: at,
  expiresAt: at,
  revokedAt: at.nullable(),
  state: z.enum(['live', 'expired', 'revoked']),
};
export const siteGrantSchema = z.strictObject(siteGrantFields).openapi('SiteGrant');
export const issuedGrantSchema = z
  .strictObject({
    ...siteGrantFields,
    token: z.string().openapi({ description: 'What the technician shows a device; not kept' }),
  })
  .openapi('IssuedSiteGrant');

export const activitySchema = z
  .strictObject({
    id: z.int(),
    at,
    /** Who: `user:<address>`, `registration-token:<prefix>`, `device:<id>`, `system`. */
    actor: z.string(),
    /** What: `device.approve`, `device.tag`, `bundle.assign` … */
    action: z.string(),
    before: z.unknown(),
    after: z.unknown(),
  })
  .openapi('Activity');

export const apiKeySchema = z
  .strictObject({
    id: z.uuid(),
    prefix: z.string(),
    createdBy: z.string(),
    createdAt: at,
    expiresAt: at,
    revokedAt: at.nullable(),
    /** To within some seconds; null while it never was. */
    lastUsedAt: at.nullable(),
  })
  .openapi('ApiKey');

export const certificateSchema = z
  .strictObject({
    /** Names it: in hexadecimal, as tools print it. */
    serial: z.string(),
    /** SHA-256 of the whole certificate. */
    fingerprint: z.string(),
    issuedAt: at,
    expiresAt: at,
    revokedAt: at.nullable(),
    revocation: z.enum(['superseded', 'key-compromise', 'cessation']).nullable(),
  })
  .openapi('Certificate');

export const authenticationSchema = z
  .strictObject({
    hour: at,
    method: z.string().openapi({ description: '`signature`, `api-key` or `certificate`' }),
    outcome: z.string().openapi({
      description: '`accepted`, `invalid`, `expired`, `revoked`, `rejected` or `removed`',
    }),
    attempts: z.int(),
    firstAt: at,
    lastAt: at,
    /** Of the last attempt. */
    ip: z.string().nullable(),
    userAgent: z.string().nullable(),
  })
  .openapi('Authentication');

export const auditLineSchema = z
  .strictObject({
    id: z.int(),
    at,
    actor: z.string(),
    action: z.string(),
    target: z.string(),
    /** What a device, group, user, service account, bundle or rollout is called now; null of others and of what is gone. */
    targetName: z.string().nullable(),
    before: z.unknown(),
    after: z.unknown(),
    ip: z.string().nullable(),
    /** Of the request that did it; in the logs and in its answer as x-request-id. */
    requestId: z.string().nullable(),
  })
  .openapi('AuditLine');
