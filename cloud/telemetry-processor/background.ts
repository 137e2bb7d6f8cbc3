/**
 * What telemetry-processor does without being asked: ingest, presence, partitions made ahead, old
 * data removed. Everything runs on every replica; what only one may do hangs on the lease.
 */
import type { Platform } from '@signalbeam/platform/service';
import { startAlerts } from './alerts/start.ts';
import { createDirectory, type Directory } from './ingest/directory.ts';
import type { IngestFacts } from './ingest/facts.ts';
import { startIngest } from './ingest/start.ts';
import { createHeard, type Heard } from './presence/heard.ts';
import { startPresence } from './presence/start.ts';
import { gatherHours } from './store/gather.ts';
import { judgeDevices } from './store/health.ts';
import { createLease } from './store/lease.ts';
import { startLeaseLoop } from './store/lease-loop.ts';
import { ensurePartitions, removeAllOld, removeOldAlerts } from './store/maintenance.ts';
import { rollUp } from './store/rollups.ts';
import { createAttend } from './stream/attend.ts';
import { createTell } from './stream/tell.ts';
import { startWatching, type Watching } from './stream/watching.ts';

/** Any constant nobody else locks: "sbtp". */
const leaseKey = 0x73627470;
const maintenanceMs = 3_600_000;
/** How far hours and days lag behind the samples. */
const rollUpMs = 10_000;
/** Some 2,000 devices at a time: a day of 100,000 in ten minutes. */
const gatherMs = 10_000;
/** How far health lags behind what it is judged by. */
const judgeMs = 5_000;

export type Background = {
  heard: Heard;
  watching: Watching;
  directory: Directory;
  stop: () => Promise<void>;
};

export type BackgroundParts = Pick<
  Platform,
  'cloud' | 'config' | 'pools' | 'keyring' | 'log' | 'now' | 'live'
>;

const startMaintenance = (parts: BackgroundParts, isHeld: () => boolean) => {
  const { pools, log, now } = parts;
  const run = async (): Promise<void> => {
    await ensurePartitions(pools.ingest, now());
    if (isHeld()) await removeAllOld(pools.ingest, now());
    if (isHeld()) await removeOldAlerts(pools.system, now());
  };
  const timer = setInterval(() => {
    run().catch((error) => log.warn({ error }, 'maintenance failed; trying again in an hour'));
  }, maintenanceMs);
  return { stop: () => clearInterval(timer) };
};

export const startBackground = async (
  parts: BackgroundParts,
  facts: IngestFacts,
): Promise<Background> => {
  const { cloud, pools, keyring, log, now, live } = parts;
  await ensurePartitions(pools.ingest, now());
  const directory = createDirectory({ sql: pools.ingest, keyring, now });
  const lease = createLease(pools.ingest, leaseKey);
  const { connection } = cloud;
  const mayTell = lease.isHeld;
  const onDevices = createAttend({ connection, directory, mayTell, now, log });
  const watching = startWatching({ connection, now, onDevices });
  const tell = createTell({ live, watching, now });
  const heard = createHeard({
    directory,
    now,
    // All replicas hear it; one tells.
    onBeat: (beat) => {
      if (lease.isHeld()) tell.beat(beat);
    },
  });
  const presence = startPresence({
    ...{ cloud, pool: pools.ingest, lease, heard, now, log },
    refused: () => facts.refused('heartbeat-refused'),
  });
  const ingest = startIngest({
    ...parts,
    directory,
    facts,
    random: Math.random,
    onSample: tell.sample,
  });
  const maintenance = startMaintenance(parts, lease.isHeld);
  const rolling = startLeaseLoop({
    lease,
    name: 'hours and days of metrics',
    everyMs: rollUpMs,
    run: async () => facts.rolledUp(await rollUp(pools.ingest)),
    log,
  });
  const gathering = startLeaseLoop({
    lease,
    name: 'hours of days that are over',
    everyMs: gatherMs,
    run: () => gatherHours(pools.ingest, now()),
    log,
  });
  const judging = startLeaseLoop({
    lease,
    name: 'health of devices',
    everyMs: judgeMs,
    run: async () => facts.judged(await judgeDevices(pools.ingest, now())),
    log,
  });
  const alerts = startAlerts({ ...parts, lease });
  return {
    heard,
    watching,
    directory,
    stop: async () => {
      maintenance.stop();
      watching.stop();
      await Promise.all(
        [ingest, presence, rolling, gathering, judging, alerts].map((part) => part.stop()),
      );
      await lease.release();
    },
  };
};
