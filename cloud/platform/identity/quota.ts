/**
 * Holds a tenant to what its tier allows, in the transaction that makes one more. It is asked after
 * the row was written: from here to the commit nobody else of the tenant makes one, so two at the same
 * moment are counted one after the other, and the one too many is undone whole. A tier without a
 * limit costs one look at the tenant's row.
 */
import { refusal } from '../http/problem.ts';
import { onlyRow, type Sql } from '../postgres/pool.ts';
import { type QuotaName, quotaNames, type Tier, tierLimits } from './tiers.ts';

const words: Record<QuotaName, string> = {
  devices: 'devices',
  sites: 'sites',
  users: 'people who can sign in',
  registrationTokens: 'open registration tokens',
  groups: 'groups',
  bundles: 'bundles',
};

const tierOf = async (sql: Sql, tenantId: string): Promise<Tier> => {
  const found = await sql.query<{ tier: Tier }>(
    'SELECT tier FROM device_manager.public_tenants WHERE tenant_id = $1',
    [tenantId],
  );
  return onlyRow(found).tier;
};

const currentTenant = async (sql: Sql): Promise<string> =>
  onlyRow(await sql.query<{ id: string }>('SELECT platform.current_tenant() AS id')).id;

const usedOf = async (sql: Sql, what: QuotaName): Promise<number> =>
  onlyRow(await sql.query<{ used: number }>('SELECT platform.quota_used($1) AS used', [what])).used;

const hold = async (
  sql: Sql,
  what: QuotaName,
  of: { tenantId: string; used: () => Promise<number> },
): Promise<void> => {
  const tier = await tierOf(sql, of.tenantId);
  const limit = tierLimits[tier][what];
  if (limit === null) return;
  await sql.query(`SELECT pg_advisory_xact_lock(hashtextextended('quota ' || $1 || $2::text, 0))`, [
    what,
    of.tenantId,
  ]);
  if ((await of.used()) <= limit) return;
  throw refusal(
    'quota-reached',
    `The tier ${tier} allows ${limit} ${words[what]}; nothing was made.`,
    { next: 'Remove one that is not needed, or ask for another tier.' },
  );
};

/** Throws `quota-reached` when what was just written is one too many of the tenant that is set. */
export const holdQuota = async (sql: Sql, what: QuotaName): Promise<void> =>
  hold(sql, what, { tenantId: await currentTenant(sql), used: () => usedOf(sql, what) });

/** The same over a pool with the role `sb_system`, where no tenant is set. */
export const holdQuotaOf = (sql: Sql, tenantId: string, what: QuotaName): Promise<void> =>
  hold(sql, what, {
    tenantId,
    used: async () =>
      onlyRow(
        await sql.query<{ used: number }>('SELECT platform.quota_used_of($1, $2) AS used', [
          ...[what, tenantId],
        ]),
      ).used,
  });

export type QuotaView = {
  tier: Tier;
  quotas: { what: QuotaName; used: number; limit: number | null }[];
};

export const readQuotas = async (sql: Sql): Promise<QuotaView> => {
  const tier = await tierOf(sql, await currentTenant(sql));
  const quotas = [];
  for (const what of quotaNames) {
    quotas.push({ what, used: await usedOf(sql, what), limit: tierLimits[tier][what] });
  }
  return { tier, quotas };
};
