/**
 * The live line to the server. It reconnects by itself with jitter, notices a silent line (the
 * server sends at least a comment every 15 s), and says how it stands so that a screen can tell
 * how old its data is. Events are hints: what they miss is fetched again after a reconnect.
 */
import type { Renew, Renewed } from './renew.ts';
import { parseServerEvents, type ServerEvent } from './sse.ts';

export type LinkState =
  | { kind: 'connecting'; dataFrom: number | null }
  | { kind: 'live'; dataFrom: number }
  | { kind: 'reconnecting'; dataFrom: number | null }
  | { kind: 'offline'; dataFrom: number | null };

export type LiveStream = {
  state: () => LinkState;
  /** Replaces what is listened to; the line is made anew only when it differs. */
  listen: (topics: readonly string[]) => void;
  onEvent: (listener: (event: ServerEvent) => void) => () => void;
  onState: (listener: (state: LinkState) => void) => () => void;
  /** Runs when the line is back after a break, and when the server says it dropped events. */
  onResync: (listener: () => void) => () => void;
  /** Asks for nothing until `listen` or `again`: the session has ended, and who listens is to stay. */
  halt: () => void;
  again: () => void;
  close: () => void;
};

const silenceMsMax = 40_000;
const backoffMsMax = 15_000;
/** After this many failed attempts "reconnecting" is no longer honest. */
const attemptsBeforeOffline = 3;

const backoffMsAfter = (attempts: number): number =>
  Math.min(backoffMsMax, 500 * 2 ** attempts) * (0.5 + Math.random() / 2);

const kindAfter = (attempts: number): 'offline' | 'reconnecting' =>
  !navigator.onLine || attempts > attemptsBeforeOffline ? 'offline' : 'reconnecting';

const listeners = <T>() => {
  const all = new Set<(value: T) => void>();
  return {
    add: (listener: (value: T) => void) => {
      all.add(listener);
      return () => all.delete(listener);
    },
    tell: (value: T) => {
      for (const listener of [...all]) listener(value);
    },
  };
};

const addressOf = (path: string, topics: string): string =>
  topics === '' ? path : `${path}?topics=${encodeURIComponent(topics)}`;

/** A wait that can be cut short. */
const createPause = () => {
  let wake: () => void = () => {};
  const pause = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      wake = resolve;
      setTimeout(resolve, ms);
    });
  return { pause, wake: () => wake() };
};

/** Reads one connection to its end; throws when it breaks, is silent too long or is refused. */
const readLine = async (
  url: string,
  abort: AbortController,
  on: {
    open: () => void;
    alive: () => void;
    event: (event: ServerEvent) => void;
    refused: () => Promise<Renewed>;
    ended: () => void;
  },
): Promise<void> => {
  let watchdog = setTimeout(() => abort.abort(), silenceMsMax);
  try {
    const response = await fetch(url, {
      headers: { accept: 'text/event-stream' },
      credentials: 'same-origin',
      cache: 'no-store',
      signal: abort.signal,
    });
    if (response.status === 401 && (await on.refused()) === 'ended') on.ended();
    if (!response.ok || response.body === null) throw new Error(`refused: ${response.status}`);
    on.open();
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = '';
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      clearTimeout(watchdog);
      watchdog = setTimeout(() => abort.abort(), silenceMsMax);
      on.alive();
      const parsed = parseServerEvents(rest, value);
      rest = parsed.rest;
      for (const event of parsed.events) on.event(event);
    }
  } finally {
    clearTimeout(watchdog);
  }
};

export const createStream = (
  path: string,
  renew: Renew = () => Promise.resolve('unanswered'),
  /** The session is over: the line asks no more until it is told to. */
  onEnded: () => void = () => {},
): LiveStream => {
  const events = listeners<ServerEvent>();
  const states = listeners<LinkState>();
  const resyncs = listeners<null>();
  let state: LinkState = { kind: 'connecting', dataFrom: null };
  let topics = '';
  let current: AbortController | null = null;
  const { pause, wake } = createPause();
  let closed = false;
  let wanted = 0;

  const say = (next: LinkState): void => {
    const changed = next.kind !== state.kind;
    state = next;
    if (changed) states.tell(next);
  };

  /** `attempts` lives here, so a line replaced by `listen` starts its count afresh. */
  const run = async (line: number, wasBroken: boolean): Promise<void> => {
    let attempts = 0;
    let broken = wasBroken;
    while (!closed && line === wanted) {
      const abort = new AbortController();
      current = abort;
      try {
        await readLine(addressOf(path, topics), abort, {
          open: () => {
            attempts = 0;
            say({ kind: 'live', dataFrom: Date.now() });
            if (broken) resyncs.tell(null);
            broken = false;
          },
          refused: renew,
          ended: onEnded,
          alive: () => {
            state.dataFrom = Date.now();
          },
          event: (event) => (event.type === 'resync' ? resyncs.tell(null) : events.tell(event)),
        });
      } catch {
        // Which way it broke does not matter: the next attempt or the pill says the rest.
      }
      if (closed || line !== wanted) return;
      broken = true;
      attempts += 1;
      say({ kind: kindAfter(attempts), dataFrom: state.dataFrom });
      await pause(backoffMsAfter(attempts));
    }
  };

  const start = (wasBroken = false): void => {
    wanted += 1;
    current?.abort();
    void run(wanted, wasBroken);
  };
  // The machine knows first: without this a dead line would look live until the watchdog bites.
  const onOffline = (): void => current?.abort();
  window.addEventListener('online', wake);
  window.addEventListener('offline', onOffline);

  return {
    state: () => state,
    listen: (next) => {
      const joined = [...next].sort().join(',');
      if (wanted > 0 && joined === topics) return;
      topics = joined;
      start();
    },
    onEvent: events.add,
    onState: states.add,
    onResync: (listener) => resyncs.add(() => listener()),
    halt: () => {
      wanted += 1;
      current?.abort();
      say({ kind: 'offline', dataFrom: state.dataFrom });
    },
    again: () => start(true),
    close: () => {
      closed = true;
      current?.abort();
      wake();
      window.removeEventListener('online', wake);
      window.removeEventListener('offline', onOffline);
    },
  };
};
