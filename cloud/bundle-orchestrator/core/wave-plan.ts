/**
 * What happens next to a rollout as a whole: `(known, now) → {steps, waiting}`. Waves are opened one
 * after the other; each is passed when its gate is good, has stayed good for its soak, and whoever
 * has to agree did. A wave that turns out bad stops the rollout, also after it was passed. Which
 * device is told when, is not decided here. Pure.
 */
import { approvalAsked, isApproved, type Requested } from './approval.ts';
import { openIn, type Progress, type RolloutStatus } from './rollout.ts';
import { spanOf } from './tries.ts';
import type { FailureAction, Gate } from './wave.ts';
import { asksForEvidence, type Evidence, type Lack, lackOf } from './wave-evidence.ts';
import { judgeWave, type Verdict } from './wave-gate.ts';

export type WaveState = {
  wave: number;
  name: string;
  gate: Gate;
  state: 'waiting' | 'open' | 'passed';
  openedAtMs: number | null;
  /** Since when its gate has been good without a break; null while it is not. */
  goodSinceMs: number | null;
  /** Since when its time runs, where a person let it go on after it began. */
  timedFromMs?: number | null;
  /** Who approved it. */
  approvals: readonly string[];
  /** Failures that a person let pass when the rollout went on. */
  acceptedFailed: number;
  counts: Progress;
  /** Null while nobody looked, and where its gate does not ask. */
  evidence: Evidence | null;
};

export type WavesKnown = {
  rollout: {
    status: RolloutStatus;
    startAtMs: number | null;
    onFailure: FailureAction;
  } & Requested;
  waves: readonly WaveState[];
};

export type WaveStep =
  | { kind: 'begin' }
  | { kind: 'open-wave'; wave: number }
  /** `sinceMs` null: it is no longer good, and its soak begins again. */
  | { kind: 'good-since'; wave: number; sinceMs: number | null }
  | { kind: 'pass-wave'; wave: number }
  | { kind: 'pause'; wave: number; reason: string }
  | { kind: 'roll-back'; wave: number; reason: string }
  | { kind: 'complete'; status: 'succeeded' | 'failed' | 'cancelled' | 'rolled-back' };

/** What the first wave that is not passed waits for. */
export type WaveWait =
  | { kind: 'start'; atMs: number }
  | { kind: 'devices'; wave: WaveState; verdict: Verdict }
  /** Enough confirmed; what else its gate asks for is missing. */
  | (Lack & { wave: WaveState })
  | { kind: 'soak'; wave: WaveState; endsAtMs: number }
  | { kind: 'approval'; wave: WaveState; byAnother: boolean }
  /** Every gate is passed; some devices have yet to finish. */
  | { kind: 'stragglers' }
  | { kind: 'nothing' };

export type WavesPlan = { steps: WaveStep[]; waiting: WaveWait };

/** Nobody says when a presence, a score or an alert changed: where one matters it is looked at again. */
export const lookAgainMs = 30_000;

/** When time alone changes what it waits for; null when only a report or a person does. */
export const waveDueAt = (waiting: WaveWait, nowMs: number): number | null => {
  const dueAtMs = dueAtOf(waiting, nowMs);
  const isTimed =
    waiting.kind === 'devices' || waiting.kind === 'health' || waiting.kind === 'alerts';
  const endsAtMs = isTimed ? timeEndsAt(waiting.wave, nowMs) : null;
  return endsAtMs === null ? dueAtMs : Math.min(dueAtMs ?? endsAtMs, endsAtMs);
};

/** Until when it has to be good; null: it may take any time. */
export const timeEndsAt = (
  { gate, openedAtMs, timedFromMs }: WaveState,
  nowMs: number,
): number | null =>
  gate.timeoutMs === null ? null : (timedFromMs ?? openedAtMs ?? nowMs) + gate.timeoutMs;

