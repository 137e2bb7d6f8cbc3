/**
 * A durable consumer of EVENTS: at least once, in order while nothing fails, acknowledged when the
 * handler returns. What it is given is as the catalogue says. A message that can't be parsed, or that
 * fails ten times, is set aside in `platform.dead_letters`, never dropped. Handlers must bear repeats.
 */
import {
  AckPolicy,
  type ConsumerMessages,
  DeliverPolicy,
  JetStreamApiError,
  type JsMsg,
} from '@nats-io/jetstream';
import { nanos } from '@nats-io/transport-node';
import { streams } from '@signalbeam/sync/wire/subjects';
import type { Logger } from '../logging/log.ts';
import type { CloudConnection } from '../nats/connect.ts';
import type { Sql } from '../postgres/pool.ts';
import { inSpan } from '../tracing/trace.ts';
import { readEvent } from './catalogue.ts';
import { type DomainMessage, messageSchema } from './message.ts';
import { matchesSubject } from './subject.ts';

export const deliveriesMax = 10;
const ackWaitMs = 30_000;
const retryMsMax = 60_000;
const restartMs = 2_000;

export type SubscribeOptions = {
  cloud: CloudConnection;
  /** For `platform.dead_letters`: the system pool. */
  sql: Sql;
  log: Logger;
  /** The consumer's name; replicas with the same name share the work. */
  durable: string;
  /** EVENTS' subjects to hear, wildcards allowed. */
  subjects: readonly string[];
  handle: (message: DomainMessage, subject: string) => Promise<void>;
  /** How many are handled at once; 1 keeps the order. */
  parallel?: number;
};

export type Subscription = { stop: () => Promise<void> };

/** Whose it says it is; null when it does not. Only the cloud writes here. */
const tenantOf = (message: JsMsg): string | null => {
  try {
    return messageSchema.pick({ tenantId: true }).parse(message.json()).tenantId;
  } catch {
    return null;
  }
};

const setAside = async (options: SubscribeOptions, message: JsMsg, reason: string) => {
  const { sql, durable, log } = options;
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

type Parsed =
  | { kind: 'parsed'; value: DomainMessage }
  | { kind: 'newer'; reason: string }
  | { kind: 'refused'; reason: string };

/** The envelope, and what it holds by its type's schema. */
const parse = (message: JsMsg): Parsed => {
  try {
    const value = messageSchema.parse(message.json());
    const read = readEvent(value);
    return read.kind === 'read' ? { kind: 'parsed', value } : read;
  } catch (error) {
    return { kind: 'refused', reason: `it does not parse: ${String(error)}`.slice(0, 1000) };
  }
};

const handleOne = async (options: SubscribeOptions, message: JsMsg): Promise<void> => {
  // A handler may take longer than the broker waits; it must not be handed out twice for that.
  const working = setInterval(() => message.working(), ackWaitMs / 3);
  try {
    const parsed = parse(message);
    if (parsed.kind === 'refused') return await setAside(options, message, parsed.reason);
    try {
      // Tried again: a replica that knows it may be next.
      if (parsed.kind === 'newer') throw new Error(parsed.reason);
      const traceparent = message.headers?.get('traceparent') || parsed.value.traceparent;
      await inSpan(`process ${parsed.value.type}`, { kind: 'consumer', traceparent }, () =>
        options.handle(parsed.value, message.subject),
      );
      message.ack();
    } catch (error) {
      const { deliveryCount } = message.info;
      const reason = error instanceof Error ? error.message : String(error);
      if (deliveryCount >= deliveriesMax) return await setAside(options, message, reason);
      options.log.warn({ error, subject: message.subject, deliveryCount }, 'handling failed');
      message.nak(Math.min(250 * 2 ** deliveryCount, retryMsMax));
    }
  } catch (error) {
    // Not even set aside: it stays with the broker and comes again after the acknowledgement wait.
    options.log.warn({ error }, 'a message could not be set aside');
  } finally {
    clearInterval(working);
  }
};

/** Makes the consumer unless it is there; the filter may have changed since. */
const ensureConsumer = async (options: SubscribeOptions): Promise<void> => {
  const { jsm } = options.cloud;
  const [subject, ...others] = options.subjects;
  if (subject === undefined) throw new Error('a subscription needs a subject');
  const config = {
    durable_name: options.durable,
    ack_policy: AckPolicy.Explicit,
    deliver_policy: DeliverPolicy.All,
    ack_wait: nanos(ackWaitMs),
    max_ack_pending: options.parallel ?? 1,
    // 2.9 takes one filter for each consumer; several mean hearing all and leaving some out.
    ...(others.length === 0 ? { filter_subject: subject } : {}),
  };
  try {
    const { config: present } = await jsm.consumers.info(streams.events, options.durable);
    if (present.filter_subject === config.filter_subject) return;
    await jsm.consumers.update(streams.events, options.durable, config);
  } catch (error) {
    if (!(error instanceof JetStreamApiError) || error.code !== 10014) throw error;
    await jsm.consumers.add(streams.events, config);
  }
};

export const subscribeEvents = (options: SubscribeOptions): Subscription => {
  const { cloud, log, durable } = options;
  const parallel = options.parallel ?? 1;
  const running = new Set<Promise<void>>();
  let stopped = false;
  let messages: ConsumerMessages | undefined;
  let timer: NodeJS.Timeout | undefined;

  const take = async (message: JsMsg): Promise<void> => {
    if (!options.subjects.some((filter) => matchesSubject(message.subject, filter)))
      return message.ack();
    const work = handleOne(options, message).finally(() => running.delete(work));
    running.add(work);
    if (running.size >= parallel) await Promise.race(running);
  };
  const run = async (): Promise<void> => {
    await ensureConsumer(options);
    const consumer = await cloud.js.consumers.get(streams.events, durable);
    // A consumer that went with a lost stream must end this loop, which then makes it anew.
    messages = await consumer.consume({
      max_messages: parallel * 2,
      abort_on_missing_resource: true,
    });
    for await (const message of messages) {
      if (stopped) break;
      await take(message);
    }
  };
  const keep = async (): Promise<void> => {
    try {
      await run();
    } catch (error) {
      if (!stopped) log.warn({ error, durable }, 'a subscription broke off; starting it again');
    }
    if (!stopped) timer = setTimeout(() => void keep(), restartMs);
  };
  void keep();
  return {
    stop: async () => {
      stopped = true;
      clearTimeout(timer);
      messages?.stop();
      await Promise.all(running);
    },
  };
};
