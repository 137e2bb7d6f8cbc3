/**
 * Pulls from a durable consumer of EVENTS, which it makes and keeps as it is asked for: when it went
 * with a lost stream it is made anew. A handler may take longer than the broker waits: what is in hand
 * is not handed out twice for that.
 */
import {
  AckPolicy,
  type ConsumerInfo,
  type ConsumerMessages,
  DeliverPolicy,
  JetStreamApiError,
  type JsMsg,
} from '@nats-io/jetstream';
import { nanos } from '@nats-io/transport-node';
import { streams } from '@signalbeam/sync/wire/subjects';
import type { Logger } from '../logging/log.ts';
import type { CloudConnection } from '../nats/connect.ts';
import { eventSubjects } from '../nats/streams.ts';
import { filterOfAll, matchesSubject } from './subject.ts';

export type PullParts = {
  cloud: CloudConnection;
  log: Logger;
  /** The consumer's name; replicas with the same name share the work. */
  durable: string;
  /** EVENTS' subjects to hear, wildcards allowed. */
  subjects: readonly string[];
};

const ackWaitMs = 30_000;
const restartMs = 2_000;

/** 2.9 takes one filter, of one of the stream's subjects: what else comes by it is left out here. */
const filterFor = (subjects: readonly string[]): { filter_subject?: string } => {
  const filter = filterOfAll(subjects);
  const isWithin = eventSubjects.some((subject) => matchesSubject(filter, subject));
  return isWithin ? { filter_subject: filter } : {};
};

const consumerNotFound = 10014;

/** Null where the hub has none of this name. */
const lookAt = async ({ cloud, durable }: PullParts): Promise<ConsumerInfo | null> => {
  try {
    return await cloud.jsm.consumers.info(streams.events, durable);
  } catch (error) {
    if (error instanceof JetStreamApiError && error.code === consumerNotFound) return null;
    throw error;
  }
};

/**
 * Makes the consumer unless it is there; what it is asked for may have changed since. One whose filter
 * is changed passes over what it should let through (a hub of 2.9 does), so it is made anew in its place.
 */
const ensureConsumer = async (parts: PullParts, inHandMax: number): Promise<void> => {
  const { cloud, durable, subjects } = parts;
  if (subjects.length === 0) throw new Error('a subscription needs a subject');
  const { consumers } = cloud.jsm;
  const config = {
    durable_name: durable,
    ack_policy: AckPolicy.Explicit,
    deliver_policy: DeliverPolicy.All,
    ack_wait: nanos(ackWaitMs),
    max_ack_pending: inHandMax,
    ...filterFor(subjects),
  };
  const present = await lookAt(parts);
  if (present === null) {
    await consumers.add(streams.events, config);
  } else if (present.config.filter_subject !== config.filter_subject) {
    await consumers.delete(streams.events, durable);
    await consumers.add(streams.events, {
      ...config,
      deliver_policy: DeliverPolicy.StartSequence,
      opt_start_seq: present.ack_floor.stream_seq + 1,
    });
  } else if (present.config.max_ack_pending !== inHandMax) {
    await consumers.update(streams.events, durable, { max_ack_pending: inHandMax });
  }
};

/** `take` gets each message and settles it; it is awaited before the next one. */
export const pullEvents = (
  parts: PullParts,
  inHandMax: number,
  take: (message: JsMsg) => Promise<void> | void,
): { stop: () => void } => {
  const { cloud, log, durable, subjects } = parts;
  let stopped = false;
  let messages: ConsumerMessages | undefined;
  let timer: NodeJS.Timeout | undefined;

  const run = async (): Promise<void> => {
    await ensureConsumer(parts, inHandMax);
    const consumer = await cloud.js.consumers.get(streams.events, durable);
    // A consumer that went with a lost stream must end this loop, which then makes it anew.
    messages = await consumer.consume({
      max_messages: inHandMax * 2,
      abort_on_missing_resource: true,
    });
    for await (const message of messages) {
      if (stopped) break;
      if (subjects.some((filter) => matchesSubject(message.subject, filter))) await take(message);
      else message.ack();
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
    stop: () => {
      stopped = true;
      clearTimeout(timer);
      messages?.stop();
    },
  };
};

/** Tells the broker while `work` goes on that these are being worked at. */
export const whileWorking = async (
  held: () => Iterable<JsMsg>,
  work: () => Promise<void>,
): Promise<void> => {
  const timer = setInterval(() => {
    for (const message of held()) message.working();
  }, ackWaitMs / 3);
  try {
    await work();
  } finally {
    clearInterval(timer);
  }
};
