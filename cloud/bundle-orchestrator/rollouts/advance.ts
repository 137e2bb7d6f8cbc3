/**
 * Runs the planners' steps for one rollout: the dumb half of `(known, now) → {steps, waiting}`.
 * Called when a device reported, when a device is gone, when a person steered, and by a slow sweep
 * that finds what time or a lost event left behind. Running it twice changes nothing. It says whether
 * devices are to be told; telling them signs, and is ./tell.ts.
 */
import { writeAudit } from '@signalbeam/platform/postgres/audit';
import type { Sql } from '@signalbeam/platform/postgres/pool';
import type { RolloutStatus } from '../core/rollout.ts';
import { planRows, type RowMove } from '../core/row-moves.ts';
import { planClocks, triesAgainBy } from '../core/tries.ts';
import { hangsOnUnreached, isKept, withUnreached } from '../core/unreached.ts';
import { newsOfStep } from '../core/verbs.ts';
import { asksForEvidence } from '../core/wave-evidence.ts';
import {
  planWaves,
  type WaveStep,
  type WavesKnown,
  type WavesPlan,
  waveDueAt,
} from '../core/wave-plan.ts';
import { setClocks } from '../store/rollout-due.ts';
import { setTellDue } from '../store/rollout-pace.ts';
import { endRetry } from '../store/rollout-retry.ts';
import { moveRows } from '../store/rollout-rows.ts';
import { awaitedRows, findRollout } from '../store/rollout-views.ts';
import {
  keepUnreached,
  openWave,
  passWave,
  type StoredWave,
  setGoodSince,
  wavesOf,
} from '../store/rollout-waves.ts';
import {
  type LockedRollout,
  lockRollout,
  setGivingBack,
  setRolloutStatus,
  setWavesDue,
} from '../store/rollouts.ts';
import { lookAtEvidence } from '../store/wave-evidence.ts';
import { announceRollout } from './announce.ts';
import { isHeld } from './pace.ts';
import { giveTime } from './time-out.ts';

/** Which rows to look at: those of some devices, or none; now and then, all that wait for theirs. */
export type AdvanceScope = { devices: readonly string[] } | 'none';

/** A rollout that nothing happened to is looked at whole so often, for what a lost event left behind. */
const lookMs = 3_600_000;
const rowsAtOnce = 5_000;

export type At = { tenantId: string; rolloutId: string; nowMs: number };

type StatusChange = { action: string; before: string; status: string; reason: string | null };

const noteStatus = async (
  sql: Sql,
  at: At,
  { action, before, status, reason }: StatusChange,
): Promise<void> => {
  await writeAudit(sql, {
    tenantId: at.tenantId,
    actor: 'system',
    action,
    target: `rollout:${at.rolloutId}`,
    before: { status: before },
    after: reason === null ? { status } : { status, reason },
    ip: null,
  });
};

const take = async (sql: Sql, at: At, before: string, step: WaveStep): Promise<void> => {
  const where = { tenantId: at.tenantId, rolloutId: at.rolloutId, atMs: at.nowMs };
  switch (step.kind) {
    case 'begin':
      return setRolloutStatus(sql, where, 'in-progress');
    case 'open-wave':
      return openWave(sql, { ...at, wave: step.wave }, at.nowMs);
    case 'good-since':
      return setGoodSince(sql, { ...at, wave: step.wave }, step.sinceMs);
    case 'pass-wave':
      return passWave(sql, { ...at, wave: step.wave }, at.nowMs, null);
    case 'pause':
      await setRolloutStatus(sql, where, 'paused', step.reason);
      return noteStatus(sql, at, {
        ...{ action: 'rollout.pause', before, status: 'paused', reason: step.reason },
      });
    case 'roll-back':
      await setRolloutStatus(sql, where, 'rolling-back', step.reason);
      await endRetry(sql, where);
      await setGivingBack(sql, where, 'failed');
      return noteStatus(sql, at, {
        ...{ action: 'rollout.rollback', before, status: 'rolling-back', reason: step.reason },
      });
    case 'complete':
      await setRolloutStatus(sql, where, step.status);
      return noteStatus(sql, at, {
        ...{ action: 'rollout.complete', before, status: step.status, reason: null },
      });
  }
};

/** `isFresh`: nothing of it was counted before now. */
type Looked = { waves: StoredWave[]; isFresh: boolean };

/** With the unreached apart where a gate hangs on them: as they were counted a moment ago, or anew. */
const readWaves = async (sql: Sql, at: At, isAnew: boolean): Promise<Looked> => {
  const read = async (unreached: 'apart' | 'among') =>
    (await wavesOf(sql, at.tenantId, [at.rolloutId], unreached)).get(at.rolloutId) ?? [];
  const waves = await read('among');
  const asking = new Set(waves.filter((wave) => hangsOnUnreached(wave, at.nowMs)));
  if (asking.size === 0) return { waves, isFresh: true };
  const isSeen = ({ seenUnreached }: StoredWave) => isKept(seenUnreached, at.nowMs);
  if (!isAnew && [...asking].every(isSeen)) {
    const kept = (wave: StoredWave): StoredWave => {
      const devices = wave.seenUnreached?.devices ?? 0;
      return asking.has(wave) ? { ...wave, counts: withUnreached(wave.counts, devices) } : wave;
    };
    return { waves: waves.map(kept), isFresh: false };
  }
  const apart = await read('apart');
  const asked = new Set([...asking].map(({ wave }) => wave));
  const counted = apart.filter(({ wave }) => asked.has(wave));
  const seen = counted.map(({ wave, counts }) => ({ wave, devices: counts.unreached }));
  await keepUnreached(sql, at, seen);
  return { waves: apart, isFresh: true };
};

