/**
 * Runs the steps of each bundle in a lane of its own: in order within a bundle, side by side
 * across bundles, stopped at the first failure. What a failure means is decided by `step-failure`.
 */
import { FleetError } from '@signalbeam/sync/core/errors';
import type { Engine } from '../containers/engine.ts';
import { labels } from '../core/container.ts';
import type { Known, Retry, SlotKnown } from '../core/known.ts';
import { healKey } from '../core/plan-steady.ts';
import type { Step } from '../core/step.ts';
import { executeStep } from './execute.ts';
import type { ReconcilerParts } from './parts.ts';
import { pruneImages } from './prune.ts';
import type { StepContext } from './step-context.ts';
import { meaningOf } from './step-failure.ts';

type Lane = { controller: AbortController; done: Promise<void>; requested: number };

export type StepLanes = {
  isBusy(bundleId: string): boolean;
  start(known: Known, steps: readonly Step[], engine: Engine): void;
  /** Breaks off lanes whose bundle is now wanted otherwise, and forgets what was waited for. */
  abortReplaced(): void;
  forgetRetries(): void;
  retries: ReadonlyMap<string, Retry>;
  /** Ids that this agent is stopping itself. */
  stopping: Set<string>;
  stop(): Promise<void>;
};

/** A step that keeps the confirmed version up while another one is being prepared. */
const isHealing = (slot: SlotKnown | undefined, step: Step): boolean => {
  if (slot?.update?.phase !== 'prepare') return false;
  if (step.kind === 'start-container' || step.kind === 'retire-container') return true;
  return (
    step.kind === 'create-container' && step.spec.labels[labels.version] === slot.confirmed?.version
  );
};

export const createStepLanes = (parts: ReconcilerParts, ended: () => void): StepLanes => {
  const retries = new Map<string, Retry>();
  const lanes = new Map<string, Lane>();
  const stopping = new Set<string>();

  const failed = (step: Step, error: FleetError): void => {
    const slot = parts.journal.slots().find((each) => each.bundleId === step.bundleId);
    const key = isHealing(slot, step) ? healKey(step.bundleId) : step.bundleId;
    const attempt = retries.get(key)?.attempt ?? 0;
    const meaning = meaningOf(slot, step.kind, error.code, attempt, parts.random());
    parts.log('warn', error.message, { step: step.kind, code: error.code });
    if (meaning.kind === 'give-up' && slot?.update && key === step.bundleId) {
      const failure = { reason: error.message.slice(0, 900), logTail: [] };
      const phaseStartedAt = parts.now();
      parts.journal.saveSlot({
        ...slot,
        update: { ...slot.update, phase: 'restore', phaseStartedAt, failure },
      });
      return;
    }
    const delayMs = meaning.kind === 'retry' ? meaning.delayMs : 1_000;
    const notBeforeMs = parts.now() + delayMs;
    retries.set(key, { attempt: attempt + 1, notBeforeMs, reason: error.message });
  };

  const run = async (steps: readonly Step[], context: StepContext): Promise<void> => {
    for (const step of steps) {
      if (context.signal.aborted) return;
      const slot = parts.journal.slots().find((each) => each.bundleId === step.bundleId);
      const healing = isHealing(slot, step);
      try {
        await executeStep(context, step);
        retries.delete(healing ? healKey(step.bundleId) : step.bundleId);
      } catch (error) {
        if (context.signal.aborted) return;
        if (!(error instanceof FleetError)) throw error;
        failed(step, error);
        return;
      }
      // The versions that may still be needed changed just now; so did what may be pruned.
      if (step.kind === 'remove-container' || step.kind === 'forget-slot')
        await pruneImages(context);
    }
  };

  return {
    isBusy: (bundleId) => lanes.has(bundleId),
    start: (known, steps, engine) => {
      for (const [bundleId, own] of Map.groupBy(steps, (step) => step.bundleId)) {
        const controller = new AbortController();
        const { signal } = controller;
        const context = {
          parts,
          engine,
          known,
          signal,
          created: new Map<string, string>(),
          stopping,
        };
        const wanted = known.slots.find((slot) => slot.bundleId === bundleId)?.wanted;
        const done = run(own, context).finally(() => {
          lanes.delete(bundleId);
          ended();
        });
        lanes.set(bundleId, { controller, done, requested: wanted?.requestedGeneration ?? 0 });
      }
    },
    abortReplaced: () => {
      for (const slot of parts.journal.slots()) {
        const lane = lanes.get(slot.bundleId);
        const requested = slot.wanted?.requestedGeneration ?? 0;
        if (lane !== undefined && lane.requested !== requested) lane.controller.abort();
      }
      retries.clear();
    },
    forgetRetries: () => retries.clear(),
    retries,
    stopping,
    stop: async () => {
      for (const lane of lanes.values()) lane.controller.abort();
      await Promise.allSettled([...lanes.values()].map((lane) => lane.done));
    },
  };
};
