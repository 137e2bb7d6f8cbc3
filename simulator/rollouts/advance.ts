/**
 * One transaction of `rollouts/advance`: the planners' steps for one rollout, run over the tables.
 * Running it twice changes nothing.
 */
import { isPaced } from '@signalbeam/bundle-orchestrator/core/pace';
import { isAwaited, type RowStatus } from '@signalbeam/bundle-orchestrator/core/rollout';
import type { RowMove } from '@signalbeam/bundle-orchestrator/core/row-moves';
import { type Clock, planClocks } from '@signalbeam/bundle-orchestrator/core/tries';
import { type WaveStep, waveDueAt } from '@signalbeam/bundle-orchestrator/core/wave-plan';
import { type Cloud, factsOf, type Rollout, seenRow, wavesOf } from './tables.ts';

/** A rollout that nothing happened to is looked at whole so often, for what a lost event left behind. */
const lookMs = 3_600_000;

export type Advanced = { steps: readonly WaveStep[]; moves: readonly RowMove[]; goesOn: boolean };

/** Moves rows from what they were; one that became something else meanwhile stays as it is. */
export const moveRows = (
  { rows }: Rollout,
  moves: readonly { deviceId: string; to: RowStatus; retryAtMs?: number }[],
  from: readonly RowStatus[] = ['pending', 'in-progress', 'rolling-back'],
): void => {
  for (const { deviceId, to, retryAtMs } of moves) {
    const row = rows.find((each) => each.deviceId === deviceId);
    if (row === undefined || !from.includes(row.status)) continue;
    row.status = to;
    if (to !== 'in-progress') row.dueAtMs = retryAtMs ?? null;
    if (retryAtMs !== undefined) row.retryCount = (row.retryCount ?? 0) + 1;
  }
};

const setClocks = ({ rows }: Rollout, clocks: readonly Clock[]): void => {
  for (const { deviceId, dueAtMs } of clocks) {
    const row = rows.find((each) => each.deviceId === deviceId);
    if (row?.status === 'pending' || row?.status === 'in-progress') row.dueAtMs = dueAtMs;
  }
};

/** Whose time is over: late, or away meanwhile. */
export const overdueOf = (
  cloud: Cloud,
  rollout: Rollout,
): ReturnType<Cloud['decide']['planOverdue']> => {
  const { deviceTimeoutMs } = rollout.pace;
  if (deviceTimeoutMs === null || rollout.status !== 'in-progress') return { late: [], more: [] };
  const rows = rollout.rows.filter(
    ({ status, dueAtMs }) =>
      (status === 'pending' || status === 'in-progress') &&
      (dueAtMs ?? Number.POSITIVE_INFINITY) <= cloud.now(),
  );
  const seen = rows.map(({ deviceId, status, retryCount = 0 }) => {
    const isOnline = cloud.presenceOf(deviceId) === 'online';
    return { deviceId, status, retryCount, onlineSinceMs: isOnline ? 0 : null };
  });
  return cloud.decide.planOverdue(deviceTimeoutMs, seen, cloud.now());
};

/** Who had not begun again stays failed. */
export const endRetry = ({ rows }: Rollout): void => {
  for (const row of rows) row.isToRetry = false;
};

const take = (cloud: Cloud, rollout: Rollout, step: WaveStep): void => {
  switch (step.kind) {
    case 'begin':
      rollout.status = 'in-progress';
      return;
    case 'pause':
      cloud.watch.stopped(rollout, step.wave);
      rollout.status = 'paused';
      return;
    case 'roll-back':
      cloud.watch.stopped(rollout, step.wave);
      endRetry(rollout);
      Object.assign(rollout, { status: 'rolling-back', givingBack: 'failed' });
      return;
    case 'complete':
      rollout.status = step.status;
      return;
    case 'open-wave':
    case 'good-since':
    case 'pass-wave':
      takeAtWave(cloud, rollout, step);
  }
};

type AtWave = Extract<WaveStep, { kind: 'open-wave' | 'good-since' | 'pass-wave' }>;

