/**
 * What channels are told next: who listens, what is queued, which channel a replica has claimed, and
 * how it went. For background work of all tenants (`sb_system`); people's reads are in
 * ./notification-channels.ts and ./notification-deliveries.ts.
 */
import type { Pool, Sql } from '@signalbeam/platform/postgres/pool';
import { transaction } from '@signalbeam/platform/postgres/transaction';
import { type HearingStep, type Listener, waitingMax } from '../core/hearing.ts';
import type { Happening, Hears, Notice } from '../core/notice.ts';

/** Which events channels of these tenants hear; a tenant without such a channel is left out. */
export const eventsHeard = async (
  sql: Sql,
  tenantIds: readonly string[],
): Promise<Map<string, string[]>> => {
  const { rows } = await sql.query<{ tenantId: string; events: string[] }>({
    name: 'notification-events-heard',
    text: `SELECT c.tenant_id AS "tenantId", array_agg(DISTINCT heard.event) AS events
             FROM telemetry.notification_channels c,
                  jsonb_array_elements_text(c.hears->'events') AS heard (event)
            WHERE c.tenant_id = ANY ($1::uuid[]) AND c.enabled GROUP BY c.tenant_id`,
    values: [tenantIds],
  });
  return new Map(rows.map(({ tenantId, events }) => [tenantId, events]));
};

type ListenerRow = {
  id: string;
  hears: Hears;
  createdAt: Date;
  waiting: number;
  earlier: { happening: Happening; occurredAtMs: number; sent: boolean }[] | null;
};

/** Channels of a tenant that may hear this and are not paused, with what each knows of the alert. */
export const listenersOf = async (
  sql: Sql,
  tenantId: string,
  { about }: Notice,
): Promise<Listener[]> => {
  const { rows } = await sql.query<ListenerRow>({
    name: 'notification-listeners',
    text: `SELECT c.id, c.hears, c.created_at AS "createdAt",
                  (SELECT count(*)::integer FROM (
                     SELECT 1 FROM telemetry.notification_deliveries w
                      WHERE w.channel_id = c.id AND w.status = 'waiting' LIMIT ${waitingMax}) full_queue
                  ) AS waiting,
                  (SELECT jsonb_agg(jsonb_build_object(
                            'happening', split_part(d.type, '.', 2), 'sent', d.status <> 'passed-over',
                            'occurredAtMs', extract(epoch FROM d.occurred_at) * 1000))
                     FROM telemetry.notification_deliveries d
                    WHERE d.channel_id = c.id AND d.alert_id = $2) AS earlier
             FROM telemetry.notification_channels c
            WHERE c.tenant_id = $1 AND c.enabled
              AND CASE WHEN $2::uuid IS NULL THEN jsonb_array_length(c.hears->'events') > 0
                       ELSE jsonb_typeof(c.hears->'alerts') = 'object' END`,
    values: [tenantId, about.kind === 'alert' ? about.alertId : null],
  });
  return rows.map(({ id, hears, createdAt, waiting, earlier }) => ({
    ...{ channelId: id, hears, enabled: true, waiting, earlier: earlier ?? [] },
    createdAt: createdAt.getTime(),
  }));
};

/** Writes down what was decided; an event that a channel has already is left as it is. */
export const queueNotice = (
  pool: Pool,
  given: { tenantId: string; notice: Notice; steps: readonly HearingStep[]; now: Date },
): Promise<void> =>
  transaction(pool, async (sql) => {
    const { tenantId, notice, now } = given;
    const { about } = notice;
    // In one order, since others queue for the same channels; those that are gone hear nothing.
    const { rows: present } = await sql.query<{ id: string }>(
      `SELECT id FROM telemetry.notification_channels WHERE id = ANY ($1::uuid[])
        ORDER BY id FOR NO KEY UPDATE`,
      [given.steps.map(({ channelId }) => channelId)],
    );
    const ids = new Set(present.map(({ id }) => id));
    const steps = given.steps.filter(({ channelId }) => ids.has(channelId));
    const dropped = steps.filter(({ kind }) => kind === 'drop').map(({ channelId }) => channelId);
    const told = steps.filter(({ kind }) => kind !== 'drop');
    await sql.query(
      `WITH queued AS (
         INSERT INTO telemetry.notification_deliveries
           (tenant_id, channel_id, event_id, type, alert_id, site, notice, occurred_at, queued_at,
            status, reason, finished_at)
         SELECT $1, channel_id, $2, $3, $4, $5, $6, $7, $8,
                CASE WHEN reason IS NULL THEN 'waiting' ELSE 'passed-over' END, reason,
                CASE WHEN reason IS NULL THEN NULL ELSE $8::timestamptz END
           FROM unnest($9::uuid[], $10::text[]) AS told (channel_id, reason)
         ON CONFLICT (channel_id, event_id) DO NOTHING
         RETURNING channel_id, status)
       UPDATE telemetry.notification_channels c
          SET due_at = least(coalesce(due_at, $8), $8)
         FROM queued WHERE c.id = queued.channel_id AND queued.status = 'waiting'`,
      [
        ...[tenantId, notice.id, notice.type],
        ...(about.kind === 'alert' ? [about.alertId, about.site] : [null, null]),
        ...[JSON.stringify(notice), notice.occurredAt, now],
        told.map(({ channelId }) => channelId),
        told.map((step) => (step.kind === 'pass-over' ? step.reason : null)),
      ],
    );
    if (dropped.length === 0) return;
    await sql.query(
      `UPDATE telemetry.notification_channels
          SET dropped = dropped + 1, last_dropped_at = $2 WHERE id = ANY ($1::uuid[])`,
      [dropped, now],
    );
  });

