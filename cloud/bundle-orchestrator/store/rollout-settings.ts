/**
 * What a tenant asks of all its rollouts, and which person a program acts for, as device-manager says.
 */
import type { Sql } from '@signalbeam/platform/postgres/pool';

export type RolloutSettings = {
  /** An approval counts only from another person than whoever made the rollout. */
  approvalByAnother: boolean;
};

/** `lock`: nobody else changes them until the transaction ends. */
export const findSettings = async (
  sql: Sql,
  tenantId: string,
  lock = false,
): Promise<RolloutSettings> => {
  if (lock) {
    await sql.query(
      `SELECT pg_advisory_xact_lock(hashtextextended('rollout-settings:' || $1, 0))`,
      [tenantId],
    );
  }
  const { rows } = await sql.query<RolloutSettings>(
    `SELECT approval_by_another AS "approvalByAnother"
       FROM bundle_orchestrator.rollout_settings WHERE tenant_id = $1`,
    [tenantId],
  );
  return rows[0] ?? { approvalByAnother: false };
};

export const storeSettings = async (
  sql: Sql,
  tenantId: string,
  settings: RolloutSettings,
  changed: { atMs: number; by: string },
): Promise<void> => {
  await sql.query(
    `INSERT INTO bundle_orchestrator.rollout_settings
       (tenant_id, approval_by_another, changed_at, changed_by) VALUES ($1, $2, $3, $4)
     ON CONFLICT (tenant_id) DO UPDATE
       SET approval_by_another = excluded.approval_by_another, changed_at = excluded.changed_at,
           changed_by = excluded.changed_by`,
    [tenantId, settings.approvalByAnother, new Date(changed.atMs), changed.by],
  );
};

const program = 'service-account:';
/** A program may have made a program's account, and so on. */
const chainMax = 5;

/** Whose word an actor's is: a person's own, a program's that of who made its account; null: nobody's. */
export const personBehind = async (
  sql: Sql,
  tenantId: string,
  actor: string,
): Promise<string | null> => {
  let one = actor;
  for (let turn = 0; turn < chainMax && one.startsWith(program); turn += 1) {
    const { rows } = await sql.query<{ created_by: string }>(
      `SELECT created_by FROM device_manager.public_service_accounts
        WHERE tenant_id = $1 AND name = $2`,
      [tenantId, one.slice(program.length)],
    );
    const maker = rows[0]?.created_by;
    if (maker === undefined) return null;
    one = maker.startsWith(program) ? maker : `user:${maker}`;
  }
  return one.startsWith('user:') ? one : null;
};
