/**
 * Runs one step of a plan. It has no choices left to make: each kind has one executor, each may be
 * repeated, and what it changes in the journal is one commit together with the event that tells.
 */
import { FleetError } from '@signalbeam/sync/core/errors';
import { awaiting } from '../core/dependencies.ts';
import { containersOf, type SlotKnown } from '../core/known.ts';
import { containersOfRelease } from '../core/plan-images.ts';
import { checkOf, judgeProbes } from '../core/probe-verdict.ts';
import type { Step, StepKind } from '../core/step.ts';
import { containerExecutors } from './execute-containers.ts';
import { imageExecutors } from './execute-images.ts';
import { probeRound } from './probing.ts';
import { type Executor, type StepContext, slotOf } from './step-context.ts';

const change = (
  context: StepContext,
  bundleId: string,
  to: (slot: SlotKnown) => SlotKnown,
): void => {
  context.parts.journal.saveSlot(to(slotOf(context, bundleId)));
};

const toPhase =
  (phase: 'swap' | 'probe') => async (context: StepContext, step: { bundleId: string }) => {
    const phaseStartedAt = context.parts.now();
    change(context, step.bundleId, (slot) => ({
      ...slot,
      update:
        slot.update === null
          ? null
          : {
              ...slot.update,
              phase,
              phaseStartedAt,
              healthySince: null,
              probeFailures: 0,
              lastProbeAt: null,
              lastTrouble: null,
            },
    }));
  };

const beginUpdate: Executor<'begin-update'> = async (context, { bundleId, target }) => {
  const { journal, outbox, now } = context.parts;
  journal.together(() => {
    const slot = slotOf(context, bundleId);
    // What was being prepared is wanted no more, and nothing took over from what was confirmed.
    if (target === null) return journal.saveSlot({ ...slot, update: null });
    journal.saveSlot({
      ...slot,
      update: {
        target,
        rolloutId: slot.wanted?.rolloutId ?? null,
        requestedGeneration: slot.wanted?.requestedGeneration ?? 0,
        phase: 'prepare',
        phaseStartedAt: now(),
        healthySince: null,
        probeFailures: 0,
        lastProbeAt: null,
        lastTrouble: null,
        failure: null,
      },
    });
    const isRotation = slot.confirmed?.releaseDigest === target.releaseDigest;
    const from = slot.confirmed === null ? '' : ` from ${slot.confirmed.version}`;
    const what = isRotation
      ? `${target.version} starts again with other values of its secrets`
      : `update${from} to ${target.version} began`;
    outbox.appendEvent({
      type: 'update-started',
      severity: 'info',
      message: `${slot.bundleName}: ${what}.`,
      data: { bundleId, version: target.version },
    });
  });
};

const probe: Executor<'probe'> = async (context, { bundleId }) => {
  const { parts, engine, known, signal } = context;
  const { update } = slotOf(context, bundleId);
  const release = update === null ? undefined : known.releases.get(update.target.releaseDigest);
  if (update === null || release === undefined) return;
  const containers = containersOfRelease(known, release, update.target);
  const later = new Set(awaiting(containers, containersOf(known, bundleId)));
  const started = containers.filter((each) => !later.has(each));
  const results = await probeRound(parts, engine, started, signal);
  const checks = started.map(({ manifest }) => checkOf(manifest));
  change(context, bundleId, (slot) => ({
    ...slot,
    update: judgeProbes(slot.update ?? update, checks, results, parts.now()),
  }));
};

const confirmUpdate: Executor<'confirm-update'> = async (context, { bundleId }) => {
  const { journal, outbox } = context.parts;
  journal.together(() => {
    const slot = slotOf(context, bundleId);
    const target = slot.update?.target ?? null;
    if (target === null) return;
    const replaced =
      slot.confirmed?.releaseDigest === target.releaseDigest ? slot.previous : slot.confirmed;
    journal.saveSlot({
      ...slot,
      confirmed: target,
      previous: replaced,
      update: null,
      failed: null,
    });
    outbox.appendEvent({
      type: 'update-confirmed',
      severity: 'info',
      message: `${slot.bundleName} ${target.version} is healthy and confirmed.`,
      data: { bundleId, version: target.version },
    });
  });
};

const recordFailure: Executor<'record-failure'> = async (context, { bundleId }) => {
  const { journal, outbox } = context.parts;
  journal.together(() => {
    const slot = slotOf(context, bundleId);
    if (slot.update === null) return;
    const { target, rolloutId, requestedGeneration, failure } = slot.update;
    const reason = failure?.reason ?? 'It was given up.';
    const logTail = failure?.logTail ?? [];
    const failed = { target, rolloutId, requestedGeneration, reason, logTail };
    journal.saveSlot({ ...slot, failed, update: null });
    const after =
      slot.confirmed === null
        ? 'Nothing ran before, so nothing runs now.'
        : `${slot.confirmed.version} runs again.`;
    outbox.appendEvent({
      type: slot.confirmed === null ? 'update-failed' : 'restored',
      severity: 'error',
      message:
        `${slot.bundleName} ${target.version} failed: ${reason.replace(/[.\s]*$/, '.')} ${after}`.slice(
          0,
          1_000,
        ),
      data: { bundleId, version: target.version, logTail: logTail.join('\n').slice(-1_000) },
    });
  });
};

const executors: { [K in StepKind]: Executor<K> } = {
  ...imageExecutors,
  ...containerExecutors,
  'begin-update': beginUpdate,
  'begin-swap': toPhase('swap'),
  'begin-probe': toPhase('probe'),
  probe,
  'confirm-update': confirmUpdate,
  'record-failure': recordFailure,
  'forget-slot': async ({ parts }, { bundleId }) => parts.journal.forgetSlot(bundleId),
};

/** Journals the step, runs it, journals what came of it. Throws what the step threw. */
export const executeStep = async (context: StepContext, step: Step): Promise<void> => {
  const { journal, now, onStep } = context.parts;
  onStep?.(step.kind, 'before');
  const id = journal.begin(step.bundleId, step.kind, now());
  try {
    await (executors[step.kind] as (context: StepContext, step: Step) => Promise<void>)(
      context,
      step,
    );
    journal.finish(id, 'done');
  } catch (error) {
    const code = error instanceof FleetError ? error.code : 'bug';
    journal.finish(
      id,
      `failed: ${code}: ${error instanceof Error ? error.message : String(error)}`,
    );
    throw error;
  }
  onStep?.(step.kind, 'after');
};
