/**
 * What it costs to know who is there: heartbeats of a whole fleet as agents write them, spread evenly
 * over their interval, through the hub to the cloud as `up` runs it, which writes last-seen to Postgres.
 * Measured after every device was looked up once, over whole intervals; then each must be online.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { addDevices, addTenant } from '@signalbeam/telemetry-processor/rig.suite';
import { beatAll, openBeats } from './beats.suite.ts';
import { untilCalm } from './calm.suite.ts';
import {
  type BenchCloud,
  cpuMsOf,
  cpuMsOfFamily,
  loadAverage,
  openBenchCloud,
  residentMbOf,
  rounded,
} from './cloud.suite.ts';

const sizes = {
  smoke: { devices: 200, intervalMs: 1_000, intervals: 2, calmMs: 500 },
  canonical: { devices: 100_000, intervalMs: 30_000, intervals: 2, calmMs: 10_000 },
};
type Size = (typeof sizes)['smoke'];

const devicesPerSite = 200;

/** Processor time of what serves presence, sessions of Postgres that ended meanwhile included. */
const spent = (cloud: BenchCloud) => ({
  cloud: cpuMsOf(cloud.cloudPid),
  hub: cpuMsOf(cloud.test.world.hub.pid()),
  postgres: cpuMsOfFamily(cloud.postgresPid),
});

const addFleet = async (cloud: BenchCloud, count: number) => {
  const tenant = await addTenant(cloud.owner, cloud.test.platform);
  const deviceIds: string[] = [];
  for (let site = 1; deviceIds.length < count; site += 1) {
    const some = Math.min(devicesPerSite, count - deviceIds.length);
    const devices = await addDevices(cloud.owner, tenant, some, `site-${site}`);
    deviceIds.push(...devices.map(({ deviceId }) => deviceId));
  }
  return { tenant, deviceIds };
};

const countOnline = async (cloud: BenchCloud, sinceMs: number): Promise<number> => {
  const { rows } = await cloud.owner.query<{ count: number }>(
    `SELECT count(*)::int FROM telemetry.presence
      WHERE presence = 'online' AND last_seen_at >= to_timestamp($1 / 1000.0)`,
    [sinceMs],
  );
  return rows[0]?.count ?? 0;
};

/** Presence is written every few seconds: what was said last takes until then. */
const untilWritten = async (cloud: BenchCloud, sinceMs: number, count: number): Promise<number> => {
  const until = performance.now() + 30_000;
  let online = 0;
  while (performance.now() < until) {
    online = await countOnline(cloud, sinceMs);
    if (online === count) break;
    await sleep(500);
  }
  return online;
};

const measure = async (cloud: BenchCloud, size: Size) => {
  const { tenant, deviceIds } = await addFleet(cloud, size.devices);
  const { publish, connection } = await openBeats(cloud, tenant.tenantId);
  const restShare = await untilCalm(cloud, size.calmMs);
  const warm = Date.now();
  await beatAll(publish, deviceIds, { intervalMs: size.intervalMs, seq: 0 });
  await untilWritten(cloud, warm, deviceIds.length);
  const [before, from, since] = [spent(cloud), performance.now(), Date.now()];
  for (let seq = 1; seq <= size.intervals; seq += 1) {
    await beatAll(publish, deviceIds, { intervalMs: size.intervalMs, seq });
  }
  await connection.flush();
  const tookMs = performance.now() - from;
  const after = spent(cloud);
  const online = await untilWritten(cloud, since, deviceIds.length);
  await connection.close();
  const percent = (part: keyof typeof before): number =>
    rounded(((after[part] - before[part]) / tookMs) * 100, 2);
  return {
    devices: deviceIds.length,
    beatsPerSecond: Math.round((deviceIds.length * size.intervals * 1_000) / tookMs),
    cloudPercentOfCore: percent('cloud'),
    cloudAtRestPercentOfCore: rounded(restShare * 100, 2),
    hubPercentOfCore: percent('hub'),
    postgresPercentOfCore: percent('postgres'),
    online,
  };
};

export const run = async ({
  smoke,
  ...more
}: { smoke: boolean } & Partial<Size>): Promise<{
  name: string;
  figures: Record<string, number>;
}> => {
  const loadBefore = loadAverage();
  const cloud = await openBenchCloud();
  try {
    const measured = await measure(cloud, { ...sizes[smoke ? 'smoke' : 'canonical'], ...more });
    const cloudResidentMb = rounded(residentMbOf(cloud.cloudPid));
    return {
      name: 'presence',
      figures: { ...measured, cloudResidentMb, machineLoadBefore: loadBefore },
    };
  } finally {
    await cloud.stop();
  }
};