const dueAtOf = (waiting: WaveWait, nowMs: number): number | null => {
  switch (waiting.kind) {
    case 'start':
      return waiting.atMs;
    case 'soak': {
      const lookAtMs = nowMs + lookAgainMs;
      return asksForEvidence(waiting.wave.gate)
        ? Math.min(waiting.endsAtMs, lookAtMs)
        : waiting.endsAtMs;
    }
    case 'health':
    case 'alerts':
      return nowMs + lookAgainMs;
    case 'approval':
      return asksForEvidence(waiting.wave.gate) ? nowMs + lookAgainMs : null;
    case 'devices': {
      const { gate, openedAtMs } = waiting.wave;
      if (gate.unreached.rule === 'wait') return null;
      const leftOutMs = (openedAtMs ?? nowMs) + gate.unreached.afterMs;
      return leftOutMs > nowMs ? leftOutMs : nowMs + lookAgainMs;
    }
    default:
      return null;
  }
};

const percent = (share: number, of: number): string => `${Math.round((100 * share) / of)} %`;

const reasonOf = (wave: WaveState, verdict: Verdict): string => {
  const max = `${wave.gate.failedPercentMax} %`;
  switch (verdict.kind) {
    case 'bad':
      return `In wave ${wave.name}, ${verdict.failed} of ${verdict.finished} devices that finished failed (${percent(verdict.failed, verdict.finished)}; at most ${max} may).`;
    case 'short':
      return `Wave ${wave.name} can no longer reach its gate: ${verdict.succeeded} devices confirmed, ${verdict.needed} are needed.`;
    default:
      return '';
  }
};

const stopStep = (known: WavesKnown, wave: WaveState, verdict: Verdict): WaveStep => ({
  kind: known.rollout.onFailure,
  wave: wave.wave,
  reason: reasonOf(wave, verdict),
});

/** Its time is over, and its gate is not good. */
const lateStep = (known: WavesKnown, wave: WaveState, nowMs: number): WaveStep | null => {
  const endsAtMs = timeEndsAt(wave, nowMs);
  if (endsAtMs === null || nowMs < endsAtMs) return null;
  const { succeeded, total, cancelled, rolledBack } = wave.counts;
  const size = total - cancelled - rolledBack;
  const reason = `Wave ${wave.name} was not good within ${spanOf(wave.gate.timeoutMs ?? 0)}: ${succeeded} of ${size} devices confirmed.`;
  const kind = known.rollout.onFailure;
  return { kind, wave: wave.wave, reason };
};

const sum = (waves: readonly WaveState[], read: (counts: Progress) => number): number =>
  waves.reduce((total, { counts }) => total + read(counts), 0);

const isOpenGate = ({ gate }: WaveState): boolean => gate.succeededPercentMin === 0;

/** Failures that every gate allowed make no failed rollout; where no gate asked for anything they do. */
const resultOf = (waves: readonly WaveState[]): 'succeeded' | 'failed' | 'cancelled' => {
  const failed = sum(waves, (counts) => counts.failed);
  const succeeded = sum(waves, (counts) => counts.succeeded);
  if (failed > 0 && (succeeded === 0 || waves.every(isOpenGate))) return 'failed';
  return succeeded > 0 ? 'succeeded' : 'cancelled';
};

const judge = (wave: WaveState, nowMs: number): Verdict => {
  const { acceptedFailed, openedAtMs } = wave;
  return judgeWave(
    wave.gate,
    wave.counts,
    { openedAtMs: openedAtMs ?? nowMs, acceptedFailed },
    nowMs,
  );
};

/** A wave that was passed may still turn bad: its other devices go on finishing. */
const badAfterAll = (known: WavesKnown, nowMs: number): WaveStep | null => {
  for (const wave of known.waves) {
    if (wave.state !== 'passed') continue;
    const verdict = judge(wave, nowMs);
    if (verdict.kind === 'bad') return stopStep(known, wave, verdict);
  }
  return null;
};

