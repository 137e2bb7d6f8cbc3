/**
 * Runs the steps of each bundle in a lane of its own: in order within a bundle, side by side
 * across bundles, stopped at the first failure. Healing has a second lane, so that the version in
 * force comes back while the next one is downloaded. What a failure means is decided by
 * `step-failure`.
 */
import type { FleetError } from '@signalbeam/sync/core/errors';
import type { Engine } from '../containers/engine.ts';
import type { Known, Retry } from '../core/known.ts';
import { healKey } from '../core/plan-steady.ts';
import type { Step } from '../core/step.ts';
import type { ReconcilerParts } from './parts.ts';
import { runSteps } from './run-steps.ts';
import { meaningOf } from './step-failure.ts';

type Lane = {
  bundleId: string;
  controller: AbortController;
  done: Promise<void>;
  requested: number;
  preparing: boolean;
};

export type StepLanes = {
  /** Bundles with steps under way; `preparing` only bring the next version and touch nothing that runs. */
  occupied(): { busy: ReadonlySet<string>; preparing: ReadonlySet<string> };
  start(known: Known, steps: readonly Step[], engine: Engine): void;
  /** Breaks off lanes whose bundle is now wanted otherwise, and forgets what was waited for. */
  abortReplaced(): void;
  forgetRetries(): void;
  retries: ReadonlyMap<string, Retry>;
  /** Ids that this agent is stopping itself. */
  stopping: Set<string>;
  stop(): Promise<void>;
};

const laneOf = (step: Step): string =>
  step.healing === true ? healKey(step.bundleId) : step.bundleId;

export const createStepLanes = (parts: ReconcilerParts, ended: () => void): StepLanes => {
  const retries = new Map<string, Retry>();
  const lanes = new Map<string, Lane>();
  const stopping = new Set<string>();

  const failed = (step: Step, error: FleetError): void => {
    const slot = parts.journal.slots().find((each) => each.bundleId === step.bundleId);
    const key = laneOf(step);
    const attempt = retries.get(key)?.attempt ?? 0;
    const updating = step.healing === true ? undefined : slot;
    const meaning = meaningOf(updating, step.kind, error.code, attempt, parts.random());
    parts.log('warn', error.message, { step: step.kind, code: error.code });
    if (meaning.kind === 'give-up' && slot?.update) {
      const failure = { reason: error.message.slice(0, 900), logTail: [] };
      const phaseStartedAt = parts.now();
      parts.journal.saveSlot({
        ...slot,
        update: { ...slot.update, phase: 'restore', phaseStartedAt, failure },
      });
      return;
    }
    const delayMs = meaning.kind === 'retry' ? meaning.delayMs : 1_000;
    const failedAtMs = parts.now();
    const notBeforeMs = failedAtMs + delayMs;
    retries.set(key, { attempt: attempt + 1, failedAtMs, notBeforeMs, reason: error.message });
  };

  const done = (step: Step): void => void retries.delete(laneOf(step));

  return {
    occupied: () => {
      const all = [...lanes.values()];
      const bundles = (of: Lane[]) => new Set(of.map(({ bundleId }) => bundleId));
      return {
        busy: bundles(all.filter(({ preparing }) => !preparing)),
        preparing: bundles(all.filter(({ preparing }) => preparing)),
      };
    },
    start: (known, steps, engine) => {
      for (const [key, own] of Map.groupBy(steps, laneOf)) {
        const controller = new AbortController();
        const { signal } = controller;
        const context = {
          parts,
          engine,
          known: { ...known, releases: new Map(known.releases) },
          signal,
          created: new Map<string, string>(),
          stopping,
        };
        const [{ bundleId, healing }] = own as [Step];
        const slot = known.slots.find((each) => each.bundleId === bundleId);
        const ran = runSteps(own, context, { done, failed }).finally(() => {
          lanes.delete(key);
          ended();
        });
        lanes.set(key, {
          bundleId,
          controller,
          done: ran,
          requested: slot?.wanted?.requestedGeneration ?? 0,
          preparing: healing !== true && slot?.update?.phase === 'prepare',
        });
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
