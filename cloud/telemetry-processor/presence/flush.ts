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

type ChangedRow = { device_id: string; tenant_id: string; last_seen_at: Date };

const cameOnline = async (
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
             SELECT device_id, tenant_id, to_timestamp(seen / 1000.0), next_beat_ms, 'online', $5
               FROM unnest($1::uuid[], $2::uuid[], $3::float8[], $4::integer[])
                 AS b (device_id, tenant_id, seen, next_beat_ms)
             ON CONFLICT (device_id) DO UPDATE SET
               last_seen_at = greatest(p.last_seen_at, excluded.last_seen_at),
               next_beat_ms = excluded.next_beat_ms,
               tenant_id = excluded.tenant_id,
               changed_at = CASE p.presence WHEN 'online' THEN p.changed_at ELSE $5 END,
               presence = 'online'
             RETURNING device_id, tenant_id, last_seen_at, changed_at)
           SELECT device_id, tenant_id, last_seen_at FROM flushed WHERE changed_at = $5`,
    values: [
      sorted.map((beat) => beat.deviceId),
      sorted.map((beat) => beat.tenantId),
      sorted.map((beat) => beat.lastSeenAt),
      sorted.map((beat) => beat.nextBeatMs),
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
        RETURNING device_id, tenant_id, last_seen_at`,
    values: [listeningSince, now],
  });
  return rows;
};

const eventOf = (row: ChangedRow, presence: 'online' | 'offline', now: Date): DomainEvent => ({
  tenantId: row.tenant_id,
  type: 'device.presence',
  subject: 'signalbeam.devices.presence',
  data: {
    deviceId: row.device_id,
    presence,
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
  // Old news of a replica that got the lease late: these devices are offline by now.
  const fresh = beats.filter(
    (beat) => beat.lastSeenAt + beat.nextBeatMs * missedBeatsMax > times.now,
  );
  return transaction(pool, async (client) => {
    const online = fresh.length === 0 ? [] : await cameOnline(client, fresh, now);
    const offline = await wentOffline(client, new Date(times.listeningSince), now);
    await recordEvents(client, [
      ...online.map((row) => eventOf(row, 'online', now)),
      ...offline.map((row) => eventOf(row, 'offline', now)),
    ]);
    return { online: online.length, offline: offline.length };
  });
};
