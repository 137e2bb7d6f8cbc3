/**
 * The carrier over @nats-io/transport-node: one connection that dials for ever with jitter.
 * Half-open links show within about 60 s by pings (20 s, 2 misses); the end-to-end watchdog is the caller's.
 */
import {
  type Authenticator,
  AuthorizationError,
  connect,
  type Msg,
  type NatsConnection,
  NoRespondersError,
  PermissionViolationError,
  RequestError,
  TimeoutError,
} from '@nats-io/transport-node';
import { z } from 'zod';
import { nkeyOfSeed, signerFromNkeySeed } from '../wire/nkey.ts';
import { parseJson } from '../wire/shape.ts';
import type { Carrier, CarrierReply, CarrierStatus, PubAck } from './carrier.ts';

export type CarrierOptions = {
  urls: readonly string[];
  /** The user JWT, and the seed of the key it was made for. Read again at every dial. */
  credentials: () => { jwt: string; seed: string };
  inboxPrefix: string;
  name: string;
  random: () => number;
  log: (level: 'info' | 'warn', message: string, details: Record<string, unknown>) => void;
  pingIntervalMs?: number;
  /** The one certificate that the server must show, PEM: for a leaf, whose device no authority signs. */
  certificate?: string | null;
  /** The name that the server's certificate bears, where it is dialled by another one. */
  serverName?: string;
  /** From the dial until it is signed in. */
  dialTimeoutMs?: number;
  /** Between two dials: doubled from the first up to the largest, with full jitter. */
  redialMs?: { first: number; max: number };
  /** The broker refuses these credentials: a hint that they may have been replaced. */
  refused?: () => void;
};

/**
 * As long as the hub waits for a sign-in (`hub-config.ts`): when thousands come back at once, or over a slow
 * link, a dial that is given up is work done for nothing and is done again.
 */
const dialTimeoutMs = 20_000;
const missedPingsMax = 2;
const receiptSchema = z.object({ stream: z.string(), seq: z.int().min(1) });
const receiptBytesMax = 4_096;

export const openCarrier = (options: CarrierOptions): Carrier => {
  const listeners = new Set<(status: CarrierStatus) => void>();
  const subscriptions = new Map<symbol, Subscribed>();
  let connection: NatsConnection | null = null;
  let status: CarrierStatus = 'connecting';
  let attempt = 0;
  let retry: NodeJS.Timeout | undefined;

  const turn = (next: CarrierStatus): void => {
    if (status === next || status === 'closed') return;
    status = next;
    if (next === 'connected') attempt = 0;
    for (const listener of listeners) listener(next);
  };
  const delay = (): number => {
    const { first, max } = options.redialMs ?? { first: 500, max: 30_000 };
    attempt += 1;
    return 100 + options.random() * Math.min(max, first * 2 ** Math.min(attempt, 16));
  };
  const dial = async (): Promise<void> => {
    try {
      const opened = await connect(dialOptions(options, delay));
      if (status === 'closed') return void opened.close();
      connection = opened;
      for (const each of subscriptions.values()) each.start(opened);
      void watch(opened, turn, options);
      turn('connected');
    } catch (cause) {
      options.log('warn', 'the broker did not let this device in; it dials again', {
        reason: reasonOf(cause),
      });
      if (cause instanceof AuthorizationError) options.refused?.();
      if (status !== 'closed') retry = setTimeout(() => void dial(), delay());
    }
  };
  void dial();

  const open = (): NatsConnection | null => (status === 'connected' ? connection : null);
  return {
    status: () => status,
    server: () => (status === 'connected' ? (connection?.getServer() ?? null) : null),
    onStatus: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    publish: (subject, bytes) => {
      open()?.publish(subject, bytes);
      return open() !== null;
    },
    publishDurable: async (subject, bytes, timeoutMs) =>
      receiptOf(await ask(open(), subject, bytes, timeoutMs)),
    request: (subject, bytes, timeoutMs) => ask(open(), subject, bytes, timeoutMs),
    subscribe: (subject, listener) => {
      const id = Symbol(subject);
      const subscribed = createSubscription(subject, listener);
      subscriptions.set(id, subscribed);
      if (connection !== null) subscribed.start(connection);
      return () => {
        subscriptions.delete(id);
        subscribed.stop();
      };
    },
    reconnect: async () => {
      await connection?.reconnect().catch(() => undefined);
    },
    close: async () => {
      clearTimeout(retry);
      turn('closed');
      await connection?.close();
    },
  };
};

