/**
 * Sessions that are open, so that a tenant has only so many on all replicas together, and the
 * numbers of commands. A session's beginning and end are lines of the audit log.
 */
import { refusal } from '@signalbeam/platform/http/problem';
import { writeAudit } from '@signalbeam/platform/postgres/audit';
import { onlyRow, type Pool, type Sql } from '@signalbeam/platform/postgres/pool';
import { type Author, changeTenant } from '@signalbeam/platform/postgres/tenant';
import { logSessionsPerDeviceMax, plainLogText } from '@signalbeam/sync/core/log-session';

/** Each holds a stream here and a reader of an engine there. */
export const logSessionsPerTenantMax = 20;

export type OpenedLog = {
  id: string;
  deviceId: string;
  container: string;
  bundle: string | null;
  endsAt: Date;
};

const targetOf = ({ deviceId }: OpenedLog): string => `device:${deviceId}`;

/** Throws `too-many-requests` when the device or the tenant has as many as it may. */
export const insertLogSession = (pool: Pool, author: Author, opened: OpenedLog): Promise<void> =>
  changeTenant(pool, author, async (client) => {
    const { tenantId, actor, ip } = author;
    const { id, deviceId, container, bundle, endsAt } = opened;
    await client.query(`SELECT pg_advisory_xact_lock(hashtextextended('logs ' || $1, 0))`, [
      tenantId,
    ]);
    await client.query('DELETE FROM telemetry.log_sessions WHERE ends_at < now()');
    const { own, all } = onlyRow(
      await client.query<{ own: number; all: number }>(
        `SELECT count(*) FILTER (WHERE device_id = $1)::int AS own, count(*)::int AS all
           FROM telemetry.log_sessions`,
        [deviceId],
      ),
    );
    const next = 'Close one of them first.';
    if (own >= logSessionsPerDeviceMax) {
      throw refusal('too-many-requests', `${own} people look at logs of this device.`, { next });
    }
    if (all >= logSessionsPerTenantMax) {
      throw refusal('too-many-requests', `${all} logs are looked at.`, { next });
    }
    await client.query(
      `INSERT INTO telemetry.log_sessions (id, tenant_id, device_id, ends_at)
       VALUES ($1, $2, $3, $4)`,
      [id, tenantId, deviceId, endsAt],
    );
    const after = { container, bundle };
    const target = targetOf(opened);
    await writeAudit(client, { tenantId, actor, action: 'device.logs-open', target, after, ip });
  });

export type LogUse = { seconds: number; lines: number; leftOut: number; reason: string };

export const endLogSession = (
  pool: Pool,
  author: Author,
  opened: OpenedLog,
  use: LogUse,
): Promise<void> =>
  changeTenant(pool, author, async (client) => {
    const { tenantId, actor, ip } = author;
    const { container, bundle } = opened;
    await client.query('DELETE FROM telemetry.log_sessions WHERE id = $1', [opened.id]);
    const after = { container, bundle, ...use };
    const target = targetOf(opened);
    await writeAudit(client, { tenantId, actor, action: 'device.logs-close', target, after, ip });
  });

/**
 * A number above all that were given out for this device. Every further try takes a step, so that
 * what a device saw before the database was restored from a backup is soon overtaken.
 */
export const nextCommandVersion = async (sql: Sql, deviceId: string, step: number) =>
  onlyRow(
    await sql.query<{ version: number }>(
      `INSERT INTO telemetry.device_commands AS known (device_id, version) VALUES ($1, $2)
       ON CONFLICT (device_id) DO UPDATE SET version = known.version + $2
       RETURNING version::int AS version`,
      [deviceId, step],
    ),
  ).version;

export type LastFailure = { at: string; message: string; lines: string[] };

/** Of its newest events: a failure of long ago explains nothing. */
const eventsLooked = 200;

/** What the device kept of the log of what failed last; null when nothing did. */
export const readLastFailure = async (sql: Sql, deviceId: string): Promise<LastFailure | null> => {
  const { rows } = await sql.query<{ at: Date; message: string; tail: string }>(
    `SELECT at, message, data->>'logTail' AS tail
       FROM (SELECT id, at, message, type, data FROM telemetry.public_events
              WHERE device_id = $1 ORDER BY id DESC LIMIT ${eventsLooked}) AS newest
      WHERE type IN ('update-failed', 'restored') AND data->>'logTail' <> ''
      ORDER BY id DESC LIMIT 1`,
    [deviceId],
  );
  const [row] = rows;
  if (row === undefined) return null;
  const lines = row.tail.split('\n').map(plainLogText);
  return { at: row.at.toISOString(), message: plainLogText(row.message), lines };
};
