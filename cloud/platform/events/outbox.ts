/**
 * The transactional outbox of domain events: written in the transaction of the change, published
 * to EVENTS afterwards, in order, at least once (the broker drops repeats by id for two minutes;
 * consumers must bear repeats after that). One replica publishes at a time. What is recorded is held
 * to the catalogue: an event that is not of it is a bug, and undoes its transaction.
 */
import type { Sql } from '../postgres/pool.ts';
import { checkEvent, type EventType } from './catalogue.ts';
import { queueEvents } from './queue.ts';

export type DomainEvent = {
  tenantId: string;
  /** `device.approved`, `rollout.completed`, … */
  type: EventType;
  /** As the catalogue says; its second word is one of EVENTS' (see ../nats/streams.ts). */
  subject: string;
  data: unknown;
};

/** Records events in the caller's transaction; they are published only if that commits. */
export const recordEvents = (sql: Sql, events: readonly DomainEvent[]): Promise<void> =>
  queueEvents(
    sql,
    events.map((event) => ({ ...event, version: checkEvent(event) })),
  );

/** Records one event. */
export const recordEvent = (sql: Sql, event: DomainEvent): Promise<void> =>
  recordEvents(sql, [event]);
