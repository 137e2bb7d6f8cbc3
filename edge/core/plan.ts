/**
 * The reconciler's decision: from what is known and the time to the steps that come next and what
 * is waited for. Level-triggered: it never relies on having seen a change, so a crash, a restart
 * or a lost event only costs a look. It stops nothing it does not replace, and touches only what
 * `observed` holds, which is only what bears this device's label.
 */
import { holdSentence, inForce, stepsUnderHold } from './hold.ts';
import { isSameTarget, type Known, mustWait, type SlotKnown } from './known.ts';
import { planHealing, planRemoval, planSteady } from './plan-steady.ts';
import { planPrepare, planProbe, planRestore, planSwap } from './plan-update.ts';
import { act, idle, type Plan } from './step.ts';

const planUpdate = (known: Known, slot: SlotKnown, now: number): Plan => {
  const update = slot.update;
  if (update === null) return idle;
  switch (update.phase) {
    case 'prepare':
      return planPrepare(known, slot, update, now);
    case 'swap':
      return planSwap(known, slot, update);
    case 'probe':
      return planProbe(known, slot, update, now);
    case 'restore':
      return planRestore(known, slot, update);
  }
};

/** True when this very request already failed here; asking again raises the generation. */
const alreadyFailed = ({ failed, wanted }: SlotKnown): boolean =>
  failed !== null &&
  wanted !== null &&
  isSameTarget(failed.target, wanted) &&
  failed.requestedGeneration >= wanted.requestedGeneration;

/** An update that may not start yet: what is settled is kept running meanwhile. */
const held = (known: Known, slot: SlotKnown, reason: string, now: number): Plan => ({
  ...(slot.update === null ? planSteady(known, slot, now) : idle),
  waiting: `${slot.bundleName}: ${reason}`,
});

/** True while the confirmed version is in charge although another one is wanted. */
const isPreparing = ({ wanted, confirmed, update }: SlotKnown): boolean =>
  wanted !== null &&
  !isSameTarget(confirmed, wanted) &&
  (update === null || update.phase === 'prepare');

const planHeld = (known: Known, slot: SlotKnown, now: number, untilMs: number): Plan => {
  const { update, bundleId, bundleName, wanted } = slot;
  if (update !== null && update.phase !== 'prepare') return planUpdate(known, slot, now);
  if (known.preparing.has(bundleId)) return idle;
  const { steps, waiting, wakeAtMs } = planWanted(known, slot, now);
  const may = stepsUnderHold(steps, update !== null);
  if (may.length === steps.length) return { steps, waiting, wakeAtMs };
  const wakes = earliest(wakeAtMs, untilMs);
  if (may.length > 0) return { steps: may, waiting, wakeAtMs: wakes };
  const what =
    wanted === null
      ? 'it is removed after that'
      : update === null
        ? 'what differs from what is wanted is put right after that'
        : `${update.target.version} is here and starts after that`;
  return { steps: [], waiting: `${bundleName}: ${what}.`, wakeAtMs: wakes };
};

const planSlot = (known: Known, slot: SlotKnown, now: number): Plan => {
  if (known.hold !== null) return planHeld(known, slot, now, known.hold.untilMs);
  const healing = isPreparing(slot) ? planHealing(known, slot, now) : idle;
  const hold = known.holdUpdates;
  const waiting = hold === null ? '' : `${slot.bundleName}: ${hold}`;
  if (healing.steps.length > 0) return { ...healing, waiting };
  const next = known.preparing.has(slot.bundleId) ? idle : planWanted(known, slot, now);
  return { ...next, wakeAtMs: earliest(next.wakeAtMs, healing.wakeAtMs) };
};

const planWanted = (known: Known, slot: SlotKnown, now: number): Plan => {
  const retry = known.retries.get(slot.bundleId);
  if (mustWait(retry, now)) {
    const seconds = Math.ceil((retry.notBeforeMs - now) / 1000);
    const waiting = `${slot.bundleName}: ${retry.reason} Trying again in ${seconds} s.`;
    return { steps: [], waiting, wakeAtMs: retry.notBeforeMs };
  }
  const { bundleId, wanted, update } = slot;
  if (wanted === null) return planRemoval(known, slot);
  if (update?.phase === 'restore') return planUpdate(known, slot, now);
  const { version, releaseDigest, secrets } = wanted;
  const target = { version, releaseDigest, ...(secrets === undefined ? {} : { secrets }) };
  const sameTarget = isSameTarget(update?.target, wanted);
  if (update !== null && !sameTarget && update.phase !== 'prepare') {
    // Half-way to a version nobody wants any more: first back to the one that worked.
    const isRotation = update.target.releaseDigest === wanted.releaseDigest;
    const by = isRotation ? 'other values of its secrets' : wanted.version;
    const reason = `Replaced by ${by} before ${update.target.version} was confirmed.`;
    return act({ kind: 'fail-update', bundleId, failure: { reason, logTail: [] }, logsOf: null });
  }
  const settled = isSameTarget(slot.confirmed, wanted) || alreadyFailed(slot);
  if (settled && update === null) return planSteady(known, slot, now);
  if (settled && update?.phase === 'prepare') {
    // Something else was being prepared, or this one was asked for again, and that was withdrawn.
    return act({ kind: 'begin-update', bundleId, target: null });
  }
  if (update === null || !sameTarget || update.requestedGeneration < wanted.requestedGeneration) {
    return known.holdUpdates === null
      ? act({ kind: 'begin-update', bundleId, target })
      : held(known, slot, known.holdUpdates, now);
  }
  return planUpdate(known, slot, now);
};

const earliest = (left: number | null, right: number | null): number | null =>
  left === null ? right : right === null ? left : Math.min(left, right);

/** Plans every slot; bundles never wait for each other. */
export const plan = (all: Known, now: number): Plan => {
  const hold = inForce(all.hold, now);
  const known = { ...all, hold };
  if (known.observed === null) {
    return {
      steps: [],
      waiting: 'No container engine answers. Running containers are left as they are.',
      wakeAtMs: null,
    };
  }
  const plans = known.slots.map((slot) => planSlot(known, slot, now));
  return {
    steps: plans.flatMap((part) => part.steps),
    waiting: [hold === null ? '' : holdSentence(hold), ...plans.map((part) => part.waiting)]
      .filter((sentence) => sentence !== '')
      .join(' '),
    wakeAtMs: plans.reduce<number | null>(
      (wake, part) => earliest(wake, part.wakeAtMs),
      hold?.untilMs ?? null,
    ),
  };
};
