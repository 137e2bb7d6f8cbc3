/**
 * A rollout as the API and the events show it: its record, counts, and the planner's sentence.
 */
import type { Sql } from '@signalbeam/platform/postgres/pool';
import { countRows, type Progress } from '../core/rollout.ts';
import { planRollout } from '../core/rollout-plan.ts';
import { findRollout, type RolloutRecord, withRows } from '../store/rollout-views.ts';

export type RolloutView = RolloutRecord & { progress: Progress; waiting: string };

export const viewRollouts = async (
  sql: Sql,
  tenantId: string,
  rollouts: readonly RolloutRecord[],
  nowMs: number,
): Promise<RolloutView[]> =>
  (await withRows(sql, tenantId, rollouts, 'waiting')).map(({ rollout, rows, others }) => ({
    ...rollout,
    // Counted as stored: steps that have become possible are for the loop to run, not for a look.
    progress: countRows(rows, others),
    waiting: planRollout({ rollout, rows, others }, nowMs).waiting,
  }));

export const viewRollout = async (
  sql: Sql,
  tenantId: string,
  id: string,
  nowMs: number,
): Promise<RolloutView | null> => {
  const rollout = await findRollout(sql, tenantId, id);
  if (rollout === null) return null;
  return (await viewRollouts(sql, tenantId, [rollout], nowMs))[0] ?? null;
};
