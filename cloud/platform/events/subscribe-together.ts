/**
 * A durable consumer of EVENTS, as ./subscribe.ts, whose handler is given all that came while it was
 * busy, in order: one message is handled at once, and under load each handling serves many. When it
 * fails, each message is handled by itself, so that one at fault holds up no other.
 */
import type { JsMsg } from '@nats-io/jetstream';
import { isUnavailable } from '../postgres/pool.ts';
import { inSpan } from '../tracing/trace.ts';
import type { DomainMessage } from './message.ts';
import { type PullParts, pullEvents, whileWorking } from './pull.ts';
import type { Subscription } from './subscribe.ts';
import { parseMessage, type TakeParts, takeMessage } from './take-message.ts';

export type TogetherOptions = PullParts &
  TakeParts & {
    /** Bears repeats, of single messages of a batch too. */
    handle: (messages: readonly DomainMessage[]) => Promise<void>;
    atOnceMax: number;
  };

type Work = (value: DomainMessage) => Promise<void>;
const handled: Work = () => Promise.resolve();

/** Handles them together; returns what is left to do for each. */
const handleAll = async (
  options: TogetherOptions,
  values: readonly DomainMessage[],
): Promise<Work> => {
  const alone: Work = (value) => options.handle([value]);
  if (values.length < 2) return alone;
  try {
    const attributes = { 'messaging.batch.message_count': values.length };
    await inSpan(`process ${options.durable}`, { kind: 'consumer', attributes }, () =>
      options.handle(values),
    );
    return handled;
  } catch (error) {
    options.log.debug({ error, durable: options.durable }, 'events are handled one by one');
    // Each would wait for the same Postgres in its turn.
    return isUnavailable(error) ? () => Promise.reject(error) : alone;
  }
};

const handleBatch = async (options: TogetherOptions, messages: readonly JsMsg[]): Promise<void> => {
  const read = messages.map((message) => ({ message, parsed: parseMessage(message) }));
  const values = read.flatMap(({ parsed }) => (parsed.kind === 'parsed' ? [parsed.value] : []));
  const work = await handleAll(options, values);
  for (const { message, parsed } of read) await takeMessage(options, message, parsed, work);
};

export const subscribeTogether = (options: TogetherOptions): Subscription => {
  const { atOnceMax } = options;
  let waiting: JsMsg[] = [];
  let working: Promise<void> | undefined;

  const work = async (): Promise<void> => {
    while (waiting.length > 0) {
      const batch = waiting.slice(0, atOnceMax);
      waiting = waiting.slice(atOnceMax);
      await whileWorking(
        () => [...batch, ...waiting],
        () => handleBatch(options, batch),
      );
    }
    working = undefined;
  };
  // Twice: the next batch comes while one is handled. What waits is bounded by the same.
  const pulling = pullEvents(options, atOnceMax * 2, (message) => {
    waiting.push(message);
    working ??= work();
  });
  return {
    stop: async () => {
      pulling.stop();
      for (const message of waiting) message.nak();
      waiting = [];
      await working;
    },
  };
};
