/**
 * Makes a tenant: its NATS account and signing keys, and its first administrator. All of it in one
 * transaction; only then does the hub hear of the account (and again whenever it starts).
 */
import { randomUUID } from 'node:crypto';
import { recordEvent } from '@signalbeam/platform/events/outbox';
import { refusal } from '@signalbeam/platform/http/problem';
import { hashPassword } from '@signalbeam/platform/identity/passwords';
import { tiers } from '@signalbeam/platform/identity/tiers';
import { createTenantKeys } from '@signalbeam/platform/keys/keyring';
import { writeAudit } from '@signalbeam/platform/postgres/audit';
import { transaction } from '@signalbeam/platform/postgres/transaction';
import type { Platform } from '@signalbeam/platform/service';
import { plainText } from '@signalbeam/sync/wire/shape';
import { z } from 'zod';
import { emailAddress, newPassword } from './api/schemas.ts';
import { insertTenant } from './store/tenants.ts';
import { insertUser } from './store/users.ts';

const newTenantSchema = z.strictObject({
  name: plainText(100).min(1),
  adminEmail: emailAddress,
  adminName: plainText(200).min(1).optional(),
  password: newPassword,
  /** What it may use; ../platform/identity/tiers.ts says how much. */
  tier: z.enum(tiers).default('paid'),
});
export type NewTenant = z.input<typeof newTenantSchema>;

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
  const { name, adminEmail: email, adminName, password, tier } = parsed.data;
  const passwordHash = await hashPassword(password);
  const tenantId = randomUUID();
  const made = await transaction(platform.pools.system, async (sql) => {
    const { account } = await createTenantKeys(sql, platform.kek, tenantId);
    if (!(await insertTenant(sql, { tenantId, name, tier, tenantKey: account.publicKey }))) {
      throw refusal('already-exists', `There is a tenant called ${name} already.`);
    }
    const admin = {
      tenantId,
      email,
      name: adminName ?? email,
      role: 'admin',
      sites: null,
      passwordHash,
    } as const;
    const user = await insertUser(sql, admin);
    if (user === null) throw refusal('already-exists', `${email} signs in to a tenant already.`);
    await writeAudit(sql, {
      tenantId,
      actor: 'system',
      action: 'tenant.create',
      target: `tenant:${tenantId}`,
      after: { name, admin: email, tier },
      ip: null,
    });
    await recordEvent(sql, {
      tenantId,
      type: 'tenant.created',
      subject: 'signalbeam.tenants.created',
      data: { name },
    });
    return { tenantId, userId: user.id, tenantKey: account.publicKey };
  });
  await platform.pushTenant(tenantId);
  return made;
};
