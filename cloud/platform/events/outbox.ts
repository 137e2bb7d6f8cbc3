/**
 * The transactional outbox of domain events: written in the transaction of the change, published
 * to EVENTS afterwards, in order, at least once (the broker drops repeats by id for two minutes;
 * consumers must bear repeats after that). One replica publishes at a time.
 */
import type { Sql } from '../postgres/pool.ts';

export type DomainEvent = {
  tenantId: string;
  /** `device.approved`, `rollout.completed`, … */
  type: string;
  /** `signalbeam.…`: its second word must be one of EVENTS' (see ../nats/streams.ts). */
  subject: string;
  data: unknown;
};

/** Channel on which a commit wakes the publisher. */
export const wakeChannel = 'signalbeam_domain_events';

/** Records an event in the caller's transaction; it is published only if that commits. */
export const recordEvent = async (sql: Sql, event: DomainEvent): Promise<void> => {
  await sql.query(
    `INSERT INTO platform.domain_events (tenant_id, type, subject, data) VALUES ($1, $2, $3, $4)`,
    [event.tenantId, event.type, event.subject, JSON.stringify(event.data)],
  );
  await sql.query(`SELECT pg_notify('${wakeChannel}', '')`);
};
