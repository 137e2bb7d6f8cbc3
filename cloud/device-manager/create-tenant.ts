/**
 * Makes a tenant: its NATS account and signing keys, and its first administrator. All of it in one
 * transaction; only then does the hub hear of the account (and again whenever it starts).
 */
import { randomUUID } from 'node:crypto';
import { recordEvent } from '@signalbeam/platform/events/outbox';
import { refusal } from '@signalbeam/platform/http/problem';
import { hashPassword } from '@signalbeam/platform/identity/passwords';
import { type Tier, tiers } from '@signalbeam/platform/identity/tiers';
import type { Kek } from '@signalbeam/platform/keys/kek';
import { createTenantKeys } from '@signalbeam/platform/keys/keyring';
import { writeAudit } from '@signalbeam/platform/postgres/audit';
import type { Sql } from '@signalbeam/platform/postgres/pool';
import { transaction } from '@signalbeam/platform/postgres/transaction';
import type { Platform } from '@signalbeam/platform/service';
import { plainText } from '@signalbeam/sync/wire/shape';
import { z } from 'zod';
import { emailAddress, newPassword } from './api/schemas.ts';
import { insertTenant } from './store/tenants.ts';
import { insertUser, type User } from './store/users.ts';

const newTenantSchema = z.strictObject({
  name: plainText(100).min(1),
  adminEmail: emailAddress,
  adminName: plainText(200).min(1).optional(),
  password: newPassword,
  /** What it may use; ../platform/identity/tiers.ts says how much. */
  tier: z.enum(tiers).default('paid'),
});
export type NewTenant = z.input<typeof newTenantSchema>;

type Made = { tenantId: string; tenantKey: string; user: User };

/** In a transaction that sees all tenants; its caller tells the hub once that is committed. */
export const makeTenant = async (
  sql: Sql,
  kek: Kek,
  given: {
    name: string;
    tier: Tier;
    adminEmail: string;
    adminName: string;
    passwordHash: string;
    by: { actor: string; ip: string | null; requestId: string | null };
  },
): Promise<Made> => {
  const { name, tier, adminEmail: email, adminName, passwordHash, by } = given;
  const tenantId = randomUUID();
  const { account } = await createTenantKeys(sql, kek, tenantId);
  const tenantKey = account.publicKey;
  if (!(await insertTenant(sql, { tenantId, name, tier, tenantKey }))) {
    throw refusal('already-exists', `There is a tenant called ${name} already.`);
  }
  const admin = { tenantId, email, name: adminName, role: 'admin', sites: null } as const;
  const user = await insertUser(sql, { ...admin, passwordHash });
  if (user === null) throw refusal('already-exists', `${email} signs in to a tenant already.`);
  await writeAudit(sql, {
    ...{ tenantId, ...by, action: 'tenant.create', target: `tenant:${tenantId}` },
    after: { name, admin: email, tier },
  });
  await recordEvent(sql, {
    ...{ tenantId, type: 'tenant.created', subject: 'signalbeam.tenants.created' },
    data: { name },
  });
  return { tenantId, tenantKey, user };
};

/** Throws `already-exists` when the name or the address is taken; nothing is left behind then. */
export const createTenant = async (
  platform: Pick<Platform, 'pools' | 'kek' | 'pushTenant'>,
  given: NewTenant,
): Promise<{ tenantId: string; userId: string; tenantKey: string }> => {
  const parsed = newTenantSchema.safeParse(given);
  if (!parsed.success) {
    throw refusal('invalid-request', 'The tenant is not as described.', {
      errors: parsed.error.issues.map(({ path, message }) => ({ path: path.join('.'), message })),
    });
  }
  const { password, adminName = parsed.data.adminEmail, ...wish } = parsed.data;
  const passwordHash = await hashPassword(password);
  const by = { actor: 'system', ip: null, requestId: null };
  const { tenantId, tenantKey, user } = await transaction(platform.pools.system, (sql) =>
    makeTenant(sql, platform.kek, { ...wish, adminName, passwordHash, by }),
  );
  await platform.pushTenant(tenantId);
  return { tenantId, userId: user.id, tenantKey };
};
