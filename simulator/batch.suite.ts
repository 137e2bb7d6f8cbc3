/** Batches of seeds as the tests run them, and what they say of one that failed. */
import { faultKinds, isRolloutFault, isSiteFault } from './plan/kinds.ts';
import { type BatchOptions, type BatchResult, runBatch } from './run/batch.ts';
import { commandOf } from './run/tell.ts';

export const full = process.env['SIGNALBEAM_FULL'] === '1';
/** A machine that is busy otherwise is slow; a hang is what this is for. */
export const patience = full ? 3_600_000 : 600_000;

/** So many seeds without a mesh bring every fault of theirs together with every state, with some to spare. */
export const coveringSeeds = 140;
export const everyKind = faultKinds.filter((kind) => !(isSiteFault(kind) || isRolloutFault(kind)));

export const run = (options: Partial<BatchOptions>): Promise<BatchResult> =>
  runBatch({
    from: 1,
    to: null,
    budgetMs: null,
    faults: null,
    bug: null,
    eventsMin: null,
    daysMin: null,
    stopAtFailure: false,
    ...options,
  });

export const failuresOf = ({ failures }: BatchResult): string[] =>
  failures.map(
    (each) => `${each.violation?.invariant}: ${each.violation?.text}: ${commandOf(each, null)}`,
  );
