/**
 * The transactional outbox of domain events: written in the transaction of the change, published
 * to EVENTS afterwards, in order, at least once (the broker drops repeats by id for two minutes;
 * consumers must bear repeats after that). One replica publishes at a time.
 */
import type { Sql } from '../postgres/pool.ts';
import { currentTraceparent } from '../tracing/trace.ts';

export type DomainEvent = {
  tenantId: string;
  /** `device.approved`, `rollout.completed`, … */
  type: string;
  /** `signalbeam.…`: its second word must be one of EVENTS' (see ../nats/streams.ts). */
  subject: string;
  /** Of the data: raised when its meaning changes, not when a field is added. */
  version?: number;
  data: unknown;
};

/** Channel on which a commit wakes the publisher. */
export const wakeChannel = 'signalbeam_domain_events';

/** Records events in the caller's transaction; they are published only if that commits. */
export const recordEvents = async (sql: Sql, events: readonly DomainEvent[]): Promise<void> => {
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
      events.map(({ version = 1 }) => version),
      currentTraceparent() ?? null,
    ],
  );
};

/** Records one event. */
export const recordEvent = (sql: Sql, event: DomainEvent): Promise<void> =>
  recordEvents(sql, [event]);
