/**
 * What becomes of one message of EVENTS: it is read as the catalogue says, handled and acknowledged, tried
 * again later, or set aside in `platform.dead_letters`: when it can't be read, or failed ten times.
 */
import type { JsMsg } from '@nats-io/jetstream';
import type { Logger } from '../logging/log.ts';
import type { Sql } from '../postgres/pool.ts';
import { inSpan } from '../tracing/trace.ts';
import { readEvent } from './catalogue.ts';
import { type DomainMessage, messageSchema } from './message.ts';

export type TakeParts = {
  /** For `platform.dead_letters`: the system pool. */
  sql: Sql;
  log: Logger;
  /** The consumer's name; replicas with the same name share the work. */
  durable: string;
};

export const deliveriesMax = 10;
const retryMsMax = 60_000;

/** Whose it says it is; null when it does not. Only the cloud writes here. */
const tenantOf = (message: JsMsg): string | null => {
  try {
    return messageSchema.pick({ tenantId: true }).parse(message.json()).tenantId;
  } catch {
    return null;
  }
};

const setAside = async (parts: TakeParts, message: JsMsg, reason: string): Promise<void> => {
  const { sql, durable, log } = parts;
  await sql.query(
    `INSERT INTO platform.dead_letters
       (consumer, subject, stream_sequence, payload, reason, deliveries, tenant_id)
     VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING`,
    [
      durable,
      message.subject,
      message.seq,
      Buffer.from(message.data),
      reason,
      message.info.deliveryCount,
      tenantOf(message),
    ],
  );
  // Without a reason: servers before 2.10.4 do not understand one and would deliver it again.
  message.term();
  log.error({ consumer: durable, subject: message.subject, reason }, 'a message was set aside');
};

export type Parsed =
  | { kind: 'parsed'; value: DomainMessage }
  | { kind: 'newer'; reason: string }
  | { kind: 'refused'; reason: string };

/** The envelope, and what it holds by its type's schema. */
export const parseMessage = (message: JsMsg): Parsed => {
  try {
    const value = messageSchema.parse(message.json());
    const read = readEvent(value);
    return read.kind === 'read' ? { kind: 'parsed', value } : read;
  } catch (error) {
    return { kind: 'refused', reason: `it does not parse: ${String(error)}`.slice(0, 1000) };
  }
};

const handle = async (
  message: JsMsg,
  parsed: Parsed,
  work: (value: DomainMessage) => Promise<void>,
): Promise<void> => {
  // Tried again: a replica that knows it may be next.
  if (parsed.kind !== 'parsed') throw new Error(parsed.reason);
  const { value } = parsed;
  const traceparent = message.headers?.get('traceparent') || value.traceparent;
  await inSpan(`process ${value.type}`, { kind: 'consumer', traceparent }, () => work(value));
};

/** Never throws. */
export const takeMessage = async (
  parts: TakeParts,
  message: JsMsg,
  parsed: Parsed,
  work: (value: DomainMessage) => Promise<void>,
): Promise<void> => {
  const { log } = parts;
  try {
    if (parsed.kind === 'refused') return await setAside(parts, message, parsed.reason);
    try {
      await handle(message, parsed, work);
      message.ack();
    } catch (error) {
      const { deliveryCount } = message.info;
      const reason = error instanceof Error ? error.message : String(error);
      if (deliveryCount >= deliveriesMax) return await setAside(parts, message, reason);
      log.warn({ error, subject: message.subject, deliveryCount }, 'handling failed');
      message.nak(Math.min(250 * 2 ** deliveryCount, retryMsMax));
    }
  } catch (error) {
    // Not even set aside: it stays with the broker and comes again after the acknowledgement wait.
    log.warn({ error }, 'a message could not be set aside');
  }
};
