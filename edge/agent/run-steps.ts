/**
 * Runs the steps of one plan in order and stops at the first that fails. A bug is not caught here.
 */
import { FleetError } from '@signalbeam/sync/core/errors';
import type { Step } from '../core/step.ts';
import { executeStep } from './execute.ts';
import { pruneImages } from './prune.ts';
import type { StepContext } from './step-context.ts';

export type Outcomes = {
  done(step: Step): void;
  failed(step: Step, error: FleetError): void;
};

export const runSteps = async (
  steps: readonly Step[],
  context: StepContext,
  outcomes: Outcomes,
): Promise<void> => {
  for (const step of steps) {
    if (context.signal.aborted) return;
    try {
      await executeStep(context, step);
      outcomes.done(step);
    } catch (error) {
      if (context.signal.aborted) return;
      if (!(error instanceof FleetError)) throw error;
      outcomes.failed(step, error);
      return;
    }
    // The versions that may still be needed changed just now; so did what may be pruned.
    if (step.kind === 'remove-container' || step.kind === 'forget-slot') await pruneImages(context);
  }
};
