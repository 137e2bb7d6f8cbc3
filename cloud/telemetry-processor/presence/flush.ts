/**
 * Writes presence down and decides who is offline: three announced intervals without a heartbeat,
 * counted from when this replica began to listen at the earliest, so that our own restart takes
 * nobody offline; nor does a suspension, which keeps a tenant's devices from us. Each change is one domain event of the same transaction, whichever replica made
 * it; a fleet that goes away does so in many transactions.
 */
import { type DomainEvent, recordEvents } from '@signalbeam/platform/events/outbox';
import type { Pool } from '@signalbeam/platform/postgres/pool';
import { transaction } from '@signalbeam/platform/postgres/transaction';
import type { PoolClient } from 'pg';
import { markHealth } from '../store/health.ts';
import type { Beat } from './heard.ts';

export const missedBeatsMax = 3;
/** How long devices of a tenant have to come back, once it is suspended no more. */
const backMs = 5 * 60_000;
const silentMax = 50_000;
/** Devices that go offline in one transaction. Of 100,000 at once fewer made lists no faster, and the last was told of later. */
const offlineHeap = 1_000;

type Presence = 'online' | 'offline';
type ChangedRow = {
  device_id: string;
  tenant_id: string;
  last_seen_at: Date;
  presence: Presence;
};

const isFresh = (beat: Beat, nowMs: number): boolean =>
  beat.lastSeenAt + beat.nextBeatMs * missedBeatsMax > nowMs;

type SeenRow = ChangedRow & { is_new: boolean };

/** Moves last-seen, and makes rows of devices that had none. */
const moveSeen = async (
  client: PoolClient,
  beats: readonly Beat[],
  now: Date,
): Promise<SeenRow[]> => {
  const sorted = beats.toSorted((a, b) => (a.deviceId < b.deviceId ? -1 : 1));
  const { rows } = await client.query<SeenRow>({
    name: 'telemetry-move-seen',
    text: `INSERT INTO telemetry.presence AS p
             (device_id, tenant_id, last_seen_at, next_beat_ms, presence, changed_at)
           SELECT device_id, tenant_id, to_timestamp(seen / 1000.0), next_beat_ms, presence, $6
             FROM unnest($1::uuid[], $2::uuid[], $3::float8[], $4::integer[], $5::text[])
               AS b (device_id, tenant_id, seen, next_beat_ms, presence)
           ON CONFLICT (device_id) DO UPDATE SET
             last_seen_at = greatest(p.last_seen_at, excluded.last_seen_at),
             next_beat_ms = excluded.next_beat_ms,
             tenant_id = excluded.tenant_id
           RETURNING device_id, tenant_id, last_seen_at, presence, xmax = 0 AS is_new`,
    values: [
      sorted.map((beat) => beat.deviceId),
      sorted.map((beat) => beat.tenantId),
      sorted.map((beat) => beat.lastSeenAt),
      sorted.map((beat) => beat.nextBeatMs),
      sorted.map((beat) => (isFresh(beat, now.getTime()) ? 'online' : 'offline')),
      now,
    ],
  });
  return rows;
};

/** Of those that are offline still: another replica may have been first. */
const cameOnline = async (
  client: PoolClient,
  deviceIds: readonly string[],
  now: Date,
): Promise<ChangedRow[]> => {
  if (deviceIds.length === 0) return [];
  const { rows } = await client.query<ChangedRow>(
    `UPDATE telemetry.presence SET presence = 'online', changed_at = $2
      WHERE device_id = ANY($1::uuid[]) AND presence = 'offline'
  RETURNING device_id, tenant_id, last_seen_at, presence`,
    [deviceIds, now],
  );
  return rows;
};

