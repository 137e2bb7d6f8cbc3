/**
 * What watching costs and how fast it tells. First one look of the evaluation over a whole fleet, by
 * its own functions: at rest, with a share of the devices in alarm, and while many go silent at once.
 * Then from cause to receiver through the cloud as `up` runs it: a sample published at the hub, and a
 * device that says nothing more, until a webhook on this host has the alert in hand.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { openPool, type Pool } from '@signalbeam/platform/postgres/pool';
import { evaluateAlerts } from '@signalbeam/telemetry-processor/alerts/evaluate';
import { addTenant, type TestTenant } from '@signalbeam/telemetry-processor/rig.suite';
import { tellAll } from './alerts-told.suite.ts';
import { type BenchCloud, loadAverage, openBenchCloud, quantile, rounded } from './cloud.suite.ts';

const sizes = {
  smoke: { devices: 400, looks: 2, causes: 2 },
  canonical: { devices: 100_000, looks: 10, causes: 60 },
};
type Size = (typeof sizes)['smoke'];
const devicesPerSite = 200;
/** Of the fleet: as many are hot, as many have little disk left, as many are ill. */
const inAlarmShare = 0.01;
const silentAtOnceShare = 0.1;
const scopedShare = 0.1;
const scopedTypes = [
  ['device-offline', 'device-unhealthy', 'high-cpu', 'high-memory', 'low-disk', 'high-temperature'],
  [null, null, 90, 90, 90, 85],
];
const elevenMinutesMs = 660_000;

/** All of them heard of, reported and measured. */
const addFleet = async (maker: Pool, tenant: TestTenant, count: number): Promise<void> => {
  await maker.query(
    `WITH made AS (
       INSERT INTO device_manager.devices
         (tenant_id, name, site, status, public_key, sealing_key, fingerprint, agent_version, os,
          architecture, hostname, registration_token_id)
       SELECT $1::uuid, 'device ' || i, 'plant-' || i / $4::integer, 'approved',
              'U' || md5($1::uuid::text || i), 'k', '', '0.1.0', 'linux', 'arm64', 'host', $3::uuid
         FROM generate_series(1, $2::integer) i RETURNING id),
     heard AS (
       INSERT INTO telemetry.presence
         (device_id, tenant_id, last_seen_at, next_beat_ms, presence, changed_at)
       SELECT id, $1, now(), 86400000, 'online', now() FROM made),
     measured AS (
       INSERT INTO telemetry.latest_metrics
         (device_id, tenant_id, received_at, cpu_percent, memory_percent, disk_percent,
          temperature_celsius)
       SELECT id, $1, now(), random() * 80, random() * 80, random() * 80, 30 + random() * 40
         FROM made)
     INSERT INTO telemetry.reported
       (device_id, tenant_id, opened, epoch, seq, at, received_at, generation, body)
     SELECT id, $1, 1, '0', 1, now(), now(), 1,
            '{"engine":{"reachable":true},"slots":[],"containers":[{"health":"healthy"}]}'
       FROM made`,
    [tenant.tenantId, count, tenant.tokenId, devicesPerSite],
  );
  await maker.query('VACUUM ANALYZE');
};

/** By id, so of every site a few: none goes silent as a whole. */
const some = (share: number): string =>
  `(SELECT id FROM device_manager.devices WHERE tenant_id = $1 ORDER BY id
     LIMIT (SELECT count(*) * ${share} FROM device_manager.devices WHERE tenant_id = $1))`;

const alarm = async (maker: Pool, tenantId: string): Promise<void> => {
  for (const change of [
    'telemetry.latest_metrics SET cpu_percent = 99',
    'telemetry.latest_metrics SET disk_percent = 97',
    `telemetry.reported SET body = '{"containers":[{"health":"unhealthy"}]}'`,
  ]) {
    await maker.query(
      `UPDATE ${change} WHERE tenant_id = $1 AND device_id IN ${some(inAlarmShare)}`,
      [tenantId],
    );
  }
};

