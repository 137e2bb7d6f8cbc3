/**
 * What a person does about a rollout: the verbs of `rollouts/steer`, each one transaction. False when
 * it is refused, as the API would.
 */
import { isAwaited, isOver } from '@signalbeam/bundle-orchestrator/core/rollout';
import { judgeWave } from '@signalbeam/bundle-orchestrator/core/wave-gate';
import { planWaves } from '@signalbeam/bundle-orchestrator/core/wave-plan';
import { advance, endRetry } from './advance.ts';
import { activeOn, type Cloud, type KeptWave, type Rollout, rowsIn, wavesOf } from './tables.ts';
import { keepOutlook, retrySome } from './telling.ts';

export const verbs = [
  'pause',
  'resume',
  'approve',
  'advance',
  'cancel',
  'roll-back',
  'retry',
] as const;
export type Verb = (typeof verbs)[number];

type Act = (cloud: Cloud, rollout: Rollout, actor: string) => boolean;

const acceptFailures = (cloud: Cloud, rollout: Rollout): void => {
  for (const { wave, counts } of wavesOf(cloud, rollout, 'among')) {
    const kept = rollout.waves[wave];
    if (kept !== undefined) kept.acceptedFailed = counts.failed;
  }
};

/** A wave at work has its time anew. */
const timeAnew = (cloud: Cloud, { waves }: Rollout): void => {
  for (const wave of waves) if (wave.state === 'open') wave.timedFromMs = cloud.now();
};

const waveAtWork = ({ waves }: Rollout): KeptWave | undefined =>
  waves.find(({ state }) => state === 'open');

const acts: Record<Verb, Act> = {
  pause: (_cloud, rollout) => {
    if (rollout.status !== 'in-progress' && rollout.status !== 'scheduled') return false;
    Object.assign(rollout, { status: 'paused', givingBack: 'not-begun' });
    return true;
  },
  resume: (cloud, rollout) => {
    if (rollout.status !== 'paused') return false;
    acceptFailures(cloud, rollout);
    timeAnew(cloud, rollout);
    const isShort = wavesOf(cloud, rollout, 'apart').some(
      ({ state, gate, counts, openedAtMs, acceptedFailed }) =>
        state === 'open' &&
        judgeWave(
          gate,
          counts,
          { openedAtMs: openedAtMs ?? cloud.now(), acceptedFailed },
          cloud.now(),
        ).kind === 'short',
    );
    if (isShort) return false;
    Object.assign(rollout, { status: 'in-progress', givingBack: null });
    return true;
  },
  approve: (cloud, rollout, actor) => {
    const wave = waveAtWork(rollout);
    if (wave === undefined || wave.gate.approval === 'none') return false;
    if (!cloud.decide.mayAgree(rollout, wave.gate, actor)) return false;
    const { requestedBy, approvalByAnother, onFailure, status } = rollout;
    const asked = { requestedBy, approvalByAnother, startAtMs: null };
    const known = { rollout: { ...asked, onFailure, status } };
    const waves = wavesOf(cloud, rollout, 'apart');
    if (planWaves({ ...known, waves }, cloud.now()).waiting.kind !== 'approval') return false;
    if (!wave.approvals.includes(actor)) wave.approvals.push(actor);
    return true;
  },
  advance: (cloud, rollout, actor) => {
    const wave = waveAtWork(rollout);
    const may = rollout.status === 'in-progress' || rollout.status === 'paused';
    if (!may || wave === undefined) return false;
    if (!cloud.decide.mayAgree(rollout, wave.gate, actor)) return false;
    acceptFailures(cloud, rollout);
    Object.assign(rollout, { status: 'in-progress', givingBack: null });
    Object.assign(wave, { state: 'passed', passedBy: actor });
    return true;
  },
  cancel: (_cloud, rollout) => {
    if (isOver(rollout.status) || rollout.status === 'rolling-back') return false;
    endRetry(rollout);
    Object.assign(rollout, { status: 'cancelled', givingBack: 'unfinished' });
    return true;
  },
  'roll-back': (_cloud, rollout) => {
    if (['cancelled', 'rolled-back', 'rolling-back'].includes(rollout.status)) return false;
    endRetry(rollout);
    Object.assign(rollout, { status: 'rolling-back', givingBack: 'failed' });
    return true;
  },
  retry: (cloud, rollout) => {
    const failed = cloud.decide.retried(rollout);
    const isBack = ['cancelled', 'rolling-back', 'rolled-back'].includes(rollout.status);
    if (isBack || rowsIn(rollout, ['failed']).length === 0) return false;
    const busy = activeOn(cloud, rollout.release.bundleId);
    if (failed.some(({ deviceId }) => busy.has(deviceId))) return false;
    for (const row of failed) row.isToRetry = true;
    for (const wave of rollout.waves) wave.acceptedFailed = 0;
    timeAnew(cloud, rollout);
    retrySome(rollout);
    Object.assign(rollout, { status: 'in-progress', givingBack: null });
    return true;
  },
};

/** The verb, then whatever it made possible, in one transaction. */
export const steer = (cloud: Cloud, rollout: Rollout, verb: Verb, actor: string): boolean => {
  if (!acts[verb](cloud, rollout, actor)) return false;
  advance(cloud, rollout, 'none');
  keepOutlook(cloud, rollout);
  return true;
};

/** Nothing moves it any more: it is over, and every row is. */
export const isDone = ({ status, givingBack, rows }: Rollout): boolean =>
  isOver(status) && givingBack === null && rows.every((row) => !isAwaited(row.status));