export type Claimed = {
  id: string;
  tenantId: string;
  kind: string;
  settings: unknown;
  secretsSealed: Buffer;
  failures: number;
  retryAt: Date | null;
  claimedUntil: Date;
};

/** One tenant's dead addresses must not keep every sender busy. */
const claimedOfTenantMax = 4;

/**
 * Takes the channel that is due the longest, for one replica until `until`: whoever dies with it
 * leaves it to the next by then.
 */
export const claimChannel = async (sql: Sql, now: Date, until: Date): Promise<Claimed | null> => {
  const { rows } = await sql.query<Claimed>({
    name: 'notification-claim',
    text: `UPDATE telemetry.notification_channels SET claimed_until = $2
            WHERE id = (
              SELECT c.id FROM telemetry.notification_channels c
               WHERE c.due_at <= $1 AND c.enabled
                 AND (c.claimed_until IS NULL OR c.claimed_until <= $1)
                 AND (SELECT count(*) FROM telemetry.notification_channels o
                       WHERE o.tenant_id = c.tenant_id AND o.claimed_until > $1)
                     < ${claimedOfTenantMax}
               ORDER BY c.due_at LIMIT 1 FOR UPDATE SKIP LOCKED)
        RETURNING id, tenant_id AS "tenantId", kind, settings, secrets_sealed AS "secretsSealed",
                  failures, retry_at AS "retryAt", claimed_until AS "claimedUntil"`,
    values: [now, until],
  });
  return rows[0] ?? null;
};

export type QueuedRow = {
  id: string;
  position: number;
  alertId: string | null;
  type: string;
  notice: Notice;
  queuedAt: Date;
  attempts: number;
  retryAt: Date | null;
  reason: string | null;
};

/** Read at once; what is beyond waits for the next pass. */
export const queueReadMax = 500;

export const queueOf = async (sql: Sql, channelId: string): Promise<QueuedRow[]> => {
  const { rows } = await sql.query<QueuedRow>(
    `SELECT id, position, alert_id AS "alertId", type, notice, queued_at AS "queuedAt", attempts,
            retry_at AS "retryAt", reason
       FROM telemetry.notification_deliveries
      WHERE channel_id = $1 AND status = 'waiting' ORDER BY position LIMIT ${queueReadMax}`,
    [channelId],
  );
  return rows;
};

/** When messages went since; each once, however many deliveries it carried. */
export const sentSince = async (sql: Sql, channelId: string, since: Date): Promise<number[]> => {
  const { rows } = await sql.query<{ at: Date }>(
    `SELECT max(finished_at) AS at FROM telemetry.notification_deliveries
      WHERE channel_id = $1 AND status = 'delivered' AND finished_at > $2
      GROUP BY message_id ORDER BY 1`,
    [channelId, since],
  );
  return rows.map(({ at }) => at.getTime());
};

/** Folded incidents that alerts of the queue belong to, and which of each one's alerts are open. */
export const incidentsOf = async (
  sql: Sql,
  channelId: string,
  alertIds: readonly string[],
): Promise<{ key: string; alertIds: string[]; open: string[] }[]> => {
  if (alertIds.length === 0) return [];
  const { rows } = await sql.query<{ key: string; alertIds: string[]; open: string[] }>(
    `SELECT d.incident_key AS key, array_agg(DISTINCT d.alert_id) AS "alertIds",
            coalesce(array_agg(DISTINCT d.alert_id) FILTER (WHERE NOT EXISTS (
              SELECT 1 FROM telemetry.notification_deliveries e
               WHERE e.alert_id = d.alert_id AND e.channel_id = $1 AND e.type = 'alert.resolved'
                 AND e.status IN ('delivered', 'passed-over'))), '{}') AS open
       FROM telemetry.notification_deliveries d
      WHERE d.channel_id = $1 AND d.type IN ('alert.raised', 'alert.escalated')
        AND d.incident_key IN (
              SELECT incident_key FROM telemetry.notification_deliveries
               WHERE channel_id = $1 AND alert_id = ANY ($2::uuid[]) AND incident_key IS NOT NULL)
      GROUP BY d.incident_key`,
    [channelId, alertIds],
  );
  return rows;
};