const takeAtWave = (cloud: Cloud, rollout: Rollout, step: AtWave): void => {
  const wave = rollout.waves[step.wave];
  if (wave === undefined) throw new Error(`rollout ${rollout.id} has no wave ${step.wave}`);
  if (step.kind === 'good-since') wave.goodSinceMs = step.sinceMs;
  else if (step.kind === 'pass-wave') {
    if (wave.state === 'open') wave.state = 'passed';
  } else if (wave.state === 'waiting') {
    cloud.watch.opened(rollout, wave);
    Object.assign(wave, { state: 'open', openedAtMs: cloud.now() });
  }
};

const asksForUnreached = ({ waves }: Rollout, nowMs: number): boolean =>
  waves.some(
    ({ state, gate, openedAtMs }) =>
      state === 'open' &&
      gate.unreached.rule === 'go-on' &&
      nowMs >= (openedAtMs ?? nowMs) + gate.unreached.afterMs,
  );

const moveReported = (
  cloud: Cloud,
  rollout: Rollout,
  devices: readonly string[] | null,
): RowMove[] => {
  const rows = rollout.rows
    .filter(({ status, deviceId }) => isAwaited(status) && devices?.includes(deviceId) !== false)
    .map((row) => seenRow(cloud, rollout, row));
  const { pace } = rollout;
  const facts = factsOf(rollout);
  const moves = cloud.decide.planRows(
    facts,
    rows,
    cloud.decide.triesAgainBy(pace, facts, cloud.now()),
  );
  moveRows(rollout, moves);
  setClocks(rollout, planClocks(pace, facts, rows, cloud.now()));
  return moves;
};

/** Steps after which somebody may be to be told. */
const tells = new Set<WaveStep['kind']>(['begin', 'open-wave', 'pass-wave', 'roll-back']);

export const setTellDue = (rollout: Rollout, nowMs: number): void => {
  rollout.tellDueAtMs = Math.min(rollout.tellDueAtMs ?? nowMs, nowMs);
};

export const advance = (
  cloud: Cloud,
  rollout: Rollout,
  scope: readonly string[] | 'none',
): Advanced => {
  const nowMs = cloud.now();
  const isLook = scope === 'none' && nowMs - rollout.lookedAtMs >= lookMs;
  const looksAt = scope === 'none' ? null : scope;
  const moves = scope === 'none' && !isLook ? [] : moveReported(cloud, rollout, looksAt);
  if (scope === 'none') setClocks(rollout, overdueOf(cloud, rollout).more);
  let dueAtMs: number | null = null;
  const takeSteps = (): WaveStep[] => {
    const { requestedBy, approvalByAnother, onFailure, status } = rollout;
    const unreached = asksForUnreached(rollout, nowMs) ? 'apart' : 'among';
    const asked = { requestedBy, approvalByAnother, startAtMs: null };
    const known = { rollout: { ...asked, onFailure, status } };
    cloud.watch.looked(rollout);
    const plan = cloud.decide.planWaves(
      { ...known, waves: wavesOf(cloud, rollout, unreached) },
      nowMs,
    );
    dueAtMs = waveDueAt(plan.waiting, nowMs);
    for (const step of plan.steps) take(cloud, rollout, step);
    const goesBack = plan.steps.some(({ kind }) => kind === 'roll-back');
    return goesBack ? [...plan.steps, ...takeSteps()] : plan.steps;
  };
  const steps = takeSteps();
  const goesOn = rollout.status === 'in-progress' || rollout.status === 'rolling-back';
  if (isLook) rollout.lookedAtMs = nowMs;
  const lookAtMs = Math.max(nowMs + 1, rollout.lookedAtMs + lookMs);
  rollout.wavesDueAtMs = Math.min(dueAtMs ?? lookAtMs, lookAtMs);
  const triesAgain = moves.some(({ retryAtMs }) => retryAtMs !== undefined);
  const frees = triesAgain || (isPaced(rollout.pace) && moves.length > 0);
  if (goesOn && (frees || steps.some(({ kind }) => tells.has(kind)))) setTellDue(rollout, nowMs);
  return { steps, moves, goesOn };
};
