/**
 * Runs the steps of one plan in order and stops at the first that fails or when it is told to, but
 * never between the stop of one version and the start of the next: there a guard stands by as well,
 * and stays when a step fails, until a later plan has started what shall run. A bug is not caught.
 */
import { FleetError } from '@signalbeam/sync/core/errors';
import { labels } from '../core/container.ts';
import { type Gap, gapOf, lastStart } from '../core/gap.ts';
import type { Step, StepKind } from '../core/step.ts';
import { executeStep } from './execute.ts';
import { pruneImages } from './prune.ts';
import { type StepContext, slotOf } from './step-context.ts';

export type Outcomes = {
  done(step: Step): void;
  failed(step: Step, error: FleetError): void;
};

/** After these nothing is between two versions any more. */
const settles = new Set<StepKind>(['record-failure', 'forget-slot']);

const arm = async (context: StepContext, bundleId: string, gap: Gap): Promise<void> => {
  const { parts, engine, known, created } = context;
  if (parts.guards === undefined) return;
  const idOf = new Map(known.observed?.map(({ name, id }) => [name, id]));
  const restoring = slotOf(context, bundleId).update?.phase === 'restore';
  const { socketPath } = await engine.describe();
  await parts.guards.arm(bundleId, {
    socketPath,
    label: { name: labels.device, value: parts.identity.deviceId },
    stopped: gap.stopped.flatMap((name) => idOf.get(name) ?? []),
    // One that is retired makes room for another of its name, which is not made yet.
    next: gap.next.flatMap(
      (name) => created.get(name) ?? (gap.stopped.includes(name) ? [] : (idOf.get(name) ?? [])),
    ),
    prefer: restoring ? 'next' : 'stopped',
  });
};

export const runSteps = async (
  steps: readonly Step[],
  context: StepContext,
  outcomes: Outcomes,
): Promise<void> => {
  const gap = gapOf(context.known, steps);
  const closesAt = lastStart(steps);
  for (const [index, step] of steps.entries()) {
    const inGap = gap !== null && index > gap.opensAt && index <= gap.closesAt;
    if (context.signal.aborted && !inGap) return;
    try {
      if (gap?.opensAt === index) await arm(context, step.bundleId, gap);
      await executeStep(context, step);
      outcomes.done(step);
    } catch (error) {
      if (context.signal.aborted) return;
      if (!(error instanceof FleetError)) throw error;
      outcomes.failed(step, error);
      return;
    }
    if (index === closesAt || settles.has(step.kind)) context.parts.guards?.done(step.bundleId);
    // The versions that may still be needed changed just now; so did what may be pruned.
    if (step.kind === 'remove-container' || step.kind === 'forget-slot') await pruneImages(context);
  }
};