export type Ended = {
  ids: readonly string[];
  status: 'delivered' | 'given-up' | 'passed-over';
  messageId: string | null;
  incidentKey: string | null;
  reason: string | null;
  answer: string | null;
  tried: boolean;
};

/** How deliveries ended, which may be asked for once: what ended already stays as it did. */
export const endDeliveries = async (sql: Sql, ended: Ended, at: Date): Promise<void> => {
  const { ids, status, messageId, incidentKey, reason, answer, tried } = ended;
  await sql.query(
    `UPDATE telemetry.notification_deliveries
        SET status = $2, finished_at = $3, message_id = $4, folded = $5, incident_key = $6,
            reason = coalesce($7, reason), answer = $8, attempts = attempts + $9,
            last_attempt_at = CASE WHEN $9 > 0 THEN $3 ELSE last_attempt_at END, retry_at = NULL
      WHERE id = ANY ($1::uuid[]) AND status = 'waiting'`,
    [
      ...[ids, status, at, messageId, messageId === null ? null : ids.length],
      ...[incidentKey, reason, answer, tried ? 1 : 0],
    ],
  );
};

/** What failed and is tried again, each when its own time has come. */
export const putOff = async (
  sql: Sql,
  failed: readonly { id: string; attempts: number; retryAt: Date; reason: string }[],
  at: Date,
): Promise<void> => {
  await sql.query(
    `UPDATE telemetry.notification_deliveries d
        SET attempts = f.attempts, retry_at = f.retry_at, reason = f.reason, last_attempt_at = $5
       FROM unnest($1::uuid[], $2::integer[], $3::timestamptz[], $4::text[])
              AS f (id, attempts, retry_at, reason)
      WHERE d.id = f.id AND d.status = 'waiting'`,
    [
      failed.map(({ id }) => id),
      failed.map(({ attempts }) => attempts),
      failed.map(({ retryAt }) => retryAt),
      failed.map(({ reason }) => reason),
      at,
    ],
  );
};

export type Health = {
  failures: number;
  retryAt: Date | null;
  /** The last thing that happened; null when nothing was sent. */
  last: { kind: 'delivered' } | { kind: 'failed'; reason: string } | null;
};

export const noteHealth = async (
  sql: Sql,
  channelId: string,
  { failures, retryAt, last }: Health,
  at: Date,
): Promise<void> => {
  const failed = last?.kind === 'failed';
  await sql.query(
    `UPDATE telemetry.notification_channels
        SET failures = $2, retry_at = $3,
            failing_since = CASE WHEN $4 THEN coalesce(failing_since, $5)
                                 WHEN $6 THEN NULL ELSE failing_since END,
            last_failure = CASE WHEN $4 THEN $7 WHEN $6 THEN NULL ELSE last_failure END,
            last_delivered_at = CASE WHEN $6 THEN $5 ELSE last_delivered_at END
      WHERE id = $1`,
    [
      ...[channelId, failures, retryAt, failed, at, last?.kind === 'delivered'],
      failed ? last.reason : null,
    ],
  );
};

/**
 * Gives a claimed channel back, due again at `dueAt`; at once when more was queued behind `after`,
 * which this pass did not see (null: what it did not see is known to wait).
 */
export const releaseChannel = async (
  sql: Sql,
  claimed: Claimed,
  given: { dueAt: Date | null; after: number | null; now: Date },
): Promise<void> => {
  await sql.query(
    `UPDATE telemetry.notification_channels c
        SET claimed_until = NULL,
            due_at = CASE WHEN $4::bigint IS NOT NULL AND EXISTS (
                SELECT 1 FROM telemetry.notification_deliveries d
                 WHERE d.channel_id = c.id AND d.status = 'waiting' AND d.position > $4)
              THEN $5::timestamptz ELSE $3::timestamptz END
      WHERE c.id = $1 AND c.claimed_until = $2`,
    [claimed.id, claimed.claimedUntil, given.dueAt, given.after, given.now],
  );
};
