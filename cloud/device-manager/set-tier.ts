/**
 * Another tier for a tenant: what whoever runs the cloud does, and no request can. It holds from the
 * next request on. Of what is counted nothing is taken away from a tenant that has more than its new
 * tier allows: it makes nothing more of that kind until it has room, and is told so. What the new tier
 * keeps for less long is removed by the next maintenance, as if the tenant had chosen so.
 */
import { recordEvent } from '@signalbeam/platform/events/outbox';
import { refusal } from '@signalbeam/platform/http/problem';
import {
  type QuotaName,
  quotaNames,
  type Tier,
  tierLimits,
} from '@signalbeam/platform/identity/tiers';
import { writeAudit } from '@signalbeam/platform/postgres/audit';
import { onlyRow } from '@signalbeam/platform/postgres/pool';
import { transaction } from '@signalbeam/platform/postgres/transaction';
import type { Platform } from '@signalbeam/platform/service';
import { lockTenantNamed, setTenantTier } from './store/tenants.ts';

export type Over = { what: QuotaName; used: number; limit: number };

/** Throws `not-found` for a name that no tenant has. */
export const setTier = (
  platform: Pick<Platform, 'pools'>,
  given: { tenant: string; tier: Tier },
): Promise<{ tenantId: string; before: Tier; over: Over[] }> =>
  transaction(platform.pools.system, async (sql) => {
    const { tier } = given;
    const tenant = await lockTenantNamed(sql, given.tenant);
    if (tenant === null) {
      throw refusal('not-found', `There is no tenant called ${given.tenant}; nothing was changed.`);
    }
    const { tenantId, tier: before } = tenant;
    const over: Over[] = [];
    for (const what of quotaNames) {
      const limit = tierLimits[tier][what];
      const found = await sql.query<{ used: number }>(
        'SELECT platform.quota_used_of($1, $2) AS used',
        [...[what, tenantId]],
      );
      const { used } = onlyRow(found);
      if (limit !== null && used > limit) over.push({ what, used, limit });
    }
    if (before === tier) return { tenantId, before, over };
    await setTenantTier(sql, tenantId, tier);
    await writeAudit(sql, {
      ...{ tenantId, actor: 'system', ip: null },
      ...{ action: 'tenant.set-tier', target: `tenant:${tenantId}` },
      ...{ before: { tier: before }, after: { tier } },
    });
    await recordEvent(sql, {
      ...{ tenantId, type: 'tenant.tier-changed', subject: 'signalbeam.tenants.tier-changed' },
      data: { before, after: tier },
    });
    return { tenantId, before, over };
  });
