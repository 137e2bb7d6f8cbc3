/**
 * Channels of a tenant as people keep them. Secrets come and go sealed; who opens them is
 * ../notify/channel.ts. How a channel does is written by the loop (./notification-queue.ts).
 */
import type { Sql } from '@signalbeam/platform/postgres/pool';
import type { Hears } from '../core/notice.ts';

export type ChannelRow = {
  id: string;
  tenantId: string;
  name: string;
  kind: string;
  settings: unknown;
  secretsSealed: Buffer;
  hears: Hears;
  enabled: boolean;
  createdAt: Date;
  changedAt: Date;
  failures: number;
  failingSince: Date | null;
  lastFailure: string | null;
  lastDeliveredAt: Date | null;
  retryAt: Date | null;
  dropped: number;
  lastDroppedAt: Date | null;
  /** How many deliveries wait; counted up to the most that may. */
  waiting: number;
};

const columns = `c.id, c.tenant_id AS "tenantId", c.name, c.kind, c.settings,
  c.secrets_sealed AS "secretsSealed", c.hears, c.enabled, c.created_at AS "createdAt",
  c.changed_at AS "changedAt", c.failures, c.failing_since AS "failingSince",
  c.last_failure AS "lastFailure", c.last_delivered_at AS "lastDeliveredAt",
  c.retry_at AS "retryAt", c.dropped, c.last_dropped_at AS "lastDroppedAt",
  (SELECT count(*)::integer FROM telemetry.notification_deliveries d
    WHERE d.channel_id = c.id AND d.status = 'waiting') AS waiting`;

/** All of a tenant: there are few (`channelsMax`). */
export const listChannels = async (sql: Sql, tenantId: string): Promise<ChannelRow[]> => {
  const { rows } = await sql.query<ChannelRow>(
    `SELECT ${columns} FROM telemetry.notification_channels c
      WHERE c.tenant_id = $1 ORDER BY lower(c.name), c.id`,
    [tenantId],
  );
  return rows;
};

export const findChannel = async (sql: Sql, id: string): Promise<ChannelRow | null> => {
  const { rows } = await sql.query<ChannelRow>(
    `SELECT ${columns} FROM telemetry.notification_channels c WHERE c.id = $1`,
    [id],
  );
  return rows[0] ?? null;
};

export const lockChannel = async (sql: Sql, id: string): Promise<ChannelRow | null> => {
  const { rows } = await sql.query<ChannelRow>(
    `SELECT ${columns} FROM telemetry.notification_channels c WHERE c.id = $1 FOR UPDATE OF c`,
    [id],
  );
  return rows[0] ?? null;
};

export const countChannels = async (sql: Sql): Promise<number> => {
  const { rows } = await sql.query<{ count: number }>(
    'SELECT count(*)::integer AS count FROM telemetry.notification_channels',
  );
  return rows[0]?.count ?? 0;
};

export type ChannelWish = Pick<
  ChannelRow,
  'id' | 'tenantId' | 'name' | 'kind' | 'settings' | 'secretsSealed' | 'hears' | 'enabled'
>;

/** False when there is one of this name. */
export const insertChannel = async (sql: Sql, wish: ChannelWish, at: Date): Promise<boolean> => {
  const { id, tenantId, name, kind, settings, secretsSealed, hears, enabled } = wish;
  const { rowCount } = await sql.query(
    `INSERT INTO telemetry.notification_channels
       (id, tenant_id, name, kind, settings, secrets_sealed, hears, enabled, created_at, changed_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9) ON CONFLICT (tenant_id, name) DO NOTHING`,
    [
      ...[id, tenantId, name, kind, JSON.stringify(settings), secretsSealed],
      ...[JSON.stringify(hears), enabled, at],
    ],
  );
  return rowCount === 1;
};

/** What was changed may be what it failed for: it is tried again at once. */
export const updateChannel = async (sql: Sql, wish: ChannelWish, at: Date): Promise<void> => {
  const { id, name, settings, secretsSealed, hears, enabled } = wish;
  await sql.query(
    `UPDATE telemetry.notification_channels
        SET name = $2, settings = $3, secrets_sealed = $4, hears = $5, enabled = $6,
            changed_at = $7, retry_at = NULL, failures = 0,
            due_at = CASE WHEN due_at IS NULL THEN NULL ELSE $7::timestamptz END
      WHERE id = $1`,
    [...[id, name, JSON.stringify(settings), secretsSealed, JSON.stringify(hears), enabled], at],
  );
};

export const deleteChannel = async (sql: Sql, id: string): Promise<void> => {
  await sql.query('DELETE FROM telemetry.notification_channels WHERE id = $1', [id]);
};
