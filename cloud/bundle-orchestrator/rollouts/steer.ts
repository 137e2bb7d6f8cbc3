/**
 * What a person can do about a rollout, and what that does to its devices:
 *
 * - pause: no wave is opened and nobody is told; devices that were told but have not begun get back
 *   what they had, those at work go on;
 * - resume: it goes on where it was, devices of open waves are told again, and the failures so far are
 *   not held against their waves;
 * - approve: this person's word for the wave that waits for one, given when it waits and not before; a
 *   program's word is that of whoever made its account;
 * - advance: the wave at work passes whatever its gate says, and a paused rollout goes on; a wave that
 *   wants another person's word is passed by another person only;
 * - cancel: unfinished devices get back what they had; one that confirmed keeps the version, a failed
 *   one what it restored by itself, and is asked for that again;
 * - roll back: those that confirmed go back, too, each to what it had before;
 * - retry: failed devices are told again, thousands of them batch by batch.
 *
 * Each is refused with a reason where it makes no sense, and asked twice does no more than once. Whoever
 * approves or advances says which wave they mean, so that the word of two people, or one given late,
 * is never taken for the wave after it.
 */
import { refusal } from '@signalbeam/platform/http/problem';
import { holdKeys } from '@signalbeam/platform/keys/hold-keys';
import type { TenantKeys } from '@signalbeam/platform/keys/keyring';
import { writeAudit } from '@signalbeam/platform/postgres/audit';
import type { Sql } from '@signalbeam/platform/postgres/pool';
import { approvalAsked, approvalEntry } from '../core/approval.ts';
import type { RowStatus } from '../core/rollout.ts';
import type { RowMove } from '../core/row-moves.ts';
import { newsOfVerb, outcomeOf, type RolloutVerb } from '../core/verbs.ts';
import { judgeWave } from '../core/wave-gate.ts';
import { planWaves } from '../core/wave-plan.ts';
import { retrying } from '../desired/change.ts';
import type { Acting, Workshop } from '../desired/workshop.ts';
import { askRetry, atWorkOnFailed, endRetry } from '../store/rollout-retry.ts';
import { personBehind } from '../store/rollout-settings.ts';
import { findRollout } from '../store/rollout-views.ts';
import {
  acceptFailures,
  approveWave,
  passWave,
  type StoredWave,
  timeAnew,
  wavesOf,
} from '../store/rollout-waves.ts';
import {
  type LockedRollout,
  lockRollout,
  setGivingBack,
  setRolloutStatus,
} from '../store/rollouts.ts';
import { advanceRollout } from './advance.ts';
import { announceRollout } from './announce.ts';
import { keepOutlook } from './pace.ts';
import { retrySome } from './retry.ts';
import { seen } from './start.ts';
import { answering, tellFreed, tellRollout, toldAtOnceMax } from './tell.ts';
import type { RolloutView } from './view.ts';

export const held = async (sql: Sql, tenantId: string, id: string): Promise<LockedRollout> => {
  const rollout = await lockRollout(sql, tenantId, id);
  if (rollout !== null) return rollout;
  if ((await findRollout(sql, tenantId, id)) === null) {
    throw refusal('not-found', 'There is no such rollout.');
  }
  throw refusal('forbidden', 'This rollout is for devices of other sites, too.', {
    next: 'Ask somebody who may change those.',
  });
};

type Hands = {
  sql: Sql;
  acting: Acting;
  rollout: LockedRollout;
  nowMs: number;
  /** The wave that is meant, from 0; null: whichever is at work. */
  meant: number | null;
} & Pick<TenantKeys, 'director' | 'kek'>;

/** What a verb did, for the audit log and the news. */
type Done = { after: unknown; moves?: readonly RowMove[] };

type Verb = { verb: RolloutVerb; run: (hands: Hands) => Promise<Done> };

export type Steer = (
  workshop: Workshop,
  acting: Acting,
  rolloutId: string,
  meant?: number | null,
) => Promise<RolloutView>;

const where = ({ acting, rollout, nowMs }: Hands) => ({
  tenantId: acting.tenantId,
  rolloutId: rollout.id,
  atMs: nowMs,
  nowMs,
});

const by = (actor: string): string => actor.replace(/^user:/, '');

const movesTo = (ids: readonly string[], to: RowStatus, reason: string | null): RowMove[] =>
  ids.map((deviceId) => ({ deviceId, to, reason, logTail: [] }));

const cancel: Verb = {
  verb: 'cancel',
  run: async (hands) => {
    const { sql, acting } = hands;
    await setRolloutStatus(sql, where(hands), 'cancelled', `Cancelled by ${by(acting.actor)}.`);
    await endRetry(sql, where(hands));
    await setGivingBack(sql, where(hands), 'unfinished');
    return { after: { status: 'cancelled' } };
  },
};

