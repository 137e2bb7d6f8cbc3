/**
 * Everything the reconciler knows when it plans: what is wanted, what it decided before (journal),
 * and what the engine shows. Pure data; the loop in `agent/` gathers it, the planner reads it.
 */
import type { Release, SealedSecret, Slot } from '@signalbeam/sync/core/manifest';
import { labels, type ObservedContainer } from './container.ts';
import type { Hold } from './hold.ts';

/** A version of a bundle as the journal names it, with the secrets that came for it, sealed. */
export type SlotVersion = {
  version: string;
  releaseDigest: string;
  secrets?: readonly SealedSecret[] | undefined;
};

/** Which values of its secrets a version is meant with. Sealing them afresh changes nothing here. */
export const revisionsOf = ({ secrets = [] }: Pick<SlotVersion, 'secrets'>): string =>
  secrets
    .map(({ name, revision }) => `${name}=${revision}`)
    .sort()
    .join(' ');

/** The same version with the same values of its secrets: then there is nothing to do. */
export const isSameTarget = (
  left: SlotVersion | null | undefined,
  right: SlotVersion | null | undefined,
): boolean =>
  left?.releaseDigest === right?.releaseDigest &&
  revisionsOf(left ?? {}) === revisionsOf(right ?? {});

/**
 * Where an update stands. `prepare` leaves the old version alone; in `swap` and `probe` the new
 * one takes over; `restore` brings the old one back. The phase is committed before it begins.
 */
export type UpdatePhase = 'prepare' | 'swap' | 'probe' | 'restore';

export type Update = {
  target: SlotVersion;
  rolloutId: string | null;
  requestedGeneration: number;
  phase: UpdatePhase;
  phaseStartedAt: number;
  /** Since when every probe has been good without a break; null while one is not. */
  healthySince: number | null;
  /** Consecutive bad probe rounds after the start period. */
  probeFailures: number;
  lastProbeAt: number | null;
  /** What the last bad round found, and in which container. */
  lastTrouble: { container: string; reason: string } | null;
  failure: SlotFailure | null;
};

export type SlotFailure = { reason: string; logTail: string[] };

/** The last version that failed here: not tried again until it is asked for again. */
export type FailedTarget = SlotFailure & {
  target: SlotVersion;
  requestedGeneration: number;
  rolloutId: string | null;
};

/** One bundle on this device. */
export type SlotKnown = {
  bundleId: string;
  bundleName: string;
  /** Null when it is no longer desired. */
  wanted: Slot | null;
  /** The version that proved itself; it comes back if the next one fails. */
  confirmed: SlotVersion | null;
  /** The one before: its images are kept. */
  previous: SlotVersion | null;
  update: Update | null;
  failed: FailedTarget | null;
};

/**
 * A step that failed for a reason that may pass; held in memory, so a restart tries at once. One whose
 * `failedAtMs` has not come yet waits for nothing: the clock has been set back since.
 */
export type Retry = { attempt: number; failedAtMs: number; notBeforeMs: number; reason: string };

export const mustWait = (retry: Retry | undefined, now: number): retry is Retry =>
  retry !== undefined && retry.failedAtMs <= now && now < retry.notBeforeMs;

export type Known = {
  deviceId: string;
  slots: readonly SlotKnown[];
  /** By digest; a release that is not here has not been fetched and verified yet. */
  releases: ReadonlyMap<string, Release>;
  /** Our containers, or null when no engine answers. */
  observed: readonly ObservedContainer[] | null;
  /** Manifest digests that the engine has. */
  presentImages: ReadonlySet<string>;
  /** `signalbeam.local` references whose blobs are all on disk. */
  storedImages: ReadonlySet<string>;
  /** Which limits the engine can hold here; one it can't is no drift. */
  limits: { memory: boolean; cpu: boolean };
  /** Port of the agent's own registry endpoint. */
  registryPort: number;
  /** Bundles whose next version is being brought here just now: beside that only healing is planned. */
  preparing: ReadonlySet<string>;
  /** By bundle id, and by container name for ones that keep dying. */
  retries: ReadonlyMap<string, Retry>;
  /** A technician works here; null when nobody does. */
  hold: Hold | null;
  /** Why no new update may start now, as a sentence; null when one may. What runs is kept running. */
  holdUpdates: string | null;
  /** A hash for names and labels; not for security. */
  hash: (text: string) => string;
};

/** Our containers of one bundle. */
export const containersOf = (known: Known, bundleId: string): ObservedContainer[] =>
  (known.observed ?? []).filter((container) => container.labels[labels.bundle] === bundleId);
