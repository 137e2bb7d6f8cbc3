/** Planted bugs of rollouts: each bends one decision of the orchestrator's core. Test use only. */
import type { PaceKnown } from '@signalbeam/bundle-orchestrator/core/pace';
import { addProgress, emptyProgress } from '@signalbeam/bundle-orchestrator/core/rollout';
import type {
  WaveState,
  WaveStep,
  WavesKnown,
} from '@signalbeam/bundle-orchestrator/core/wave-plan';
import { decisions } from '../rollouts/tables.ts';
import type { Bug } from './bug.ts';

const withWaves = (known: WavesKnown, bend: (wave: WaveState) => WaveState): WavesKnown => ({
  ...known,
  waves: known.waves.map(bend),
});

/** Who was told and says nothing counts as one that confirmed. */
const silenceConfirms = (known: WavesKnown): WavesKnown => ({
  ...known,
  waves: known.waves.map((wave) => {
    const { counts } = wave;
    const silent = counts.pending + counts.unreached;
    const succeeded = counts.succeeded + silent;
    return { ...wave, counts: { ...counts, succeeded, pending: 0, unreached: 0 } };
  }),
});

const withoutPending = (known: PaceKnown): PaceKnown => ({
  ...known,
  atWork: known.atWork.filter(({ isPending }) => !isPending),
});

export const rolloutBugs: Record<string, Bug> = {
  'silence-passes': {
    decide: { planWaves: (known, nowMs) => decisions.planWaves(silenceConfirms(known), nowMs) },
  },
  'groups-forgotten': {
    decide: {
      planTelling: (known, candidates, nowMs) => {
        const pace = { ...known.pace, redundancyTag: null };
        const alone = candidates.map((each) => ({ ...each, member: null }));
        return decisions.planTelling({ ...known, pace }, alone, nowMs);
      },
    },
  },
  'stale-report-counts': {
    decide: {
      planRows: (rollout, rows, triesAgain) =>
        decisions.planRows(
          rollout,
          rows.map((row) => {
            const { id: rolloutId, version } = rollout;
            const { requestedGeneration } = row;
            const answer = { rolloutId, version, requestedGeneration };
            return row.report === null ? row : { ...row, report: { ...row.report, ...answer } };
          }),
          triesAgain,
        ),
    },
  },
  'cancel-keeps': { decide: { withRestoredSlot: () => ({ kind: 'unchanged' }) } },
  'own-word-counts': {
    decide: {
      mayAgree: () => true,
      planWaves: (known, nowMs) => {
        const rollout = { ...known.rollout, requestedBy: 'nobody' };
        return decisions.planWaves({ ...known, rollout }, nowMs);
      },
    },
  },
  'gate-sums-waves': {
    decide: {
      planWaves: (known, nowMs) => {
        const begun = known.waves.filter(({ state }) => state !== 'waiting');
        const counts = begun.reduce((sum, wave) => addProgress(sum, wave.counts), emptyProgress);
        return decisions.planWaves(
          withWaves(known, (wave) => (wave.state === 'open' ? { ...wave, counts } : wave)),
          nowMs,
        );
      },
    },
  },
  'soak-from-opening': {
    decide: {
      planWaves: (known, nowMs) =>
        decisions.planWaves(
          withWaves(known, (wave) => ({ ...wave, goodSinceMs: wave.openedAtMs })),
          nowMs,
        ),
    },
  },
  'soak-not-begun-again': {
    decide: {
      planWaves: (known, nowMs) => {
        const plan = decisions.planWaves(known, nowMs);
        const isKept = (step: WaveStep) => step.kind !== 'good-since' || step.sinceMs !== null;
        return { ...plan, steps: plan.steps.filter(isKept) };
      },
    },
  },
  'silence-fails': {
    decide: {
      planWaves: (known, nowMs) =>
        decisions.planWaves(
          withWaves(known, (wave) => {
            const { failed, unreached } = wave.counts;
            return {
              ...wave,
              counts: { ...wave.counts, failed: failed + unreached, unreached: 0 },
            };
          }),
          nowMs,
        ),
    },
  },
  'failures-forgiven': {
    decide: {
      planWaves: (known, nowMs) =>
        decisions.planWaves(
          withWaves(known, (wave) => ({ ...wave, acceptedFailed: wave.counts.failed })),
          nowMs,
        ),
    },
  },
  'passed-not-watched': {
    decide: {
      planWaves: (known, nowMs) =>
        decisions.planWaves(
          withWaves(known, (wave) =>
            wave.state === 'passed' ? { ...wave, acceptedFailed: wave.counts.failed } : wave,
          ),
          nowMs,
        ),
    },
  },
  'others-not-counted': {
    decide: {
      planTelling: (known, candidates, nowMs) => {
        const atWork = known.atWork.filter(({ isOwn }) => isOwn);
        return decisions.planTelling({ ...known, atWork }, candidates, nowMs);
      },
    },
  },
  'told-not-counted': {
    decide: {
      // Both count by the same tally.
      freePlaces: (known, untold, nowMs) =>
        decisions.freePlaces(withoutPending(known), untold, nowMs),
      planTelling: (known, candidates, nowMs) =>
        decisions.planTelling(withoutPending(known), candidates, nowMs),
    },
  },
  'retry-tells-both': {
    decide: {
      retried: ({ rows }) =>
        rows.filter(({ status }) => status === 'failed' || status === 'succeeded'),
    },
  },
  'retried-count-as-untold': { decide: { wasNeverTold: () => true } },
  'silence-times-out': {
    decide: {
      planOverdue: (timeoutMs, rows, nowMs) => {
        const heard = rows.map((row) => ({ ...row, onlineSinceMs: 0 }));
        return decisions.planOverdue(timeoutMs, heard, nowMs);
      },
    },
  },
  'tries-without-end': {
    decide: {
      triesAgainBy: (tries, rollout, nowMs) =>
        decisions.triesAgainBy({ ...tries, retriesMax: tries.retriesMax + 3 }, rollout, nowMs),
    },
  },
  'older-goes-over': { decide: { overtakerOf: () => null } },
  'failed-waits-for-none': { decide: { mayGiveBack: () => true } },
  'joiner-skips-windows': { decide: { atJoin: (tellNow) => tellNow() } },
  'rate-lost-at-death': {
    decide: {
      atDeath: (rollout) => {
        rollout.toldLately = [];
      },
    },
  },
  'rollback-forgets-silent': {
    decide: {
      planWaves: (known, nowMs) =>
        decisions.planWaves(
          known.rollout.status === 'rolling-back'
            ? withWaves(known, (wave) => ({
                ...wave,
                counts: { ...wave.counts, rollingBack: 0, pending: 0 },
              }))
            : known,
          nowMs,
        ),
    },
  },
};
