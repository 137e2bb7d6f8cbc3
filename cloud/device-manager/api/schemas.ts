/**
 * The shapes of device-manager's REST API: what it takes (unknown fields refused) and what it
 * answers. Times are ISO 8601 in UTC.
 */
import { z } from '@hono/zod-openapi';
import { passwordLengthMax, passwordLengthMin } from '@signalbeam/platform/identity/passwords';
import { plainText, siteName } from '@signalbeam/sync/wire/shape';

export const role = z.enum(['viewer', 'operator', 'admin']);
/** Postgres compares e-mail addresses without case; here only their form is checked. */
export const emailAddress = plainText(254).pipe(z.email());
export const newPassword = z.string().min(passwordLengthMin).max(passwordLengthMax);
export const idParams = z.strictObject({ id: z.uuid() });
const at = z.iso.datetime();

export const userSchema = z
  .strictObject({
    id: z.uuid(),
    email: z.string(),
    name: z.string(),
    role,
    createdAt: at,
    disabledAt: at.nullable(),
  })
  .openapi('User');

export const meSchema = z
  .strictObject({
    id: z.uuid(),
    email: z.string(),
    name: z.string(),
    role,
    tenantId: z.uuid(),
    tenantName: z.string(),
  })
  .openapi('Me');

export const registrationTokenSchema = z
  .strictObject({
    id: z.uuid(),
    prefix: z.string(),
    description: z.string(),
    site: siteName,
    maxUses: z.int(),
    currentUses: z.int(),
    autoApprove: z.boolean(),
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
    fingerprint: z.string(),
    agentVersion: z.string(),
    platform: z.strictObject({ os: z.string(), architecture: z.string(), hostname: z.string() }),
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
  })
  .openapi('Device');

export const apiKeySchema = z
  .strictObject({
    id: z.uuid(),
    prefix: z.string(),
    createdBy: z.string(),
    createdAt: at,
    expiresAt: at,
    revokedAt: at.nullable(),
  })
  .openapi('ApiKey');

export const auditLineSchema = z
  .strictObject({
    id: z.int(),
    at,
    actor: z.string(),
    action: z.string(),
    target: z.string(),
    before: z.unknown(),
    after: z.unknown(),
    ip: z.string().nullable(),
  })
  .openapi('AuditLine');
