/**
 * Keeps `telemetry.device_health` in step with the facts: takes notes of devices whose facts changed
 * and those whose time is up, reads the facts of a bounded number of them in a handful of
 * statements, and writes down what `core/health` says. Facts are read after the note was taken, so a
 * fact that comes later brings a note of its own. Which facts bring one: a report, an event that
 * counts as trouble, coming and going, a sample of another strain.
 */
import type { Pool } from '@signalbeam/platform/postgres/pool';
import { transaction } from '@signalbeam/platform/postgres/transaction';
import { metricNames } from '@signalbeam/sync/wire/rows';
import type { PoolClient } from 'pg';
import {
  type HealthFacts,
  healthLimits,
  judgeHealth,
  type ReportedFacts,
  type Strained,
  strainOf,
  troubleTypes,
} from '../core/health.ts';
import { isPlausible } from '../core/placement.ts';

/** Devices of one transaction; a report has up to 16 KB. */
const devicesMax = 500;
const roundsMax = 20;
/** Of a device, newest first: more than so many troubles a day change no score. */
const eventsMax = 100;

export const markHealth = async (
  client: PoolClient,
  deviceIds: Iterable<string>,
): Promise<void> => {
  const ids = [...new Set(deviceIds)];
  if (ids.length === 0) return;
  await client.query('INSERT INTO telemetry.health_marks (device_id) SELECT unnest($1::uuid[])', [
    ids,
  ]);
};

/** The newest sample as the rollups keep it: its time, then the metrics in their order. */
export const sampleOf = (newest: readonly (number | null)[]): Strained =>
  Object.fromEntries(metricNames.map((name, index) => [name, newest[index + 1] ?? null]));

/** Marks the devices of which a sample came that is newer than what was judged, and of another strain. */
export const markStrained = async (
  client: PoolClient,
  samples: readonly { deviceId: string; newest: readonly (number | null)[] }[],
): Promise<void> => {
  const latest = new Map<string, readonly (number | null)[]>();
  for (const { deviceId, newest } of samples) {
    const known = latest.get(deviceId);
    if (known === undefined || (newest[0] ?? 0) > (known[0] ?? 0)) latest.set(deviceId, newest);
  }
  if (latest.size === 0) return;
  const { rows } = await client.query<{ device_id: string; strain: string }>(
    'SELECT device_id, strain FROM telemetry.device_health WHERE device_id = ANY($1::uuid[])',
    [[...latest.keys()]],
  );
  const strains = new Map(rows.map(({ device_id, strain }) => [device_id, strain]));
  const changed = [...latest]
    .filter(([deviceId, newest]) => strains.get(deviceId) !== strainOf(sampleOf(newest)))
    .map(([deviceId]) => deviceId);
  await markHealth(client, changed);
};

const takeDevices = async (client: PoolClient, now: Date): Promise<string[]> => {
  const { rows } = await client.query<{ device_id: string }>(
    `WITH taken AS (
       DELETE FROM telemetry.health_marks WHERE id = ANY(ARRAY(
         SELECT id FROM telemetry.health_marks ORDER BY id LIMIT $1 FOR UPDATE SKIP LOCKED))
       RETURNING device_id),
     due AS (
       SELECT device_id FROM telemetry.device_health WHERE due_at <= $2
        ORDER BY due_at LIMIT $1 FOR UPDATE SKIP LOCKED)
     SELECT device_id FROM taken UNION SELECT device_id FROM due`,
    [devicesMax, now],
  );
  return rows.map(({ device_id }) => device_id);
};

type FactsRow = {
  device_id: string;
  tenant_id: string;
  presence: 'online' | 'offline' | null;
  last_seen_at: Date | null;
  engine: ReportedFacts['engine'] | null;
  slots: ReportedFacts['slots'] | null;
  containers: ReportedFacts['containers'] | null;
  newest: (number | null)[] | null;
  troubles: { type: string; at: string; received_at: string }[] | null;
};

