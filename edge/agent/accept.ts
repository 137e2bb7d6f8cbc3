/**
 * Takes a desired state from whoever brought it: signature, audience and generation are checked,
 * then it and the slots it means are one commit. A record that fails any check changes nothing but
 * the event that says so.
 */
import { FleetError } from '@signalbeam/sync/core/errors';
import type { Desired } from '@signalbeam/sync/core/manifest';
import type { SlotKnown } from '../core/known.ts';
import type { ReconcilerParts } from './parts.ts';
import { wireRecords } from './records.ts';

export type Acceptance =
  | { kind: 'accepted'; generation: number }
  | { kind: 'unchanged'; generation: number }
  | { kind: 'refused'; code: string; reason: string };

const emptySlot = (bundleId: string, bundleName: string): SlotKnown => ({
  bundleId,
  bundleName,
  wanted: null,
  confirmed: null,
  previous: null,
  update: null,
  failed: null,
});

/** The slots after a desired state: its own wanted, the others no longer. Pure. */
export const slotsAfter = (slots: readonly SlotKnown[], desired: Desired): SlotKnown[] => {
  const byBundle = new Map(
    slots.map((slot) => [slot.bundleId, { ...slot, wanted: null } as SlotKnown]),
  );
  for (const wanted of desired.slots) {
    const slot = byBundle.get(wanted.bundleId) ?? emptySlot(wanted.bundleId, wanted.bundleName);
    byBundle.set(wanted.bundleId, { ...slot, bundleName: wanted.bundleName, wanted });
  }
  return [...byBundle.values()];
};

const check = (parts: ReconcilerParts, envelope: Uint8Array) => {
  const { records = wireRecords } = parts;
  const opened = records.openDesired(envelope, parts.keyset());
  if (opened.kind === 'refused') return opened;
  const { deviceId, tenantId } = parts.identity;
  if (opened.value.deviceId !== deviceId || opened.value.tenantId !== tenantId) {
    return {
      kind: 'refused' as const,
      code: 'wrong-audience',
      reason: 'it is signed for another device',
    };
  }
  return opened;
};

/**
 * The generation that a new one must exceed. What a withdrawn director signed sets none: it stays in
 * force until replaced, and whoever stole the key has not used up the numbers.
 */
const floorOf = (parts: ReconcilerParts): number => {
  const { records = wireRecords } = parts;
  const held = parts.journal.desired();
  if (held === null) return 0;
  const opened = records.openDesired(held.envelope, parts.keyset());
  return opened.kind === 'refused' && opened.code === 'unknown-signer' ? 0 : held.generation;
};

/** Over a damaged one nothing is decided: it is said, and what runs stays. */
const slotsOf = (journal: ReconcilerParts['journal']): SlotKnown[] | FleetError => {
  try {
    return journal.slots();
  } catch (cause) {
    if (cause instanceof FleetError) return cause;
    throw cause;
  }
};

export const acceptDesired = (parts: ReconcilerParts, envelope: Uint8Array): Acceptance => {
  const { journal, outbox, now } = parts;
  const checked = check(parts, envelope);
  const floor = floorOf(parts);
  const refuse = (code: string, reason: string): Acceptance => {
    parts.log('warn', 'A desired state was refused', { code, reason });
    outbox.appendEvent({
      type: 'desired-refused',
      severity: 'warning',
      message: `A desired state was refused: ${reason}. What runs stays as it is.`.slice(0, 1_000),
      data: { code },
    });
    return { kind: 'refused', code, reason };
  };
  if (checked.kind === 'refused') return refuse(checked.code, checked.reason);
  const desired = checked.value;
  if (desired.generation === floor) return { kind: 'unchanged', generation: floor };
  if (desired.generation < floor) {
    return refuse('older-generation', `generation ${desired.generation} is older than ${floor}`);
  }
  const known = slotsOf(journal);
  if (known instanceof FleetError) return refuse(known.code, known.message);
  journal.together(() => {
    journal.keepDesired({ generation: desired.generation, envelope, acceptedAt: now() });
    for (const slot of slotsAfter(known, desired)) journal.saveSlot(slot);
    outbox.appendEvent({
      type: 'desired-accepted',
      severity: 'info',
      message: `Desired state ${desired.generation} is in force.`,
      data: { generation: desired.generation },
    });
  });
  return { kind: 'accepted', generation: desired.generation };
};