const pause: Verb = {
  verb: 'pause',
  run: async (hands) => {
    const { sql, acting } = hands;
    const reason = `${by(acting.actor)} paused it.`;
    await setRolloutStatus(sql, where(hands), 'paused', reason);
    await setGivingBack(sql, where(hands), 'not-begun');
    return { after: { status: 'paused' } };
  },
};

const wavesHeld = async (
  { sql, acting, rollout }: Hands,
  unreached: 'apart' | 'among' = 'apart',
): Promise<StoredWave[]> =>
  (await wavesOf(sql, acting.tenantId, [rollout.id], unreached)).get(rollout.id) ?? [];

const resume: Verb = {
  verb: 'resume',
  run: async (hands) => {
    const { sql, rollout } = hands;
    await acceptFailures(sql, where(hands));
    await timeAnew(sql, where(hands));
    for (const wave of await wavesHeld(hands)) {
      const at = {
        openedAtMs: wave.openedAtMs ?? hands.nowMs,
        acceptedFailed: wave.acceptedFailed,
      };
      if (wave.state !== 'open') continue;
      if (judgeWave(wave.gate, wave.counts, at, hands.nowMs).kind !== 'short') continue;
      throw refusal('wrong-state', `Wave ${wave.name} can no longer reach its gate by itself.`, {
        next: 'Retry its failed devices, or advance past it.',
      });
    }
    await setGivingBack(sql, where(hands), null);
    // One that had not begun waits for its time again.
    const isLater = rollout.startsAt !== null && rollout.startsAt.getTime() > hands.nowMs;
    const status = isLater ? 'scheduled' : 'in-progress';
    await setRolloutStatus(sql, where(hands), status);
    return { after: { status } };
  },
};

const notAtWork = (meant: StoredWave, atWork: StoredWave): string => {
  const now = `wave ${atWork.name} is at work`;
  if (meant.state !== 'passed') return `Wave ${meant.name} has not begun: ${now}.`;
  const who = meant.passedBy === null ? '' : `, by ${by(meant.passedBy)}`;
  return `Wave ${meant.name} was passed meanwhile${who}: ${now}.`;
};

const waveAtWork = async (hands: Hands): Promise<StoredWave> => {
  const { meant } = hands;
  const waves = await wavesHeld(hands, 'among');
  const wave = waves.find(({ state }) => state === 'open');
  if (wave === undefined) throw refusal('wrong-state', 'No wave is at work.');
  if (meant === null || wave.wave === meant) return wave;
  const other = waves.find((each) => each.wave === meant);
  if (other === undefined)
    throw refusal('wrong-state', `It has no wave of the number ${meant}; they count from 0.`);
  throw refusal('wrong-state', notAtWork(other, wave), {
    next: 'Nothing was done. Look at the wave that is at work now before you say anything about it.',
  });
};

/** Four eyes. Returns whose word it is. */
const refuseOwn = async (
  { sql, acting, rollout }: Hands,
  wave: StoredWave,
  verb: 'approve' | 'advance',
): Promise<string | null> => {
  const person = await personBehind(sql, acting.tenantId, acting.actor);
  if (approvalAsked(wave.gate, rollout) !== 'another-person') return person;
  const next = 'Ask somebody else to look at it.';
  if (person === null) {
    throw refusal('forbidden', 'It is not known whose word this program’s is.', { next });
  }
  if (person !== rollout.requestedBy) return person;
  const whose =
    person === acting.actor ? 'You made' : `This program acts for ${by(person)}, who made`;
  const who = wave.gate.approval === 'another-person' ? 'Its gate asks' : 'Your tenant asks';
  throw refusal(
    'forbidden',
    `${whose} this rollout. ${who} that another person ${verb === 'approve' ? 'approves' : 'advances'} it.`,
    { next },
  );
};

const approve: Verb = {
  verb: 'approve',
  run: async (hands) => {
    const { sql, acting, rollout, nowMs } = hands;
    const wave = await waveAtWork(hands);
    if (wave.gate.approval === 'none') {
      throw refusal('wrong-state', `Wave ${wave.name} needs nobody's approval.`);
    }
    const person = await refuseOwn(hands, wave, 'approve');
    const startAtMs = rollout.startsAt?.getTime() ?? null;
    const known = { rollout: { ...rollout, startAtMs }, waves: await wavesHeld(hands) };
    if (planWaves(known, nowMs).waiting.kind !== 'approval') {
      throw refusal('wrong-state', `Wave ${wave.name} does not wait for approval yet.`, {
        next: 'Approve it when its devices have confirmed and its soak is over.',
      });
    }
    const approvedBy = approvalEntry(acting.actor, person);
    await approveWave(sql, { ...where(hands), wave: wave.wave }, approvedBy);
    return { after: { wave: wave.name, approvedBy } };
  },
};

