/**
 * The site keys that open the mesh's packets: the one in force and the one before it, because
 * members do not change over in one moment. The one before is kept across a restart, and for
 * `previousSiteKeyMs` of running at most: whoever was removed has it too. Time is counted in steps
 * that are written down, and a start costs one, so no clock and no row of restarts makes it longer.
 */
import { openSiteKeyRecord, type RoleKeys } from '@signalbeam/sync/wire/records';
import { openSiteKey } from '@signalbeam/sync/wire/site-key';
import type { Timers } from '../core/timers.ts';
import { systemTimers } from '../host/timers.ts';
import type { Identity } from '../store/identity.ts';
import type { PreviousRecord, PreviousSiteKey } from '../store/previous-site-key.ts';

export type SiteKeys = {
  /** Newest first; none while this device has no site key. */
  all(): readonly Uint8Array[];
  /** The record changed. */
  refresh(): void;
  /** Hears when the one before has had its time. */
  onDropped(listener: () => void): void;
  stop(): void;
};

/** A member changes over within seconds of hearing of it; one that was away catches up by HTTPS. */
export const previousSiteKeyMs = 3_600_000;
export const previousSiteKeySteps = 6;
const stepMs = previousSiteKeyMs / previousSiteKeySteps;

type SiteKey = { envelope: Uint8Array; site: string; generation: number; key: Uint8Array };

export const createSiteKeys = (parts: {
  deviceId: string;
  sealing: Identity['sealing'];
  /** The newest record's exact bytes, as it is believed. */
  held: () => Uint8Array | null;
  keyset: () => RoleKeys;
  /** Where the one before outlives a restart; in memory alone when absent. */
  kept?: PreviousSiteKey;
  timers?: Timers;
}): SiteKeys => {
  const { deviceId, sealing, timers = systemTimers } = parts;
  const kept = parts.kept ?? inMemory();
  let current: SiteKey | null = null;
  let previous: SiteKey | null = null;
  let dropped = (): void => undefined;
  let cancel = (): void => undefined;

  const open = (envelope: Uint8Array | null): SiteKey | null => {
    const opened = envelope === null ? null : openSiteKeyRecord(envelope, parts.keyset());
    if (envelope === null || opened?.kind !== 'opened') return null;
    // Other keys may sign it now; what it holds is what was unsealed before.
    if (current !== null && Buffer.from(current.envelope).equals(envelope)) return current;
    const key = openSiteKey(opened.value, { deviceId, sealing });
    const { site, generation } = opened.value;
    return key === null ? null : { envelope, site, generation, key };
  };
  const drop = (): void => {
    cancel();
    previous = null;
    kept.write(null);
    dropped();
  };
  const stepLater = (): void => {
    cancel();
    cancel = timers.after(stepMs, step, 'background');
  };
  const step = (): void => {
    const stepsLeft = (kept.read()?.stepsLeft ?? 0) - 1;
    if (previous === null || stepsLeft <= 0) drop();
    else {
      kept.write({ envelope: previous.envelope, stepsLeft });
      stepLater();
    }
  };
  /** The one of before the restart, as long as its time and its signer's last. */
  const resume = (now: SiteKey): void => {
    const before = kept.read();
    if (before === null) return;
    const opened = open(before.envelope);
    const isBefore = opened?.site === now.site && opened.generation < now.generation;
    previous = isBefore ? opened : null;
    // A start costs a step; one that is of no use is dropped by it.
    step();
  };
  const refresh = (): void => {
    const next = open(parts.held());
    if (next === null) return;
    const last = current;
    current = next;
    if (last === null) resume(next);
    if (last === null || Buffer.from(last.key).equals(next.key)) return;
    previous = last;
    kept.write({ envelope: last.envelope, stepsLeft: previousSiteKeySteps });
    stepLater();
  };
  refresh();
  return {
    all: () => [current, previous].flatMap((each) => (each === null ? [] : [each.key])),
    refresh,
    onDropped: (listener) => {
      dropped = listener;
    },
    stop: () => cancel(),
  };
};

const inMemory = (): PreviousSiteKey => {
  let held: PreviousRecord | null = null;
  return {
    read: () => held,
    write: (record) => {
      held = record;
    },
  };
};
