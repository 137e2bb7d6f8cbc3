/**
 * The transactional outbox as a queue: rows written in the transaction of a change, published
 * afterwards (./publisher.ts). Knows nothing of what they say: whoever has something to tell
 * uses ./outbox.ts, which does.
 */
import type { Sql } from '../postgres/pool.ts';
import { currentTraceparent } from '../tracing/trace.ts';

export type QueuedEvent = {
  tenantId: string;
  type: string;
  subject: string;
  version: number;
  data: unknown;
};

/** Channel on which a commit wakes the publisher. */
export const wakeChannel = 'signalbeam_domain_events';

export const queueEvents = async (sql: Sql, events: readonly QueuedEvent[]): Promise<void> => {
  if (events.length === 0) return;
  await sql.query(
    `WITH recorded AS (
       INSERT INTO platform.domain_events (tenant_id, type, subject, data, version, traceparent)
       SELECT *, $6 FROM unnest($1::uuid[], $2::text[], $3::text[], $4::jsonb[], $5::integer[]))
     SELECT pg_notify('${wakeChannel}', '')`,
    [
      events.map(({ tenantId }) => tenantId),
      events.map(({ type }) => type),
      events.map(({ subject }) => subject),
      events.map(({ data }) => JSON.stringify(data)),
      events.map(({ version }) => version),
      currentTraceparent() ?? null,
    ],
  );
};
