/** Whose time is over, and when it will be: the model of `rollouts/time-out` and `store/rollout-due`. */
import { isAwaited } from '@signalbeam/bundle-orchestrator/core/rollout';
import { retryAt } from '@signalbeam/bundle-orchestrator/core/tries';
import { moveRows, overdueOf } from './advance.ts';
import { restore, rowOf } from './restoring.ts';
import type { Cloud, Rollout } from './tables.ts';

/** Who took too long fails, and gets back what it had. */
export const timeOutSome = (cloud: Cloud, rollout: Rollout, atOnceMax: number): string[] => {
  const late = overdueOf(cloud, rollout).late.slice(0, atOnceMax);
  for (const { deviceId, retryCount } of late) {
    const row = rowOf(rollout, deviceId);
    row.givenBackGeneration = restore(cloud, rollout, row) ?? row.givenBackGeneration;
    row.tookTooLong = true;
    cloud.watch.tookTooLong(rollout, row);
    const tried = { status: rollout.status, tried: retryCount };
    const retryAtMs = retryAt(rollout.pace, tried, cloud.now());
    const move =
      retryAtMs === null ? { to: 'failed' as const } : { to: 'planned' as const, retryAtMs };
    moveRows(rollout, [{ deviceId, ...move }]);
  }
  return late.map(({ deviceId }) => deviceId);
};

/** When the time of one is over, or one tries again. */
export const nextDue = (cloud: Cloud, { rows }: Rollout): number | null => {
  const dues = rows.flatMap(({ status, dueAtMs = null }) => {
    if (dueAtMs === null) return [];
    const isNext = status === 'planned' ? dueAtMs > cloud.now() : isAwaited(status);
    return isNext ? [dueAtMs] : [];
  });
  return dues.length === 0 ? null : Math.min(...dues);
};
