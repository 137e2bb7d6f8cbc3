/**
 * Suspends a tenant and lifts that again: what whoever runs the cloud does, and no request can. From
 * the next request on its people, programs and devices are refused, and its devices' credentials at the
 * hub do not count; what devices run they go on running, and what they tell they keep in their outbox.
 * Nothing is taken away: sessions, tokens, keys and rows are there when it is lifted. Suspending twice
 * changes the reason alone.
 */
import { isDeleted } from '@signalbeam/platform/erase/journal';
import { recordEvent } from '@signalbeam/platform/events/outbox';
import { refusal } from '@signalbeam/platform/http/problem';
import { writeAudit } from '@signalbeam/platform/postgres/audit';
import type { Sql } from '@signalbeam/platform/postgres/pool';
import { transaction } from '@signalbeam/platform/postgres/transaction';
import type { Platform } from '@signalbeam/platform/service';
import { plainText } from '@signalbeam/sync/wire/shape';
import {
  lockTenantNamed,
  readSuspension,
  type Suspension,
  writeSuspension,
} from './store/tenants.ts';

type Hands = Pick<Platform, 'pools' | 'pushTenant' | 'now'>;
export type Suspended = { tenantId: string; before: Suspension | null };

const reasonSchema = plainText(500).min(1);

const lock = async (sql: Sql, name: string): Promise<{ tenantId: string }> => {
  const tenant = await lockTenantNamed(sql, name);
  if (tenant !== null) return tenant;
  throw refusal('not-found', `There is no tenant called ${name}; nothing was changed.`);
};

const tell = (
  sql: Sql,
  tenantId: string,
  action: 'tenant.suspend' | 'tenant.resume',
  change: { before: Suspension | null; after: Suspension | null },
): Promise<void> => {
  const reasonOf = (one: Suspension | null) => (one === null ? null : { reason: one.reason });
  return writeAudit(sql, {
    ...{ tenantId, actor: 'system', ip: null, action, target: `tenant:${tenantId}` },
    ...{ before: { suspended: reasonOf(change.before) } },
    ...{ after: { suspended: reasonOf(change.after) } },
  });
};

/** Throws `not-found` for a name that no tenant has, `invalid-request` for no reason. */
export const suspendTenant = async (
  hands: Hands,
  given: { tenant: string; reason: string },
): Promise<Suspended> => {
  const reason = reasonSchema.safeParse(given.reason);
  if (!reason.success) {
    throw refusal('invalid-request', 'The reason is one to 500 letters; nothing was changed.');
  }
  const suspended = await transaction(hands.pools.system, async (sql) => {
    const { tenantId } = await lock(sql, given.tenant);
    const before = await readSuspension(sql, tenantId);
    if (before?.reason === reason.data) return { tenantId, before };
    const at = new Date(hands.now());
    const after = { at: before?.at ?? at, reason: reason.data };
    await writeSuspension(sql, tenantId, { suspension: after, at });
    await tell(sql, tenantId, 'tenant.suspend', { before, after });
    await recordEvent(sql, {
      ...{ tenantId, type: 'tenant.suspended', subject: 'signalbeam.tenants.suspended' },
      data: { reason: reason.data },
    });
    return { tenantId, before };
  });
  await hands.pushTenant(suspended.tenantId);
  return suspended;
};

/** Nothing to lift is no failure: `before` is null then. Throws `wrong-state` once its deletion has begun. */
export const resumeTenant = async (hands: Hands, given: { tenant: string }): Promise<Suspended> => {
  const resumed = await transaction(hands.pools.system, async (sql) => {
    const { tenantId } = await lock(sql, given.tenant);
    if (await isDeleted(sql, tenantId)) {
      const said = `Tenant ${given.tenant} is being deleted; nothing was changed.`;
      throw refusal('wrong-state', said, { next: 'Let delete-tenant end.' });
    }
    const before = await readSuspension(sql, tenantId);
    if (before === null) return { tenantId, before };
    await writeSuspension(sql, tenantId, { suspension: null, at: new Date(hands.now()) });
    await tell(sql, tenantId, 'tenant.resume', { before, after: null });
    await recordEvent(sql, {
      ...{ tenantId, type: 'tenant.resumed', subject: 'signalbeam.tenants.resumed' },
      data: { suspendedAt: before.at.toISOString() },
    });
    return { tenantId, before };
  });
  await hands.pushTenant(resumed.tenantId);
  return resumed;
};