/** With what is seen now of the devices of those whose gates ask for it. */
const wavesAt = async (sql: Sql, at: At, isAnew: boolean): Promise<Looked> => {
  const { waves, isFresh } = await readWaves(sql, at, isAnew);
  const asked = waves.filter(({ state, gate }) => state === 'open' && asksForEvidence(gate));
  if (asked.length === 0) return { waves, isFresh };
  const evidence = await lookAtEvidence(sql, at, asked);
  const seen = (wave: StoredWave): StoredWave => ({
    ...wave,
    evidence: evidence.get(wave.wave) ?? wave.evidence,
  });
  return { waves: waves.map(seen), isFresh };
};

/** What is next for it; no step hangs on what was counted before now. */
const planAt = async (sql: Sql, at: At, rollout: WavesKnown['rollout']): Promise<WavesPlan> => {
  const { waves, isFresh } = await wavesAt(sql, at, false);
  const plan = planWaves({ rollout, waves }, at.nowMs);
  if (isFresh || plan.steps.length === 0) return plan;
  const anew = await wavesAt(sql, at, true);
  return planWaves({ rollout, waves: anew.waves }, at.nowMs);
};

const moveReported = async (
  sql: Sql,
  at: At,
  devices: readonly string[] | 'told-of',
): Promise<RowMove[]> => {
  const rollout = await findRollout(sql, at.tenantId, at.rolloutId);
  if (rollout === null) return [];
  const moved: RowMove[] = [];
  for (let after: string | null = null; ; ) {
    const rows = await awaitedRows(sql, at, devices, { after, limit: rowsAtOnce });
    const moves = planRows(rollout, rows, triesAgainBy(rollout.pace, rollout, at.nowMs));
    await moveRows(sql, { ...at, atMs: at.nowMs }, moves);
    await setClocks(sql, at, planClocks(rollout.pace, rollout, rows, at.nowMs));
    moved.push(...moves);
    if (rows.length < rowsAtOnce) return moved;
    after = rows.at(-1)?.deviceId ?? null;
  }
};

export type Advanced = {
  steps: readonly WaveStep[];
  moves: readonly RowMove[];
  /** It goes on, so devices of open waves may have to be told, or asked to go back. */
  goesOn: boolean;
  /** Nothing had happened to it for long, so all of it was looked at. */
  isLook: boolean;
};

/** Steps after which somebody may be to be told. */
const tells = new Set<WaveStep['kind']>(['begin', 'open-wave', 'pass-wave', 'roll-back']);

const nothing: Advanced = { steps: [], moves: [], goesOn: false, isLook: false };

const statusAfter = (rollout: LockedRollout, steps: readonly WaveStep[]): string => {
  const last = steps.findLast(({ kind }) => kind !== 'good-since' && kind !== 'pass-wave');
  switch (last?.kind) {
    case 'begin':
    case 'open-wave':
      return 'in-progress';
    case 'pause':
      return 'paused';
    case 'roll-back':
      return 'rolling-back';
    case 'complete':
      return last.status;
    default:
      return rollout.status;
  }
};

/** The role must see the tenant's rows. */
export const advanceRollout = async (sql: Sql, at: At, scope: AdvanceScope): Promise<Advanced> => {
  const locked = await lockRollout(sql, at.tenantId, at.rolloutId);
  if (locked === null) return nothing;
  const isLook = scope === 'none' && at.nowMs - locked.lookedAt.getTime() >= lookMs;
  const moves =
    scope === 'none' && !isLook
      ? []
      : await moveReported(sql, at, scope === 'none' ? 'told-of' : scope.devices);
  if (scope === 'none') await giveTime(sql, at, locked);
  const { requestedBy, approvalByAnother, onFailure, startsAt } = locked;
  let dueAtMs: number | null = null;
  const takeSteps = async (status: RolloutStatus): Promise<WaveStep[]> => {
    const startAtMs = startsAt?.getTime() ?? null;
    const rollout = { requestedBy, approvalByAnother, onFailure, status, startAtMs };
    const plan = await planAt(sql, at, rollout);
    const planned = plan.steps;
    dueAtMs = waveDueAt(plan.waiting, at.nowMs);
    for (const step of planned) await take(sql, at, status, step);
    // It may be back already: where the first device failed and no other was told.
    const goesBack = planned.some(({ kind }) => kind === 'roll-back');
    return goesBack ? [...planned, ...(await takeSteps('rolling-back'))] : planned;
  };
  const steps = await takeSteps(locked.status);
  const after = statusAfter(locked, steps);
  const goesOn = after === 'in-progress' || after === 'rolling-back';
  const lookedAtMs = isLook ? at.nowMs : locked.lookedAt.getTime();
  const lookAtMs = Math.max(at.nowMs + 1, lookedAtMs + lookMs);
  await setWavesDue(sql, at, { dueAtMs: Math.min(dueAtMs ?? lookAtMs, lookAtMs), lookedAtMs });
  const triesAgain = moves.some(({ retryAtMs }) => retryAtMs !== undefined);
  const frees = triesAgain || (isHeld(locked) && moves.length > 0);
  if (goesOn && (frees || steps.some(({ kind }) => tells.has(kind)))) await setTellDue(sql, at);
  if (steps.length + moves.length > 0) {
    const news = [...new Set(steps.flatMap(({ kind }) => newsOfStep[kind] ?? []))];
    await announceRollout(sql, at, news.length === 0 ? ['progressed'] : news, moves);
  }
  return { steps, moves, goesOn, isLook };
};
