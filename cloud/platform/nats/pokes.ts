/**
 * Pokes: hints that something newer may exist. A hint crosses the hub once and is lost when a link
 * just then is down, so it is repeated for an hour, ever more seldom; whoever has what it names does
 * nothing. Kept in memory: a replica that dies leaves it to the device's own rare comparison.
 */
import type { NatsConnection } from '@nats-io/transport-node';

/** After the first one. The last is beyond the longest that a link flaps unnoticed by its device. */
const repeatAfterMs = [10_000, 60_000, 300_000, 900_000, 3_600_000] as const;
const lookMs = 5_000;
/** About 300 bytes each; beyond it those that were to be repeated first are not. */
const repeatedMax = 50_000;

export type Pokes = {
  /** Now and again later; a newer one on the same subject takes its place. */
  send: (subject: string, hint: unknown) => void;
  stop: () => void;
};

type Repeated = { hint: string; sentAt: number; repeats: number };

export const startPokes = (
  connection: Pick<NatsConnection, 'publish' | 'isClosed'>,
  now: () => number = () => performance.now(),
): Pokes => {
  const repeated = new Map<string, Repeated>();
  const publish = (subject: string, hint: string): void => {
    if (!connection.isClosed()) connection.publish(subject, hint);
  };
  const look = (): void => {
    for (const [subject, each] of repeated) {
      const dueMs = repeatAfterMs[each.repeats];
      if (dueMs === undefined) repeated.delete(subject);
      else if (now() - each.sentAt >= dueMs) {
        each.repeats += 1;
        publish(subject, each.hint);
      }
    }
  };
  const timer = setInterval(look, lookMs);
  return {
    send: (subject, what) => {
      const hint = JSON.stringify(what);
      publish(subject, hint);
      repeated.delete(subject);
      repeated.set(subject, { hint, sentAt: now(), repeats: 0 });
      const [oldest] = repeated.keys();
      if (repeated.size > repeatedMax && oldest !== undefined) repeated.delete(oldest);
    },
    stop: () => clearInterval(timer),
  };
};
