/**
 * What the reconciler is given: the engine that answers, the journal, ways to fetch, a clock and a
 * place to report. Everything with an effect comes in here, so that nothing in this folder reaches
 * for the outside by itself.
 */
import type { Release, SealedSecret } from '@signalbeam/sync/core/manifest';
import type { RoleKeys } from '@signalbeam/sync/wire/records';
import type { EventBody, ReportedBody } from '@signalbeam/sync/wire/rows';
import type { Engine } from '../containers/engine.ts';
import type { ObservedContainer } from '../core/container.ts';
import type { Hold } from '../core/hold.ts';
import type { Check } from '../core/probe-verdict.ts';
import type { Timers } from '../core/timers.ts';
import type { Journal } from '../store/journal.ts';
import type { Guards } from './guards.ts';
import type { RecordReader } from './records.ts';

export type EngineState = {
  kind: 'docker' | 'podman' | 'none';
  version: string;
  reachable: boolean;
};

/** Images that were uploaded to the platform: their blobs are fetched here before any pull. */
export type UploadedImages = {
  /** True when every blob of the reference is on disk and whole. */
  stored(release: Release, reference: string): Promise<boolean>;
  fetch(release: Release, reference: string, signal: AbortSignal): Promise<void>;
  /** Deletes blobs that none of these releases names; returns the bytes freed. */
  sweep(keep: readonly Release[]): Promise<number>;
};

export type SecretFiles = {
  /** Writes what is not there as it should be; answers where each is, in the order of the values. */
  place(container: string, values: readonly string[]): Promise<string[]>;
  /** Removes what belongs to none of these containers; asked only where something is. */
  keepOnly(containers: () => ReadonlySet<string>): Promise<void>;
};

export type ProbeOutcome = { kind: 'healthy' } | { kind: 'unhealthy'; reason: string };

export type ReconcilerParts = {
  identity: { deviceId: string; tenantId: string };
  agentVersion: string;
  bootId: string;
  journal: Journal;
  engines: {
    current(): Engine | null;
    describe(): EngineState;
    limits(): { memory: boolean; cpu: boolean };
    /** An engine call found nobody there: look again for one that answers. */
    lost(engine: Engine): void;
  };
  /** Close the gap between two versions should this process die in it; none where nothing can outlive it. */
  guards?: Guards;
  uploads: UploadedImages;
  registryPort: number;
  keyset: () => RoleKeys;
  /** How signed records are verified; `sync/wire`'s way unless said otherwise. */
  records?: RecordReader;
  /** The value of a secret, or null when it was not sealed to this device. */
  openSecret: (sealed: SealedSecret) => string | null;
  /** Where secrets lie that containers are given as files; absent where there is no such place. */
  secretFiles?: SecretFiles;
  fetchRelease: (releaseDigest: string, signal: AbortSignal) => Promise<Uint8Array>;
  probe: (
    engine: Engine,
    container: ObservedContainer,
    check: Check,
    signal: AbortSignal,
  ) => Promise<ProbeOutcome>;
  /** Rows of the `events` and `reported` lanes: durable with the transaction they are in. */
  outbox: { appendEvent(body: EventBody): void; appendReported(body: ReportedBody): void };
  /** What the device's battery has left; null without one. */
  battery?: () => ReportedBody['power'] | null;
  /** A technician works here; null when nobody does. */
  hold: () => Hold | null;
  /** Why no new update may start now (the events lane is full, for one); null when one may. */
  holdUpdates: () => string | null;
  now: () => number;
  random: () => number;
  timers?: Timers;
  log: (level: 'info' | 'warn' | 'error', message: string, facts?: Record<string, unknown>) => void;
  /** Called around each step; tests crash the process here. */
  onStep?: (step: string, moment: 'before' | 'after') => void;
};
