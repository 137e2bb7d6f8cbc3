/** The log of deliveries, as people read it, and the second try that they ask for. */
import type { Sql } from '@signalbeam/platform/postgres/pool';
import type { Notice } from '../core/notice.ts';

export type DeliveryRow = {
  id: string;
  position: number;
  channelId: string;
  channelName: string;
  kind: string;
  type: string;
  site: string | null;
  notice: Notice;
  status: 'waiting' | 'delivered' | 'given-up' | 'passed-over';
  attempts: number;
  occurredAt: Date;
  queuedAt: Date;
  lastAttemptAt: Date | null;
  nextAttemptAt: Date | null;
  finishedAt: Date | null;
  folded: number | null;
  reason: string | null;
  answer: string | null;
};

const columns = `d.id, d.position, d.channel_id AS "channelId", c.name AS "channelName", c.kind,
  d.type, d.site, d.notice, d.status, d.attempts, d.occurred_at AS "occurredAt",
  d.queued_at AS "queuedAt", d.last_attempt_at AS "lastAttemptAt",
  CASE WHEN d.status = 'waiting' THEN greatest(d.retry_at, c.retry_at) END AS "nextAttemptAt",
  d.finished_at AS "finishedAt", d.folded, d.reason, d.answer`;

export type DeliveryFilter = {
  tenantId: string;
  channelId: string | null;
  status: string | null;
  /** Those before it only. */
  before: number | null;
  limit: number;
};

/** Newest first. */
export const listDeliveries = async (sql: Sql, filter: DeliveryFilter): Promise<DeliveryRow[]> => {
  const { tenantId, channelId, status, before, limit } = filter;
  const of = channelId === null ? ['d.tenant_id', tenantId] : ['d.channel_id', channelId];
  const { rows } = await sql.query<DeliveryRow>(
    `SELECT ${columns} FROM telemetry.notification_deliveries d
       JOIN telemetry.notification_channels c ON c.id = d.channel_id
      WHERE ${of[0]} = $1 AND ($2::text IS NULL OR d.status = $2)
        AND ($3::bigint IS NULL OR d.position < $3)
      ORDER BY d.position DESC LIMIT $4`,
    [of[1], status, before, limit],
  );
  return rows;
};

export const lockDelivery = async (sql: Sql, id: string): Promise<DeliveryRow | null> => {
  const { rows } = await sql.query<DeliveryRow>(
    `SELECT ${columns} FROM telemetry.notification_deliveries d
       JOIN telemetry.notification_channels c ON c.id = d.channel_id
      WHERE d.id = $1 FOR UPDATE OF d`,
    [id],
  );
  return rows[0] ?? null;
};

/** Queues it as if it were new, and lets its channel try at once. */
export const retryDelivery = async (
  sql: Sql,
  of: { id: string; channelId: string },
  at: Date,
): Promise<void> => {
  await sql.query(
    `UPDATE telemetry.notification_deliveries
        SET status = 'waiting', attempts = 0, retry_at = NULL, queued_at = $2, finished_at = NULL
      WHERE id = $1`,
    [of.id, at],
  );
  await sql.query(
    `UPDATE telemetry.notification_channels SET retry_at = NULL, due_at = $2 WHERE id = $1`,
    [of.channelId, at],
  );
};

export type LoggedTest = {
  id: string;
  tenantId: string;
  channelId: string;
  notice: Notice;
  delivered: boolean;
  said: string;
  at: Date;
};

/** A test is in the log like all that was sent, and says how the channel does; it is tried once. */
export const logTest = async (sql: Sql, test: LoggedTest): Promise<void> => {
  const { id, tenantId, channelId, notice, delivered, said, at } = test;
  await sql.query(
    `INSERT INTO telemetry.notification_deliveries
       (id, tenant_id, channel_id, event_id, type, notice, occurred_at, queued_at, status, attempts,
        last_attempt_at, finished_at, message_id, folded, reason, answer)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $7, $8, 1, $7, $7, $1, 1, $9, $10)`,
    [
      ...[id, tenantId, channelId, notice.id, notice.type, JSON.stringify(notice), at],
      ...[delivered ? 'delivered' : 'given-up', delivered ? null : said, delivered ? said : null],
    ],
  );
  await sql.query(
    delivered
      ? `UPDATE telemetry.notification_channels
            SET failures = 0, failing_since = NULL, last_failure = NULL, last_delivered_at = $2,
                retry_at = NULL, due_at = CASE WHEN due_at IS NULL THEN NULL ELSE $2::timestamptz END
          WHERE id = $1`
      : `UPDATE telemetry.notification_channels
            SET failing_since = coalesce(failing_since, $2), last_failure = $3 WHERE id = $1`,
    delivered ? [channelId, at] : [channelId, at, said],
  );
};