const advance: Verb = {
  verb: 'advance',
  run: async (hands) => {
    const { sql, acting } = hands;
    const wave = await waveAtWork(hands);
    await refuseOwn(hands, wave, 'advance');
    await acceptFailures(sql, where(hands));
    await setGivingBack(sql, where(hands), null);
    await setRolloutStatus(sql, where(hands), 'in-progress');
    await passWave(sql, { ...where(hands), wave: wave.wave }, hands.nowMs, acting.actor);
    return { after: { wave: wave.name, state: 'passed' } };
  },
};

const rollBack: Verb = {
  verb: 'rollback',
  run: async (hands) => {
    const { sql, acting } = hands;
    const reason = `${by(acting.actor)} rolled it back.`;
    await setRolloutStatus(sql, where(hands), 'rolling-back', reason);
    await endRetry(sql, where(hands));
    await setGivingBack(sql, where(hands), 'failed');
    return { after: { status: 'rolling-back' } };
  },
};

const refuseBusy = async ({ sql, rollout, acting: { tenantId } }: Hands): Promise<void> => {
  const { id: rolloutId, bundleId } = rollout;
  const busy = await atWorkOnFailed(sql, { tenantId, rolloutId, bundleId });
  if (busy === null) return;
  throw refusal('conflict', 'A newer rollout of this bundle is at work on one of these devices.', {
    next: `Wait for it or cancel it: rollout ${busy}.`,
  });
};

/** The first of them at once, so that a few are told by the time that it is answered. */
const retry: Verb = {
  verb: 'retry',
  run: async (hands) => {
    const { sql, nowMs } = hands;
    await refuseBusy(hands);
    const failed = await askRetry(sql, where(hands), nowMs);
    const asked = { retryAskedAt: new Date(nowMs) };
    const ids = await retrySome(sql, where(hands), asked, toldAtOnceMax);
    if (ids.length === 0) {
      throw refusal('wrong-state', 'This rollout has no failed device that could try again.', {
        next: 'Start a new rollout.',
      });
    }
    await setGivingBack(sql, where(hands), null);
    await timeAnew(sql, where(hands));
    await setRolloutStatus(sql, where(hands), 'in-progress');
    const retried = ids.length < toldAtOnceMax ? ids.length : failed;
    const moves = movesTo(ids, 'planned', null);
    return { after: { status: 'in-progress', retried }, moves };
  },
};

/** Verb, then whatever it made possible, in one transaction; telling goes on batch by batch. */
const steerBy =
  ({ verb, run }: Verb): Steer =>
  async (workshop, acting, rolloutId, meant = null) => {
    const { tenantId, actor, ip } = acting;
    const moved = await retrying(workshop.pool, acting, async (sql) => {
      const { director, kek } = await holdKeys(sql, workshop.keyring, tenantId);
      const rollout = await held(sql, tenantId, rolloutId);
      const nowMs = workshop.now();
      const outcome = outcomeOf(verb, rollout.status);
      if (outcome.kind === 'refused') {
        const { why, next } = outcome;
        throw refusal('wrong-state', why, next === undefined ? {} : { next });
      }
      const isAgain = outcome.kind === 'stays';
      const { after, moves } = isAgain
        ? { after: { status: rollout.status }, moves: [] }
        : await run({ sql, acting, rollout, nowMs, meant, director, kek });
      const action = `rollout.${verb}`;
      await writeAudit(sql, {
        ...{ tenantId, actor, ip, action, after },
        target: `rollout:${rolloutId}`,
        before: { status: rollout.status },
      });
      if (!isAgain) {
        await announceRollout(sql, { tenantId, rolloutId }, [newsOfVerb[verb]], moves ?? []);
      }
      await advanceRollout(sql, { tenantId, rolloutId, nowMs }, 'none');
      await keepOutlook(sql, { tenantId, nowMs }, await held(sql, tenantId, rolloutId));
      return moves ?? [];
    });
    workshop.onChanged();
    await tellRollout(workshop, { tenantId, rolloutId }, answering);
    await tellFreed(workshop, { tenantId, rolloutId }, moved);
    return seen(workshop, acting, rolloutId);
  };

export const cancelRollout = steerBy(cancel);
export const pauseRollout = steerBy(pause);
export const resumeRollout = steerBy(resume);
export const approveRollout = steerBy(approve);
export const advanceWave = steerBy(advance);
export const rollBackRollout = steerBy(rollBack);
export const retryRollout = steerBy(retry);
