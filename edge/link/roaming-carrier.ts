/**
 * One carrier for the device's whole life, over whichever connection carries it at the moment. What
 * is subscribed holds when the connection is changed for another; what was under way on the old one
 * fails as it does when any connection breaks, and the outbox sends it again.
 */
import type { Carrier, CarrierStatus } from '@signalbeam/sync/nats/carrier';

type Subscribed = {
  subject: string;
  listener: (bytes: Uint8Array, subject: string) => void;
  stop: () => void;
};

export type RoamingCarrier = Carrier & {
  /** From now on this one carries; the one before it is closed. */
  adopt(next: Carrier): void;
};

export const createRoamingCarrier = (): RoamingCarrier => {
  const listeners = new Set<(status: CarrierStatus) => void>();
  const subscriptions = new Set<Subscribed>();
  let inner: Carrier | null = null;
  let unfollow = () => {};
  let told: CarrierStatus = 'connecting';

  const tell = (status: CarrierStatus): void => {
    if (status === told || told === 'closed') return;
    told = status;
    for (const listener of listeners) listener(status);
  };
  const follow = (status: CarrierStatus): void =>
    tell(status === 'connected' ? 'connected' : 'connecting');
  const failed = { kind: 'failed', reason: 'disconnected' } as const;

  return {
    status: () => told,
    server: () => inner?.server() ?? null,
    onStatus: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    publish: (subject, bytes) => inner?.publish(subject, bytes) ?? false,
    publishDurable: async (subject, bytes, timeoutMs) =>
      inner === null ? failed : inner.publishDurable(subject, bytes, timeoutMs),
    request: async (subject, bytes, timeoutMs) =>
      inner === null ? failed : inner.request(subject, bytes, timeoutMs),
    subscribe: (subject, listener) => {
      const subscribed: Subscribed = { subject, listener, stop: () => {} };
      subscriptions.add(subscribed);
      if (inner !== null) subscribed.stop = inner.subscribe(subject, listener);
      return () => {
        subscriptions.delete(subscribed);
        subscribed.stop();
      };
    },
    reconnect: async () => inner?.reconnect(),
    adopt: (next) => {
      if (told === 'closed') return void next.close();
      const before = inner;
      unfollow();
      // Whoever listens learns that it is another connection, also when both are up.
      tell('connecting');
      inner = next;
      for (const each of subscriptions) each.stop = next.subscribe(each.subject, each.listener);
      unfollow = next.onStatus(follow);
      follow(next.status());
      void before?.close();
    },
    close: async () => {
      unfollow();
      tell('closed');
      await inner?.close();
    },
  };
};
