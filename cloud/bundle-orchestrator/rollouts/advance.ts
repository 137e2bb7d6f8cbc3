/**
 * Runs the planner's steps for one rollout: the dumb half of `(known, now) → {steps, waiting}`.
 * Called when a device reported, when a device is gone, and by a slow sweep that finds what a lost
 * event would have left behind. Running it twice changes nothing.
 */
import { writeAudit } from '@signalbeam/platform/postgres/audit';
import type { Sql } from '@signalbeam/platform/postgres/pool';
import { planRollout } from '../core/rollout-plan.ts';
import { findRollout, withRows } from '../store/rollout-views.ts';
import { lockRollout, moveRows, type RowMove, setRolloutStatus } from '../store/rollouts.ts';
import { announceRollout } from './announce.ts';

/** Which rows to look at: those of one device, or all that are not finished. */
export type AdvanceScope = { devices: readonly string[] } | 'open';

/** Returns whether anything moved. The role must see the tenant's rows. */
export const advanceRollout = async (
  sql: Sql,
  where: { tenantId: string; rolloutId: string; nowMs: number },
  scope: AdvanceScope,
): Promise<boolean> => {
  const { tenantId, rolloutId, nowMs } = where;
  if ((await lockRollout(sql, tenantId, rolloutId)) === null) return false;
  const rollout = await findRollout(sql, tenantId, rolloutId);
  if (rollout === null || rollout.status !== 'in-progress') return false;
  const [known] = await withRows(sql, tenantId, [rollout], scope);
  if (known === undefined) return false;
  const { steps } = planRollout(known, nowMs);
  if (steps.length === 0) return false;
  const moves: RowMove[] = steps.flatMap((step) => (step.kind === 'move' ? [step] : []));
  const completed = steps.find((step) => step.kind === 'complete');
  await moveRows(sql, { tenantId, rolloutId, atMs: nowMs }, moves);
  if (completed !== undefined) {
    await setRolloutStatus(sql, { tenantId, rolloutId, atMs: nowMs }, completed.status);
    await writeAudit(sql, {
      tenantId,
      actor: 'system',
      action: 'rollout.complete',
      target: `rollout:${rolloutId}`,
      before: { status: 'in-progress' },
      after: { status: completed.status },
      ip: null,
    });
  }
  const kind = completed === undefined ? 'progressed' : 'completed';
  await announceRollout(sql, where, kind, moves);
  return true;
};
