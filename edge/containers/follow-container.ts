/**
 * The log of a container by its name, for as long as somebody looks: its last lines, then each new
 * one, through restarts and through being replaced by another version. Stands on the engine port
 * alone; holds one reader of the engine at a time. Decides nothing about who may look.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { FleetError } from '@signalbeam/sync/core/errors';
import type { LogEnd, LogNote } from '@signalbeam/sync/core/log-session';
import type { ObservedContainer } from '../core/container.ts';
import { createOverlap } from '../core/log-session.ts';
import type { Engine, LogLine } from './engine.ts';

export type Followed =
  | { kind: 'line'; line: LogLine }
  | { kind: 'note'; at: number; note: LogNote }
  | { kind: 'ended'; reason: LogEnd };

export type FollowParts = {
  /** Null while no engine answers. */
  engine: () => Engine | null;
  /** The one that bears the name now; asked of the engine anew each time. */
  find: (engine: Engine) => Promise<ObservedContainer | null>;
  tail: number;
  sinceMs: number | null;
  follow: boolean;
  now: () => number;
  signal: AbortSignal;
  /** Between two looks at a container that does not run. */
  lookEveryMs?: number;
};

/** What a container wrote between its start and the moment that is noticed. */
const catchUpLines = 500;

/** `newest` are the last lines that were told, all of one time: an engine may round it to seconds. */
type Seen = { id: string; startedAt: number | null; newest: LogLine[] };

const newestMax = 1_000;
const told = (seen: Seen, line: LogLine): void => {
  if (seen.newest[0]?.at !== line.at || seen.newest.length >= newestMax) seen.newest = [];
  seen.newest.push(line);
};

export async function* followContainer(parts: FollowParts): AsyncGenerator<Followed> {
  const { signal, now, lookEveryMs = 1_000 } = parts;
  let seen: Seen | null = null;
  let noted: LogNote | null = null;
  const note = function* (what: LogNote): Generator<Followed> {
    if (noted !== what) yield { kind: 'note', at: now(), note: what };
    noted = what;
  };
  while (!signal.aborted) {
    const looked = await look(parts);
    if (looked.kind !== 'found') {
      if (seen === null) return yield { kind: 'ended', reason: looked.kind };
      yield* note(looked.kind === 'container-not-found' ? 'stopped' : 'engine-away');
    } else if (isNews(looked.container, seen)) {
      const { engine, container } = looked;
      const { id, startedAt } = container;
      if (seen !== null && noted !== null) yield* note(seen.id === id ? 'started' : 'replaced');
      noted = null;
      const from: Seen = { id, startedAt, newest: seen?.id === id ? seen.newest : [] };
      const range =
        seen === null
          ? rangeOf(parts)
          : { tail: catchUpLines, ...since(from.newest[0]?.at ?? null) };
      seen = from;
      try {
        for await (const line of readOn(engine, from, range, parts)) yield { kind: 'line', line };
      } catch (cause) {
        if (!(cause instanceof FleetError)) throw cause;
        if (!parts.follow) return yield { kind: 'ended', reason: 'engine-unreachable' };
      }
      if (!parts.follow) return yield { kind: 'ended', reason: 'complete' };
      const after = signal.aborted ? null : await look(parts);
      if (after?.kind === 'found' && !isRunning(after.container, seen)) yield* note('stopped');
      if (after?.kind === 'engine-unreachable') yield* note('engine-away');
    } else yield* note('stopped');
    await sleep(lookEveryMs, undefined, { signal }).catch(() => undefined);
  }
}

const since = (ms: number | null): { sinceMs?: number } => (ms === null ? {} : { sinceMs: ms });
const rangeOf = ({ tail, sinceMs }: FollowParts) => ({ tail, ...since(sinceMs) });

type Looked =
  | { kind: 'found'; engine: Engine; container: ObservedContainer }
  | { kind: 'container-not-found' | 'engine-unreachable' };

const look = async ({ engine: current, find }: FollowParts): Promise<Looked> => {
  const engine = current();
  if (engine === null) return { kind: 'engine-unreachable' };
  try {
    const container = await find(engine);
    if (container === null) return { kind: 'container-not-found' };
    return { kind: 'found', engine, container };
  } catch (cause) {
    if (!(cause instanceof FleetError)) throw cause;
    return { kind: 'engine-unreachable' };
  }
};

const isRunning = ({ id, state }: ObservedContainer, seen: Seen): boolean =>
  id === seen.id && state === 'running';

/** Something to read: it was not read at all, it runs, or it ran since. */
const isNews = ({ id, state, startedAt }: ObservedContainer, seen: Seen | null): boolean =>
  seen === null || id !== seen.id || state === 'running' || startedAt !== seen.startedAt;

/**
 * Its lines of that range, then each new one until it stops; `seen` is kept up to date. An engine that
 * is asked to follow and to read begins with either: what was written in between comes by neither, so
 * once the following has given a line, or time to begin, what was missed is read.
 */
async function* readOn(
  engine: Engine,
  seen: Seen,
  range: { tail: number; sinceMs?: number },
  { follow, signal, lookEveryMs = 1_000 }: FollowParts,
): AsyncGenerator<LogLine> {
  const stop = new AbortController();
  const leave = (): void => stop.abort();
  signal.addEventListener('abort', leave, { once: true });
  const lines = engine.followLogs(seen.id, stop.signal)[Symbol.asyncIterator]();
  const overlap = createOverlap();
  const read = async function* (wanted: typeof range): AsyncGenerator<LogLine> {
    if (wanted.tail === 0) return;
    // On a second reading the newest lines that were told are read once more.
    const before = createOverlap();
    before.read(seen.newest);
    for (const line of await engine.logs(seen.id, wanted)) {
      if (!before.isNew(line)) continue;
      overlap.read([line]);
      told(seen, line);
      yield line;
    }
  };
  const readMissed = () => {
    const from = seen.newest[0]?.at ?? range.sinceMs ?? null;
    return read({ tail: Math.min(range.tail, 1) * catchUpLines, ...since(from) });
  };
  try {
    const first = follow ? lines.next() : null;
    first?.catch(() => undefined);
    yield* read(range);
    if (first === null) return;
    const came = first.then(() => true);
    const pause = sleep(lookEveryMs, false, { signal: stop.signal }).catch(() => false);
    const isEarly = await Promise.race([came, pause]);
    yield* readMissed();
    let next = await first;
    if (!isEarly) yield* readMissed();
    for (; next.done !== true; next = await lines.next()) {
      if (!overlap.isNew(next.value)) continue;
      told(seen, next.value);
      yield next.value;
    }
  } finally {
    stop.abort();
    signal.removeEventListener('abort', leave);
    await lines.return?.(undefined);
  }
}