/** Rules of every kind for a query and for a group, each of a tenth of the fleet, beside the built-in ones. */
const addScopedRules = async (maker: Pool, tenantId: string): Promise<void> => {
  await maker.query(
    `INSERT INTO device_manager.device_tags (tenant_id, device_id, key, value)
     SELECT $1, id, 'ring', 'canary' FROM device_manager.devices
      WHERE tenant_id = $1 AND id IN ${some(scopedShare)}`,
    [tenantId],
  );
  await maker.query(
    `WITH made AS (
       INSERT INTO device_manager.groups (tenant_id, name, created_by)
       VALUES ($1, 'furnaces', 'bench') RETURNING id),
     members AS (
       INSERT INTO device_manager.group_members (tenant_id, group_id, device_id, added_by)
       SELECT $1, made.id, d.id, 'bench' FROM made, device_manager.devices d
        WHERE d.tenant_id = $1 AND d.id IN ${some(scopedShare / 2)})
     INSERT INTO telemetry.alert_rules
       (tenant_id, id, type, name, enabled, severity, threshold, clear_threshold, for_seconds,
        clear_seconds, escalate_after_seconds, group_id, query, changed_by, changed_at)
     SELECT $1, type || suffix, type, type || suffix, true, 'warning', threshold, threshold, 300, 60,
            NULL, CASE suffix WHEN '-group' THEN made.id END,
            CASE suffix WHEN '-query' THEN 'ring=canary' END, 'bench', now()
       FROM made, unnest($2::text[], $3::float8[]) AS of (type, threshold),
            unnest(ARRAY['-group', '-query']) AS suffix`,
    [tenantId, ...scopedTypes],
  );
  await maker.query('VACUUM ANALYZE');
};

const silence = (maker: Pool, tenantId: string) =>
  maker.query(
    `UPDATE telemetry.presence SET presence = 'offline', changed_at = now()
      WHERE tenant_id = $1 AND device_id IN ${some(silentAtOnceShare)}`,
    [tenantId],
  );

/** Null is of a look that the cloud's own was in the way of. */
const lookOnce = async (system: Pool, now: number) => {
  for (;;) {
    const began = performance.now();
    const looked = await evaluateAlerts(system, { now, graceUntilMs: 0 });
    if (looked !== null) return { tookMs: performance.now() - began, raised: looked.raised };
    await sleep(20);
  }
};

const lookOften = async (name: string, looks: number, look: () => ReturnType<typeof lookOnce>) => {
  const took: number[] = [];
  let raised = 0;
  for (let index = 0; index < looks; index += 1) {
    const looked = await look();
    took.push(looked.tookMs);
    raised += looked.raised;
  }
  return {
    [`${name}P50Ms`]: rounded(quantile(took, 0.5)),
    [`${name}MaxMs`]: rounded(quantile(took, 1)),
    [`${name}Raised`]: raised,
  };
};

const measureLooks = async ({ owner, test }: BenchCloud, size: Size) => {
  const { system } = test.platform.pools;
  const url = test.world.databaseUrl;
  const maker = openPool({ url, role: null, max: 1, statementTimeoutMs: 600_000 });
  const tenant = await addTenant(owner, test.platform);
  await addFleet(maker, tenant, size.devices);
  let ahead = 0;
  const looks = (name: string) =>
    lookOften(name, size.looks, () => lookOnce(system, Date.now() + ahead));
  const figures = { ...(await looks('rest')) };
  await alarm(maker, tenant.tenantId);
  Object.assign(figures, await looks('begin'));
  // The cloud's own looks find nothing due: their clock is behind. Past the time that a rule waits, and within the time that a sample says something.
  ahead = elevenMinutesMs;
  Object.assign(figures, await looks('tell'), await looks('inAlarm'));
  await addScopedRules(maker, tenant.tenantId);
  Object.assign(figures, await looks('scopedMoved'), await looks('scoped'));
  await silence(maker, tenant.tenantId);
  Object.assign(figures, await looks('silent'), await looks('silentTold'));
  await maker.end();
  return figures;
};

export const run = async ({ smoke }: { smoke: boolean }) => {
  const size = sizes[smoke ? 'smoke' : 'canonical'];
  const loadBefore = loadAverage();
  const cloud = await openBenchCloud({
    SIGNALBEAM_ALERT_GRACE_SECONDS: '0',
    SIGNALBEAM_PUBLIC_URL: 'http://127.0.0.1',
  });
  try {
    const told = await tellAll(cloud, size.causes);
    const looks = await measureLooks(cloud, size);
    return { name: 'alerts', figures: { devices: size.devices, loadBefore, ...told, ...looks } };
  } finally {
    await cloud.stop();
  }
};