/** A beat that is old news by now moves last-seen and takes nobody online. */
const wereSeen = async (
  client: PoolClient,
  beats: readonly Beat[],
  now: Date,
): Promise<ChangedRow[]> => {
  const rows = await moveSeen(client, beats, now);
  const fresh = new Set(
    beats.filter((beat) => isFresh(beat, now.getTime())).map(({ deviceId }) => deviceId),
  );
  const back = rows.filter(
    (row) => !row.is_new && row.presence === 'offline' && fresh.has(row.device_id),
  );
  const ids = back.map(({ device_id }) => device_id);
  return [...rows.filter((row) => row.is_new), ...(await cameOnline(client, ids, now))];
};

type Times = { listeningSince: number; now: number };

/** Of `p`, since when we listen as $1, and now as $2. */
const isSilent = `p.presence = 'online'
  AND greatest(p.last_seen_at, $1) + p.next_beat_ms * ${missedBeatsMax} * interval '1 millisecond' < $2
  AND NOT EXISTS (
    SELECT 1 FROM device_manager.public_tenants t
     WHERE t.tenant_id = p.tenant_id
       AND (t.suspended_at IS NOT NULL OR t.resumed_at > $2 - interval '${backMs} milliseconds'))`;

/** Reads presence once, however many are silent; more than are told here go the next time. */
const findSilent = async (pool: Pool, times: Times): Promise<string[]> => {
  const { rows } = await pool.query<{ ids: string[] }>({
    name: 'telemetry-presence-silent',
    text: `SELECT ARRAY(SELECT p.device_id FROM telemetry.presence p WHERE ${isSilent}
                         LIMIT ${silentMax}) AS ids`,
    values: [new Date(times.listeningSince), new Date(times.now)],
  });
  return rows[0]?.ids ?? [];
};

const wentOffline = async (
  client: PoolClient,
  deviceIds: readonly string[],
  times: Times,
): Promise<ChangedRow[]> => {
  const { rows } = await client.query<ChangedRow>({
    name: 'telemetry-presence-offline',
    text: `UPDATE telemetry.presence SET presence = 'offline', changed_at = $2
            WHERE device_id = ANY(ARRAY(
              SELECT p.device_id FROM telemetry.presence p
               WHERE p.device_id = ANY($3::uuid[]) AND ${isSilent}
                 FOR UPDATE OF p SKIP LOCKED))
        RETURNING device_id, tenant_id, last_seen_at, presence`,
    values: [new Date(times.listeningSince), new Date(times.now), deviceIds],
  });
  return rows;
};

const eventOf = (row: ChangedRow, now: Date): DomainEvent => ({
  tenantId: row.tenant_id,
  type: `device.${row.presence}`,
  subject: 'signalbeam.devices.presence',
  data: {
    deviceId: row.device_id,
    presence: row.presence,
    lastSeenAt: row.last_seen_at.toISOString(),
    changedAt: now.toISOString(),
  },
});

const tell = async (
  client: PoolClient,
  changed: readonly ChangedRow[],
  now: Date,
): Promise<number> => {
  await recordEvents(
    client,
    changed.map((row) => eventOf(row, now)),
  );
  await markHealth(
    client,
    changed.map(({ device_id }) => device_id),
  );
  return changed.length;
};

/** Over a pool with the role `sb_ingest`. Returns how many devices came online. */
export const flushPresence = (
  pool: Pool,
  beats: readonly Beat[],
  nowMs: number,
): Promise<number> => {
  const now = new Date(nowMs);
  return transaction(pool, async (client) => tell(client, await wereSeen(client, beats, now), now));
};

/**
 * Takes who is silent offline, after what was heard has been written; who is heard of meanwhile stays.
 * Returns how many.
 */
export const takeOffline = async (
  pool: Pool,
  { listeningSince, now }: { listeningSince: number; now: () => number },
): Promise<number> => {
  const silent = await findSilent(pool, { listeningSince, now: now() });
  let offline = 0;
  for (let from = 0; from < silent.length; from += offlineHeap) {
    const some = silent.slice(from, from + offlineHeap);
    const times = { listeningSince, now: now() };
    offline += await transaction(pool, async (client) =>
      tell(client, await wentOffline(client, some, times), new Date(times.now)),
    );
  }
  return offline;
};
