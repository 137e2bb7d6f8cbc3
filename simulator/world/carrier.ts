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

/** The connection itself: its state, dialling, and the pings that find out about half-open ones. */
const createConnection = ({ kernel, process, path, random, redialMs }: CarrierParts) => {
  const listeners = new Set<(status: CarrierStatus) => void>();
  const connection = {
    status: 'connecting' as CarrierStatus,
    /** Counts connections: what was sent on an earlier one is not answered on this one. */
    number: 0,
    listeners,
    become: (next: CarrierStatus): void => {
      if (connection.status === next) return;
      connection.status = next;
      if (next === 'connected') connection.number += 1;
      kernel.settled();
      for (const listener of listeners) listener(next);
    },
    broken: (): void => {
      if (connection.status !== 'connected') return;
      connection.become('connecting');
      dial();
    },
    isStill: (number: number): boolean =>
      connection.status === 'connected' && connection.number === number,
  };
  let dials = 0;
  const dial = (): void => {
    const wait = Math.min(redialMs.max, redialMs.first * 2 ** Math.min(dials, 10));
    dials += 1;
    process.after(wait * random.between(0.5, 1), () => {
      if (connection.status !== 'connecting') return;
      if (path.cut || path.upLost || path.downLost) return dial();
      dials = 0;
      connection.become('connected');
    });
  };
  const ping = (misses: number): void => {
    process.after(pingEveryMs, () => {
      if (connection.status === 'closed') return;
      const missed = path.upLost || path.downLost ? misses + 1 : 0;
      if (missed >= pingMissesMax) connection.broken();
      ping(connection.status === 'connected' ? missed : 0);
    });
  };
  dial();
  ping(0);
  return connection;
};

type Connection = ReturnType<typeof createConnection>;

const travelMs = ({ kernel, path, random }: CarrierParts, bytes: Uint8Array): number => {
  const base = path.delayMs + random.next() * path.jitterMs;
  if (path.bytesPerSecond === 0) return base;
  const sendingMs = (bytes.byteLength / path.bytesPerSecond) * 1_000;
  path.freeAt = Math.max(path.freeAt, kernel.now()) + sendingMs;
  return base + path.freeAt - kernel.now();
};

/** Sends, waits for the way back, fails after the timeout; settles once. */
const converse = <T>(
  parts: CarrierParts,
  connection: Connection,
  message: { bytes: Uint8Array; timeoutMs: number },
  ask: (answered: (answer: T) => void) => void,
): Promise<T | Failed> =>
  new Promise((resolve) => {
    const { kernel, process, path, random, effect } = parts;
    effect();
    if (process.dead) return;
    let cancel = (): void => undefined;
    const settle = (answer: T | Failed): void => {
      cancel();
      kernel.settled();
      resolve(answer);
    };
    const failing = (reason: Failed['reason'], afterMs: number): void => {
      cancel = process.after(afterMs, () => settle({ kind: 'failed', reason }));
    };
    if (connection.status !== 'connected') return failing('disconnected', 1);
    if (path.hubAway) return failing('no-responders', 3);
    failing('timeout', message.timeoutMs);
    const since = connection.number;
    kernel.later(travelMs(parts, message.bytes), () => {
      if (path.upLost || path.cut || path.hubAway) return;
      ask((answer) => {
        kernel.later(path.delayMs + random.next() * path.jitterMs, () => {
          if (path.downLost || path.cut || path.hubAway || !connection.isStill(since)) return;
          process.enter(() => settle(answer));
        });
      });
    });
    effect();
  });

export const createCarrier = (parts: CarrierParts): SimulatedCarrier => {
  const { kernel, process, path, exchange, random } = parts;
  const subscriptions = new Map<string, Set<(bytes: Uint8Array, subject: string) => void>>();
  const connection = createConnection(parts);
  return {
    status: () => connection.status,
    server: () => (connection.status === 'connected' ? 'hub:4222' : null),
    onStatus: (listener) => {
      connection.listeners.add(listener);
      return () => connection.listeners.delete(listener);
    },
    publish: (subject, bytes) => {
      if (connection.status !== 'connected' || process.dead) return false;
      if (!path.upLost && !path.cut && !path.hubAway)
        kernel.later(travelMs(parts, bytes), () => exchange.tell(subject, bytes));
      return true;
    },
    publishDurable: (subject, bytes, timeoutMs) =>
      converse<PubAck>(parts, connection, { bytes, timeoutMs }, (answered) =>
        exchange.store(subject, bytes, (seq) => answered({ kind: 'stored', stream: 'UP', seq })),
      ),
    request: (subject, bytes, timeoutMs) =>
      converse<CarrierReply>(parts, connection, { bytes, timeoutMs }, (answered) =>
        exchange.ask(subject, bytes, answered),
      ),
    subscribe: (subject, listener) => {
      const all = subscriptions.get(subject) ?? new Set();
      subscriptions.set(subject, all.add(listener));
      return () => all.delete(listener);
    },
    deliver: (subject, bytes) => {
      const since = connection.number;
      kernel.later(path.delayMs + random.next() * path.jitterMs, () => {
        if (path.downLost || path.cut || path.hubAway || !connection.isStill(since)) return;
        process.enter(() => {
          for (const listener of subscriptions.get(subject) ?? []) listener(bytes, subject);
        });
      });
    },
    pathChanged: () => {
      if (path.cut) process.enter(connection.broken);
    },
    reconnect: async () => connection.broken(),
    close: async () => connection.become('closed'),
  };
};
