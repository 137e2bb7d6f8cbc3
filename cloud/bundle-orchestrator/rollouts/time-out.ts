/**
 * Devices that were told, are heard of and took longer than their rollout gives them: they fail, and get
 * back what they had, since they may still be at it. Who was away meanwhile gets its time. What is decided
 * is ../core/tries.ts; the rollout is locked.
 */
import type { TenantKeys } from '@signalbeam/platform/keys/keyring';
import type { Sql } from '@signalbeam/platform/postgres/pool';
import { overdueReason, planOverdue, retryAt, retryWords } from '../core/tries.ts';
import { overdueOf, setClocks } from '../store/rollout-due.ts';
import { moveRows, type StoredMove } from '../store/rollout-rows.ts';
import type { LockedRollout } from '../store/rollouts.ts';
import { restoreSlots } from './restore.ts';

type At = { tenantId: string; nowMs: number; atOnceMax: number } & Pick<
  TenantKeys,
  'director' | 'kek'
>;

const awayAtOnceMax = 5_000;

/** Who was away for some of its time has it anew; nothing is signed for that, and nobody is told. */
export const giveTime = async (
  sql: Sql,
  at: { tenantId: string; nowMs: number },
  { pace: { deviceTimeoutMs }, id, status }: LockedRollout,
): Promise<void> => {
  if (deviceTimeoutMs === null || status !== 'in-progress') return;
  const where = { tenantId: at.tenantId, rolloutId: id };
  const rows = await overdueOf(sql, where, at.nowMs, awayAtOnceMax);
  await setClocks(sql, where, planOverdue(deviceTimeoutMs, rows, at.nowMs).more);
};

/** The next of those that took too long. */
export const timeOutSome = async (sql: Sql, at: At, rollout: LockedRollout): Promise<string[]> => {
  const { pace, id, status } = rollout;
  const { deviceTimeoutMs } = pace;
  if (deviceTimeoutMs === null) return [];
  const where = { tenantId: at.tenantId, rolloutId: id, atMs: at.nowMs };
  const rows = await overdueOf(sql, where, at.nowMs, at.atOnceMax);
  const { late } = planOverdue(deviceTimeoutMs, rows, at.nowMs);
  const ids = late.map(({ deviceId }) => deviceId);
  if (ids.length === 0) return [];
  const given = await restoreSlots(sql, at, rollout, ids);
  const moves = late.map((row): StoredMove => {
    const { deviceId, retryCount } = row;
    const reason = overdueReason(row, deviceTimeoutMs);
    const common = { deviceId, logTail: [], givenBack: given.get(deviceId) };
    const retryAtMs = retryAt(pace, { status, tried: retryCount }, at.nowMs);
    if (retryAtMs === null) return { ...common, to: 'failed', reason };
    const afterMs = retryAtMs - at.nowMs;
    const words = retryWords(pace, { tried: retryCount, afterMs, reason });
    return { ...common, to: 'planned', reason: words, retryAtMs };
  });
  await moveRows(sql, where, moves, ['pending', 'in-progress']);
  return ids;
};
