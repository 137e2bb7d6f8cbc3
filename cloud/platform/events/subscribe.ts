/**
 * A durable consumer of EVENTS: at least once, in order while nothing fails, acknowledged when the
 * handler returns. What it is given is as the catalogue says. A message that can't be parsed, or that
 * fails ten times, is set aside in `platform.dead_letters`, never dropped. Handlers must bear repeats.
 * Where much comes that can be handled together, ./subscribe-together.ts.
 */
import type { JsMsg } from '@nats-io/jetstream';
import type { DomainMessage } from './message.ts';
import { type PullParts, pullEvents, whileWorking } from './pull.ts';
import { parseMessage, type TakeParts, takeMessage } from './take-message.ts';

export type SubscribeOptions = PullParts &
  TakeParts & {
    handle: (message: DomainMessage, subject: string) => Promise<void>;
    /** How many are handled at once; 1 keeps the order. */
    parallel?: number;
  };

export type Subscription = { stop: () => Promise<void> };

export const subscribeEvents = (options: SubscribeOptions): Subscription => {
  const parallel = options.parallel ?? 1;
  const running = new Set<Promise<void>>();

  const handleOne = (message: JsMsg): Promise<void> =>
    whileWorking(
      () => [message],
      () =>
        takeMessage(options, message, parseMessage(message), (value) =>
          options.handle(value, message.subject),
        ),
    );
  const pulling = pullEvents(options, parallel, async (message) => {
    const work = handleOne(message).finally(() => running.delete(work));
    running.add(work);
    if (running.size >= parallel) await Promise.race(running);
  });
  return {
    stop: async () => {
      pulling.stop();
      await Promise.all(running);
    },
  };
};