/** An alert that came and went in between has its soak begin again where it ended. */
const goodSince = ({ goodSinceMs, evidence }: WaveState, nowMs: number): number => {
  const endedAtMs = Math.min(nowMs, evidence?.alertsEndedAtMs ?? 0);
  return Math.max(goodSinceMs ?? nowMs, endedAtMs);
};

/** One open wave: the steps about it, and what it waits for if it is not passed by them. */
const planOpenWave = (
  known: WavesKnown,
  wave: WaveState,
  nowMs: number,
): { steps: WaveStep[]; waiting: WaveWait | null } => {
  const verdict = judge(wave, nowMs);
  if (verdict.kind === 'bad' || verdict.kind === 'short') {
    return { steps: [stopStep(known, wave, verdict)], waiting: { kind: 'nothing' } };
  }
  const again: WaveStep[] =
    wave.goodSinceMs === null ? [] : [{ kind: 'good-since', wave: wave.wave, sinceMs: null }];
  const lack = verdict.kind === 'good' ? lackOf(wave) : null;
  if (verdict.kind !== 'good' || lack !== null) {
    const late = lateStep(known, wave, nowMs);
    if (late !== null) return { steps: [...again, late], waiting: { kind: 'nothing' } };
    const waiting: WaveWait =
      lack === null ? { kind: 'devices', wave, verdict } : { ...lack, wave };
    return { steps: again, waiting };
  }
  const sinceMs = goodSince(wave, nowMs);
  const steps: WaveStep[] =
    wave.goodSinceMs === sinceMs ? [] : [{ kind: 'good-since', wave: wave.wave, sinceMs }];
  const endsAtMs = sinceMs + wave.gate.soakMs;
  if (nowMs < endsAtMs) return { steps, waiting: { kind: 'soak', wave, endsAtMs } };
  if (!isApproved(wave.gate, wave.approvals, known.rollout)) {
    const byAnother = approvalAsked(wave.gate, known.rollout) === 'another-person';
    return { steps, waiting: { kind: 'approval', wave, byAnother } };
  }
  return { steps: [...steps, { kind: 'pass-wave', wave: wave.wave }], waiting: null };
};

const planForward = (known: WavesKnown, nowMs: number): WavesPlan => {
  const stop = badAfterAll(known, nowMs);
  if (stop !== null) return { steps: [stop], waiting: { kind: 'nothing' } };
  const steps: WaveStep[] = [];
  for (const wave of known.waves) {
    if (wave.state === 'passed') continue;
    const opened: WaveState = wave.state === 'open' ? wave : { ...wave, openedAtMs: nowMs };
    if (wave.state === 'waiting') steps.push({ kind: 'open-wave', wave: wave.wave });
    const planned = planOpenWave(known, opened, nowMs);
    steps.push(...planned.steps);
    if (planned.waiting !== null) return { steps, waiting: planned.waiting };
  }
  if (sum(known.waves, openIn) > 0) return { steps, waiting: { kind: 'stragglers' } };
  steps.push({ kind: 'complete', status: resultOf(known.waves) });
  return { steps, waiting: { kind: 'nothing' } };
};

export const planWaves = (known: WavesKnown, nowMs: number): WavesPlan => {
  const { status, startAtMs } = known.rollout;
  switch (status) {
    case 'scheduled': {
      if (startAtMs !== null && nowMs < startAtMs) {
        return { steps: [], waiting: { kind: 'start', atMs: startAtMs } };
      }
      const { steps, waiting } = planForward(known, nowMs);
      return { steps: [{ kind: 'begin' }, ...steps], waiting };
    }
    case 'in-progress':
      return planForward(known, nowMs);
    case 'rolling-back': {
      // One that confirmed and was not asked to go back yet has still to go.
      const left = sum(known.waves, (counts) => openIn(counts) + counts.succeeded);
      if (left > 0) return { steps: [], waiting: { kind: 'stragglers' } };
      return { steps: [{ kind: 'complete', status: 'rolled-back' }], waiting: { kind: 'nothing' } };
    }
    default:
      return { steps: [], waiting: { kind: 'nothing' } };
  }
};
