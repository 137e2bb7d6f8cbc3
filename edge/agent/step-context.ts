/**
 * What every executor of a step is handed, and the shape of an executor.
 */
import type { Release } from '@signalbeam/sync/core/manifest';
import type { Engine } from '../containers/engine.ts';
import type { Known, SlotKnown } from '../core/known.ts';
import type { Step, StepKind } from '../core/step.ts';
import type { ReconcilerParts } from './parts.ts';

export type StepContext = {
  parts: ReconcilerParts;
  engine: Engine;
  /** As the plan saw it, and the releases that its steps have fetched since. */
  known: Known & { releases: Map<string, Release> };
  signal: AbortSignal;
  /** Ids of containers made by earlier steps of the same plan. */
  created: Map<string, string>;
  /** Ids this agent is stopping, so that their end is not news. */
  stopping: Set<string>;
};

export type Executor<K extends StepKind> = (
  context: StepContext,
  step: Extract<Step, { kind: K }>,
) => Promise<void>;

/** The slot as it stands in the journal now. A step for a slot that is gone is a bug. */
export const slotOf = ({ parts }: StepContext, bundleId: string): SlotKnown => {
  const slot = parts.journal.slots().find((each) => each.bundleId === bundleId);
  if (slot === undefined) throw new Error(`no slot ${bundleId} in the journal`);
  return slot;
};
