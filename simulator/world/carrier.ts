/**
 * A device's connection to the broker, with everything that can be wrong with one: cut, half-open in
 * either direction, a leaf without its hub, slow. The port of `sync/nats/carrier`. What was asked by
 * a life that ended is answered to nobody.
 */
import type { Carrier, CarrierReply, CarrierStatus, PubAck } from '@signalbeam/sync/nats/carrier';
import type { Kernel } from '../kernel/kernel.ts';
import type { Process } from '../kernel/process.ts';
import type { Random } from '../kernel/random.ts';

export type Path = {
  /** Dialling fails and what is open breaks. */
  cut: boolean;
  /** Bytes vanish without a word, one way or both. */
  upLost: boolean;
  downLost: boolean;
  /** The leaf answers, the hub is away. */
  hubAway: boolean;
  delayMs: number;
  jitterMs: number;
  /** 0 means as fast as can be. */
  bytesPerSecond: number;
  /** What is on the slow link already leaves then. */
  freeAt: number;
};

export const createPath = (): Path => ({
  cut: false,
  upLost: false,
  downLost: false,
  hubAway: false,
  delayMs: 20,
  jitterMs: 10,
  bytesPerSecond: 0,
  freeAt: 0,
});

export const isClear = ({ cut, upLost, downLost, hubAway }: Path): boolean =>
  !(cut || upLost || downLost || hubAway);

/** What the broker offers to a connection. */
export type Exchange = {
  store(subject: string, bytes: Uint8Array, stored: (seq: number) => void): void;
  ask(subject: string, bytes: Uint8Array, answered: (reply: CarrierReply) => void): void;
  tell(subject: string, bytes: Uint8Array): void;
};

export type SimulatedCarrier = Carrier & {
  /** From the broker, for whoever subscribed. */
  deliver(subject: string, bytes: Uint8Array): void;
  /** The path changed. */
  pathChanged(): void;
};

const pingEveryMs = 10_000;
const pingMissesMax = 2;

export type CarrierParts = {
  kernel: Kernel;
  process: Process;
  path: Path;
  exchange: Exchange;
  random: Random;
  effect: () => void;
  redialMs: { first: number; max: number };
};

type Failed = Extract<CarrierReply, { kind: 'failed' }>;

export const createCarrier = (parts: CarrierParts): SimulatedCarrier => {
  const { kernel, process, path, exchange, random, effect } = parts;
  const listeners = new Set<(status: CarrierStatus) => void>();
  const subscriptions = new Map<string, Set<(bytes: Uint8Array, subject: string) => void>>();
  let status: CarrierStatus = 'connecting';
  let connection = 0;
  let dials = 0;

  const become = (next: CarrierStatus): void => {
    if (status === next) return;
    status = next;
    if (next === 'connected') connection += 1;
    kernel.settled();
    for (const listener of listeners) listener(next);
  };
  const dial = (): void => {
    const wait = Math.min(parts.redialMs.max, parts.redialMs.first * 2 ** Math.min(dials, 10));
    dials += 1;
    process.after(wait * random.between(0.5, 1), () => {
      if (status !== 'connecting') return;
      if (path.cut || path.upLost || path.downLost) return dial();
      dials = 0;
      become('connected');
    });
  };
  const broken = (): void => {
    if (status !== 'connected') return;
    become('connecting');
    dial();
  };
  /** Nobody says that a half-open link is dead: pings find out. */
  const ping = (misses: number): void => {
    process.after(pingEveryMs, () => {
      if (status === 'closed') return;
      const missed = path.upLost || path.downLost ? misses + 1 : 0;
      if (status === 'connected' && missed >= pingMissesMax) broken();
      ping(status === 'connected' ? missed : 0);
    });
  };
  const travelMs = (bytes: Uint8Array): number => {
    const base = path.delayMs + random.next() * path.jitterMs;
    if (path.bytesPerSecond === 0) return base;
    const leaves = Math.max(path.freeAt, kernel.now()) + (bytes.byteLength / path.bytesPerSecond) * 1_000;
    path.freeAt = leaves;
    return base + leaves - kernel.now();
  };
  const alive = (since: number): boolean => status === 'connected' && connection === since;

  /** Sends, waits for the way back, fails after the timeout; settles once. */
  const converse = <T>(
    bytes: Uint8Array,
    timeoutMs: number,
    ask: (answered: (answer: T) => void) => void,
  ): Promise<T | Failed> =>
    new Promise((resolve) => {
      effect();
      if (process.dead) return;
      let cancel = (): void => undefined;
      const settle = (answer: T | Failed): void => {
        cancel();
        kernel.settled();
        resolve(answer);
        cancel = () => undefined;
      };
      if (status !== 'connected') {
        process.after(1, () => settle({ kind: 'failed', reason: 'disconnected' }));
        return;
      }
      const since = connection;
      if (path.hubAway) {
        process.after(3, () => settle({ kind: 'failed', reason: 'no-responders' }));
        return;
      }
      cancel = process.after(timeoutMs, () => settle({ kind: 'failed', reason: 'timeout' }));
      kernel.later(travelMs(bytes), () => {
        if (path.upLost || path.cut || path.hubAway) return;
        ask((answer) => {
          kernel.later(path.delayMs + random.next() * path.jitterMs, () => {
            if (path.downLost || path.cut || path.hubAway || !alive(since)) return;
            process.enter(() => settle(answer));
          });
        });
      });
      effect();
    });

  dial();
  ping(0);
  return {
    status: () => status,
    server: () => (status === 'connected' ? 'hub:4222' : null),
    onStatus: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    publish: (subject, bytes) => {
      if (status !== 'connected' || process.dead) return false;
      if (!path.upLost && !path.cut && !path.hubAway)
        kernel.later(travelMs(bytes), () => exchange.tell(subject, bytes));
      return true;
    },
    publishDurable: (subject, bytes, timeoutMs) =>
      converse<PubAck>(bytes, timeoutMs, (answered) =>
        exchange.store(subject, bytes, (seq) => answered({ kind: 'stored', stream: 'UP', seq })),
      ),
    request: (subject, bytes, timeoutMs) =>
      converse<CarrierReply>(bytes, timeoutMs, (answered) => exchange.ask(subject, bytes, answered)),
    subscribe: (subject, listener) => {
      const all = subscriptions.get(subject) ?? new Set();
      subscriptions.set(subject, all.add(listener));
      return () => all.delete(listener);
    },
    deliver: (subject, bytes) => {
      const since = connection;
      kernel.later(path.delayMs + random.next() * path.jitterMs, () => {
        if (path.downLost || path.cut || path.hubAway || !alive(since)) return;
        process.enter(() => {
          for (const listener of subscriptions.get(subject) ?? []) listener(bytes, subject);
        });
      });
    },
    pathChanged: () => {
      if (path.cut) process.enter(broken);
    },
    reconnect: async () => broken(),
    close: async () => become('closed'),
  };
};
