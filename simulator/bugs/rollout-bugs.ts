/** Planted bugs of rollouts: each bends one decision of the orchestrator's core. Test use only. */
import type { WavesKnown } from '@signalbeam/bundle-orchestrator/core/wave-plan';
import { decisions } from '../rollouts/tables.ts';
import type { Bug } from './bug.ts';

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
      planRows: (rollout, rows) =>
        decisions.planRows(
          rollout,
          rows.map((row) => {
            const { id: rolloutId, version } = rollout;
            const { requestedGeneration } = row;
            const answer = { rolloutId, version, requestedGeneration };
            return row.report === null ? row : { ...row, report: { ...row.report, ...answer } };
          }),
        ),
    },
  },
  'cancel-keeps': { decide: { withRestoredSlot: () => ({ kind: 'unchanged' }) } },
};
