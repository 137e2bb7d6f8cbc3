/**
 * All planted bugs by name: those of the device, and those of the cloud, which bend ingest's
 * transaction or its judgement. Listed in docs/simulation.md before the checks were written.
 */
import { judgeBatch } from '@signalbeam/telemetry-processor/core/batch-positions';
import type { Bug } from './bug.ts';
import { deviceBugs } from './device-bugs.ts';
import { siteBugs } from './site-bugs.ts';

const cloudBugs: Record<string, Bug> = {
  'ack-before-commit': { flaws: { ackBeforeCommit: true } },
  'no-row-lock': { flaws: { rowLocks: false } },
  'swallow-commit-error': { flaws: { swallowFailures: true } },
  'mismatch-is-known': {
    judge: (frames, watermarks) => {
      const judged = judgeBatch(frames, watermarks);
      const decisions = judged.decisions.map((decision) =>
        decision.kind === 'mismatch' ? ({ kind: 'known' } as const) : decision,
      );
      return { ...judged, decisions };
    },
  },
};

export const bugs: Readonly<Record<string, Bug>> = { ...deviceBugs, ...cloudBugs, ...siteBugs };