/** A pinned certificate's key was checked before; what name it was dialled by says nothing. */
const tlsOf = ({ certificate, serverName }: CarrierOptions) => {
  if (certificate !== undefined && certificate !== null) {
    return { tls: { ca: certificate, checkServerIdentity: () => undefined } };
  }
  return serverName === undefined ? {} : { tls: { servername: serverName } };
};

/**
 * As the library's own, but that Node signs: its signature in JavaScript takes a hundred times as long.
 * A hub goes by the JWT, a leaf by the key that its site's roster names.
 */
const signIn = ({ credentials }: CarrierOptions): Authenticator => {
  let known = { seed: '', nkey: '' };
  return (nonce = '') => {
    const { jwt, seed } = credentials();
    if (known.seed !== seed) known = { seed, nkey: nkeyOfSeed(seed) };
    const signature = signerFromNkeySeed(seed).sign(Buffer.from(nonce));
    return { jwt, nkey: known.nkey, sig: Buffer.from(signature).toString('base64') };
  };
};

const dialOptions = (options: CarrierOptions, delay: () => number) => ({
  servers: [...options.urls],
  ...tlsOf(options),
  name: options.name,
  inboxPrefix: options.inboxPrefix,
  authenticator: signIn(options),
  timeout: options.dialTimeoutMs ?? dialTimeoutMs,
  pingInterval: options.pingIntervalMs ?? 20_000,
  maxPingOut: missedPingsMax,
  maxReconnectAttempts: -1,
  reconnectDelayHandler: delay,
  /** A device that was let in before is not given up because the hub forgot it for a while. */
  ignoreAuthErrorAbort: true,
  ignoreClusterUpdates: true,
});

/** Follows one connection for its whole life. */
const watch = async (
  connection: NatsConnection,
  turn: (status: CarrierStatus) => void,
  { log, refused }: CarrierOptions,
): Promise<void> => {
  for await (const event of connection.status()) {
    if (event.type === 'reconnect') turn('connected');
    else if (event.type === 'disconnect' || event.type === 'staleConnection') turn('connecting');
    else if (event.type === 'error') {
      log('warn', 'the broker refused something', { reason: event.error.message });
      if (event.error instanceof AuthorizationError) refused?.();
    }
  }
};

type Subscribed = { start(connection: NatsConnection): void; stop(): void };

const createSubscription = (
  subject: string,
  listener: (bytes: Uint8Array, subject: string) => void,
): Subscribed => {
  let stop = () => {};
  return {
    start: (connection) => {
      const subscription = connection.subscribe(subject, {
        callback: (failure, message) => {
          if (failure === null) listener(message.data, message.subject);
        },
      });
      stop = () => subscription.unsubscribe();
    },
    stop: () => stop(),
  };
};

const ask = async (
  connection: NatsConnection | null,
  subject: string,
  bytes: Uint8Array,
  timeoutMs: number,
): Promise<CarrierReply> => {
  if (connection === null) return { kind: 'failed', reason: 'disconnected' };
  try {
    return replyOf(await connection.request(subject, bytes, { timeout: timeoutMs }));
  } catch (cause) {
    return { kind: 'failed', reason: failureOf(cause) };
  }
};

const replyOf = (message: Msg): CarrierReply => ({
  kind: 'reply',
  bytes: message.data,
  code: message.headers?.code ?? 0,
});

const failureOf = (cause: unknown): Extract<CarrierReply, { kind: 'failed' }>['reason'] => {
  const inner = cause instanceof RequestError ? (cause.cause ?? cause) : cause;
  if (inner instanceof NoRespondersError) return 'no-responders';
  if (inner instanceof TimeoutError) return 'timeout';
  if (inner instanceof PermissionViolationError) return 'refused';
  return cause instanceof RequestError && cause.isNoResponders() ? 'no-responders' : 'disconnected';
};

const receiptOf = (reply: CarrierReply): PubAck => {
  if (reply.kind === 'failed') return reply;
  const receipt = parseJson(reply.bytes, receiptSchema, receiptBytesMax);
  if (receipt.kind === 'refused') return { kind: 'failed', reason: 'refused' };
  return { kind: 'stored', stream: receipt.value.stream, seq: receipt.value.seq };
};

/** The library's words name a class of failure; they hold no credentials. */
const reasonOf = (cause: unknown): string => (cause instanceof Error ? cause.message : 'unknown');
