/**
 * Writes presence down and decides who is offline: three announced intervals without a heartbeat,
 * counted from when this replica began to listen at the earliest, so that our own restart takes
 * nobody offline. Each change is a domain event of the same transaction.
 */
import { type DomainEvent, recordEvents } from '@signalbeam/platform/events/outbox';
import type { Pool } from '@signalbeam/platform/postgres/pool';
import { transaction } from '@signalbeam/platform/postgres/transaction';
import type { PoolClient } from 'pg';
import type { Beat } from './heard.ts';

export const missedBeatsMax = 3;

type Presence = 'online' | 'offline';
type ChangedRow = {
  device_id: string;
  tenant_id: string;
  last_seen_at: Date;
  presence: Presence;
};

const isFresh = (beat: Beat, nowMs: number): boolean =>
  beat.lastSeenAt + beat.nextBeatMs * missedBeatsMax > nowMs;

/** A beat that is old news by now moves last-seen and takes nobody online. */
const wereSeen = async (
  client: PoolClient,
  beats: readonly Beat[],
  now: Date,
): Promise<ChangedRow[]> => {
  const sorted = beats.toSorted((a, b) => (a.deviceId < b.deviceId ? -1 : 1));
  const { rows } = await client.query<ChangedRow>({
    name: 'telemetry-flush-presence',
    text: `WITH flushed AS (
             INSERT INTO telemetry.presence AS p
               (device_id, tenant_id, last_seen_at, next_beat_ms, presence, changed_at)
             SELECT device_id, tenant_id, to_timestamp(seen / 1000.0), next_beat_ms, presence, $6
               FROM unnest($1::uuid[], $2::uuid[], $3::float8[], $4::integer[], $5::text[])
                 AS b (device_id, tenant_id, seen, next_beat_ms, presence)
             ON CONFLICT (device_id) DO UPDATE SET
               last_seen_at = greatest(p.last_seen_at, excluded.last_seen_at),
               next_beat_ms = excluded.next_beat_ms,
               tenant_id = excluded.tenant_id,
               changed_at = CASE WHEN p.presence = 'offline' AND excluded.presence = 'online'
                                 THEN $6 ELSE p.changed_at END,
               presence = CASE excluded.presence WHEN 'online' THEN 'online' ELSE p.presence END
             RETURNING device_id, tenant_id, last_seen_at, presence, changed_at)
           SELECT device_id, tenant_id, last_seen_at, presence FROM flushed WHERE changed_at = $6`,
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

const wentOffline = async (
  client: PoolClient,
  listeningSince: Date,
  now: Date,
): Promise<ChangedRow[]> => {
  const { rows } = await client.query<ChangedRow>({
    name: 'telemetry-presence-offline',
    text: `UPDATE telemetry.presence SET presence = 'offline', changed_at = $2
            WHERE presence = 'online'
              AND greatest(last_seen_at, $1)
                  + next_beat_ms * ${missedBeatsMax} * interval '1 millisecond' < $2
        RETURNING device_id, tenant_id, last_seen_at, presence`,
    values: [listeningSince, now],
  });
  return rows;
};

const eventOf = (row: ChangedRow, now: Date): DomainEvent => ({
  tenantId: row.tenant_id,
  type: 'device.presence',
  subject: 'signalbeam.devices.presence',
  data: {
    deviceId: row.device_id,
    presence: row.presence,
    lastSeenAt: row.last_seen_at.toISOString(),
    changedAt: now.toISOString(),
  },
});

/** Over a pool with the role `sb_ingest`. Returns how many devices changed. */
export const flushPresence = (
  pool: Pool,
  beats: readonly Beat[],
  times: { listeningSince: number; now: number },
): Promise<{ online: number; offline: number }> => {
  const now = new Date(times.now);
  return transaction(pool, async (client) => {
    const seen = beats.length === 0 ? [] : await wereSeen(client, beats, now);
    const silent = await wentOffline(client, new Date(times.listeningSince), now);
    const changed = [...seen, ...silent];
    await recordEvents(
      client,
      changed.map((row) => eventOf(row, now)),
    );
    const online = changed.filter(({ presence }) => presence === 'online').length;
    return { online, offline: changed.length - online };
  });
};
