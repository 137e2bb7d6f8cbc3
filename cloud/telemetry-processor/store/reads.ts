/**
 * What requests read, through the views that know one tenant. `sql` is a client inside
 * `withTenant`; nothing here takes a tenant id.
 */
import type { Sql } from '@signalbeam/platform/postgres/pool';
import type { EventBody, ReportedBody } from '@signalbeam/sync/wire/rows';

/** Also one that was replaced or decommissioned: its history stays readable. */
export const deviceExists = async (sql: Sql, deviceId: string): Promise<boolean> => {
  // Planning it takes ten times as long as reading it: once for each connection is enough.
  const { rowCount } = await sql.query({
    name: 'telemetry-device-exists',
    text: `SELECT 1 FROM device_manager.public_devices WHERE device_id = $1
           UNION ALL
           SELECT 1 FROM device_manager.public_removed_devices
            WHERE device_id = $1 AND removal IN ('replaced', 'decommissioned')`,
    values: [deviceId],
  });
  return rowCount === 1;
};

/** Those of them that whoever asks may see; those of history, too. */
export const seenDevices = async (sql: Sql, deviceIds: readonly string[]): Promise<string[]> => {
  const { rows } = await sql.query<{ device_id: string }>({
    name: 'telemetry-seen-devices',
    text: `SELECT device_id FROM device_manager.public_devices WHERE device_id = ANY($1::uuid[])
           UNION
           SELECT device_id FROM device_manager.public_removed_devices
            WHERE device_id = ANY($1::uuid[]) AND removal IN ('replaced', 'decommissioned')`,
    values: [deviceIds],
  });
  const seen = new Set(rows.map(({ device_id }) => device_id));
  return deviceIds.filter((id) => seen.has(id));
};

export type PresenceRow = {
  lastSeenAt: number;
  nextBeatMs: number;
  presence: 'online' | 'offline';
};

export const readPresence = async (sql: Sql, deviceId: string): Promise<PresenceRow | null> => {
  const { rows } = await sql.query<{
    last_seen_at: Date;
    next_beat_ms: number;
    presence: 'online' | 'offline';
  }>(
    `SELECT last_seen_at, next_beat_ms, presence
       FROM telemetry.public_presence WHERE device_id = $1`,
    [deviceId],
  );
  const row = rows[0];
  if (row === undefined) return null;
  return {
    lastSeenAt: row.last_seen_at.getTime(),
    nextBeatMs: row.next_beat_ms,
    presence: row.presence,
  };
};

export type EventRecord = {
  id: number;
  seq: number;
  epoch: string;
  at: Date;
  received_at: Date;
} & EventBody;

/** Newest first, below `beforeId` when given. */
export const readEvents = async (
  sql: Sql,
  wanted: { deviceId: string; beforeId: number | null; limit: number },
): Promise<EventRecord[]> => {
  const { rows } = await sql.query<EventRecord>(
    `SELECT id, seq, epoch, at, received_at, type, severity, message, data
       FROM telemetry.public_events
      WHERE device_id = $1 AND ($2::bigint IS NULL OR id < $2)
      ORDER BY id DESC LIMIT $3`,
    [wanted.deviceId, wanted.beforeId, wanted.limit],
  );
  return rows;
};

export type ReportedRecord = { at: Date; received_at: Date; body: ReportedBody };

export const readReported = async (sql: Sql, deviceId: string): Promise<ReportedRecord | null> => {
  const { rows } = await sql.query<ReportedRecord>(
    'SELECT at, received_at, body FROM telemetry.public_reported WHERE device_id = $1',
    [deviceId],
  );
  return rows[0] ?? null;
};
