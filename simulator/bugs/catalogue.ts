/**
 * All planted bugs by name: those of the device, of rollouts, and those of ingest, which bend its
 * transaction or its judgement. Listed in docs/simulation.md before the checks were written.
 */
import {
  type BatchPositions,
  judgeBatch,
} from '@signalbeam/telemetry-processor/core/batch-positions';
import type { Decision, Extent, Position } from '@signalbeam/telemetry-processor/core/position';
import type { Bug } from './bug.ts';
import { deviceBugs } from './device-bugs.ts';
import { rolloutBugs } from './rollout-bugs.ts';
import { siteBugs } from './site-bugs.ts';

/** Rows that are there already are skipped whatever they say, and the frame's end is where the lane stands. */
const believing = <P extends Position>(
  frames: readonly { key: string; extent: Extent }[],
  watermarks: ReadonlyMap<string, P>,
): BatchPositions<P> => {
  const stands = new Map(watermarks);
  const total: BatchPositions<P> = { decisions: [], before: [], after: new Map() };
  for (const frame of frames) {
    const judged = judgeBatch([frame], stands);
    const before = judged.before[0] as P;
    let decision = judged.decisions[0] as Decision;
    let position = judged.after.get(frame.key) as P & { moved: boolean };
    if (decision.kind === 'mismatch') {
      const { lastSeq, ends, hashes } = frame.extent;
      const end = { upTo: lastSeq, hash: hashes.at(-1) ?? before.hash };
      const fromLine = ends.filter((each) => each <= before.upTo).length;
      decision = { kind: 'new', fromLine, fromSeq: before.upTo + 1, position: end };
      position = { ...position, ...end, moved: true };
    }
    stands.set(frame.key, position);
    total.decisions.push(decision);
    total.before.push(before);
    total.after.set(frame.key, position);
  }
  return total;
};

const cloudBugs: Record<string, Bug> = {
  'ack-before-commit': { flaws: { ackBeforeCommit: true } },
  'no-row-lock': { flaws: { rowLocks: false } },
  'swallow-commit-error': { flaws: { swallowFailures: true } },
  'mismatch-is-known': { judge: believing },
};

export const bugs: Readonly<Record<string, Bug>> = {
  ...deviceBugs,
  ...cloudBugs,
  ...siteBugs,
  ...rolloutBugs,
};
