/**
 * The hub: a stream that stores and hands out, a bucket of records, and the way down. It may lose the
 * end of what it stored and use those numbers again, hand out twice, stall, or be deleted; it never
 * holds truth. A hostile one keeps what it saw and says it again.
 */
import type { Kernel } from '../kernel/kernel.ts';
import type { Random } from '../kernel/random.ts';

export type Stored = { seq: number; subject: string; bytes: Uint8Array; deliveries: number };
export type Delivery = {
  message: Stored;
  ack(): void;
  nak(delayMs: number): void;
};

export type Broker = {
  stalledUntil: number;
  store(subject: string, bytes: Uint8Array, stored: (seq: number) => void): void;
  /** Who takes deliveries; none while all replicas are down. */
  consumers: Set<(delivery: Delivery) => void>;
  records: Map<string, Uint8Array>;
  loseTail(count: number): void;
  deleteAll(): void;
  /** Hands out again what was acknowledged long ago. */
  redeliver(count: number): void;
  unacknowledged(): number;
};

const ackWaitMs = 10_000;
const keptMax = 300;

export const createBroker = (kernel: Kernel, random: Random): Broker => {
  let lastSeq = 0;
  let life = 0;
  const open = new Map<number, Stored>();
  const old: Stored[] = [];

  const hand = (message: Stored, sinceLife: number): void => {
    if (sinceLife !== life || open.get(message.seq) !== message) return;
    const waitMs = broker.stalledUntil - kernel.now();
    if (waitMs > 0 || broker.consumers.size === 0) {
      kernel.later(Math.max(500, waitMs), () => hand(message, sinceLife));
      return;
    }
    message.deliveries += 1;
    const { deliveries } = message;
    const unheard = kernel.after(ackWaitMs, () => {
      if (message.deliveries === deliveries) hand(message, sinceLife);
    });
    random.pick([...broker.consumers])({
      message: { ...message },
      ack: () => {
        unheard();
        if (sinceLife !== life || open.get(message.seq) !== message) return;
        open.delete(message.seq);
        old.push(message);
        if (old.length > keptMax) old.shift();
      },
      nak: (delayMs) => {
        unheard();
        kernel.later(delayMs, () => hand(message, sinceLife));
      },
    });
  };
  const take = (subject: string, bytes: Uint8Array): number => {
    lastSeq += 1;
    const message = { seq: lastSeq, subject, bytes, deliveries: 0 };
    open.set(lastSeq, message);
    const since = life;
    kernel.later(2 + random.next() * 3, () => hand(message, since));
    return lastSeq;
  };
  const broker: Broker = {
    stalledUntil: 0,
    consumers: new Set(),
    records: new Map(),
    store: (subject, bytes, stored) => {
      const waitMs = broker.stalledUntil - kernel.now();
      if (waitMs <= 0) stored(take(subject, bytes));
      else kernel.later(waitMs, () => stored(take(subject, bytes)));
    },
    loseTail: (count) => {
      for (let lost = 0; lost < count && lastSeq > 0; lost += 1) {
        open.delete(lastSeq);
        lastSeq -= 1;
      }
    },
    deleteAll: () => {
      life += 1;
      open.clear();
      lastSeq = 0;
      broker.records.clear();
    },
    redeliver: (count) => {
      for (let again = 0; again < count && old.length > 0; again += 1) {
        const { subject, bytes } = random.pick(old);
        take(subject, bytes);
      }
    },
    unacknowledged: () => open.size,
  };
  return broker;
};