/** Of devices that are still somebody's; by one index scan of each table for each device. */
const readFacts = async (client: PoolClient, ids: readonly string[], now: Date) => {
  const { rows } = await client.query<FactsRow>({
    name: 'telemetry-health-facts',
    text: `SELECT d.device_id, d.tenant_id, p.presence, p.last_seen_at,
                  r.body -> 'engine' AS engine, r.body -> 'slots' AS slots,
                  r.body -> 'containers' AS containers, m.newest, e.troubles
             FROM device_manager.public_devices d
             LEFT JOIN telemetry.presence p ON p.device_id = d.device_id
             LEFT JOIN telemetry.reported r ON r.device_id = d.device_id
             LEFT JOIN LATERAL (
               SELECT newest FROM telemetry.metrics_hourly h
                WHERE h.device_id = d.device_id AND h.bucket > $3
                ORDER BY bucket DESC LIMIT 1) m ON true
             LEFT JOIN LATERAL (
               SELECT jsonb_agg(jsonb_build_object(
                        'type', type, 'at', at, 'received_at', received_at)) AS troubles
                 FROM (SELECT type, at, received_at FROM telemetry.events v
                        WHERE v.device_id = d.device_id ORDER BY id DESC LIMIT ${eventsMax}) newest
                WHERE received_at > $2 AND type = ANY($4)) e ON true
            WHERE d.device_id = ANY($1::uuid[]) AND d.registration_status = 'approved'`,
    values: [
      ids,
      new Date(now.getTime() - healthLimits.troubleMs),
      // A sample older than the day's last is worth no more than none.
      new Date(now.getTime() - 2 * healthLimits.troubleMs),
      troubleTypes,
    ],
  });
  return rows;
};

const factsOf = (row: FactsRow): HealthFacts => {
  const { presence, last_seen_at, engine, slots, containers, newest, troubles } = row;
  return {
    presence:
      presence === null || last_seen_at === null
        ? null
        : { isOnline: presence === 'online', lastSeenAt: last_seen_at.getTime() },
    reported:
      engine === null || slots === null || containers === null
        ? null
        : { engine, slots, containers },
    sample: newest === null ? null : sampleOf(newest),
    troubles: (troubles ?? []).map(({ type, at, received_at }) => {
      const [happened, received] = [Date.parse(at), Date.parse(received_at)];
      return {
        type,
        at: isPlausible(happened, received) ? Math.min(happened, received) : received,
      };
    }),
  };
};

const write = async (client: PoolClient, rows: readonly FactsRow[], now: Date): Promise<void> => {
  const judged = rows
    .map((row) => ({ row, health: judgeHealth(factsOf(row), now.getTime()) }))
    .sort((a, b) => (a.row.device_id < b.row.device_id ? -1 : 1));
  const time = (ms: number | null): Date | null => (ms === null ? null : new Date(ms));
  await client.query({
    name: 'telemetry-write-health',
    text: `INSERT INTO telemetry.device_health AS h
             (device_id, tenant_id, score, not_heard_since, parts, strain, due_at, judged_at)
           SELECT *, $8 FROM unnest($1::uuid[], $2::uuid[], $3::smallint[], $4::timestamptz[],
             $5::jsonb[], $6::text[], $7::timestamptz[])
           ON CONFLICT (device_id) DO UPDATE SET
             tenant_id = excluded.tenant_id, score = excluded.score,
             not_heard_since = excluded.not_heard_since, parts = excluded.parts,
             strain = excluded.strain, due_at = excluded.due_at, judged_at = excluded.judged_at`,
    values: [
      judged.map(({ row }) => row.device_id),
      judged.map(({ row }) => row.tenant_id),
      judged.map(({ health }) => health.score),
      judged.map(({ health }) => time(health.notHeardSince)),
      judged.map(({ health }) => JSON.stringify(health.parts)),
      judged.map(({ health }) => health.strain),
      judged.map(({ health }) => time(health.dueAt)),
      now,
    ],
  });
};

const round = (pool: Pool, now: Date): Promise<number> =>
  transaction(pool, async (client) => {
    const ids = await takeDevices(client, now);
    if (ids.length === 0) return 0;
    const rows = await readFacts(client, ids, now);
    await write(client, rows, now);
    const known = new Set(rows.map(({ device_id }) => device_id));
    await client.query('DELETE FROM telemetry.device_health WHERE device_id = ANY($1::uuid[])', [
      ids.filter((id) => !known.has(id)),
    ]);
    return ids.length;
  });

/** Over a pool with the role `sb_ingest`. Returns how many devices were judged; more may be left. */
export const judgeDevices = async (pool: Pool, nowMs: number): Promise<number> => {
  let judged = 0;
  for (let rounds = 0; rounds < roundsMax; rounds += 1) {
    const count = await round(pool, new Date(nowMs));
    judged += count;
    if (count < devicesMax) break;
  }
  return judged;
};
