/** What each tenant lets its bundles ask of a device, in Postgres. Callers see their own row only. */
import type { Sql } from '@signalbeam/platform/postgres/pool';
import { type BundlePolicy, openPolicy } from '../core/policy.ts';

/** `lock`: nobody else changes it until the transaction ends. */
export const findPolicy = async (
  sql: Sql,
  tenantId: string,
  lock = false,
): Promise<BundlePolicy> => {
  if (lock) {
    await sql.query(`SELECT pg_advisory_xact_lock(hashtextextended('bundle-policy:' || $1, 0))`, [
      tenantId,
    ]);
  }
  const { rows } = await sql.query<{ policy: Partial<BundlePolicy> }>(
    'SELECT policy FROM bundle_orchestrator.bundle_policies WHERE tenant_id = $1',
    [tenantId],
  );
  return { ...openPolicy, ...rows[0]?.policy };
};

export const storePolicy = async (
  sql: Sql,
  tenantId: string,
  policy: BundlePolicy,
  changed: { at: string; by: string },
): Promise<void> => {
  await sql.query(
    `INSERT INTO bundle_orchestrator.bundle_policies (tenant_id, policy, changed_at, changed_by)
     VALUES ($1, $2, $3, $4)
     ON CONFLICT (tenant_id) DO UPDATE
       SET policy = excluded.policy, changed_at = excluded.changed_at, changed_by = excluded.changed_by`,
    [tenantId, JSON.stringify(policy), changed.at, changed.by],
  );
};
