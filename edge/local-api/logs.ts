/**
 * A container's log for the technician: its last lines, then each new one as it is written. What is
 * held is bounded; when a page is slower than the log, the oldest waiting lines are dropped and
 * counted, so that the newest are shown.
 */
import { describeIssues } from '@signalbeam/sync/wire/shape';
import type { Context } from 'hono';
import { streamSSE } from 'hono/streaming';
import { z } from 'zod';
import type { Engine, LogLine } from '../containers/engine.ts';
import { chooseNamed, type ObservedContainer } from '../core/container.ts';
import { problem } from './guard.ts';
import { within } from './stream.ts';

const tailMax = 2_000;
/** Each holds a connection to the engine open. */
const followersMax = 8;
const waitingLinesMax = 500;
/** A person reads a few pictures a second; a chatty log is sent in pieces. */
const settleMs = 200;
const keepAliveMs = 15_000;

const querySchema = z.strictObject({
  tail: z.coerce.number().int().min(1).max(tailMax).default(200),
  /** Two bundles may each have a container of this name. */
  bundle: z.string().max(200).optional(),
});

/** What the log of a container is found by; each is asked anew for every request. */
export type LogSource = {
  containers: () => readonly ObservedContainer[];
  bundleIdOf: (bundleName: string) => string | undefined;
  /** Null while no engine answers. */
  engine: () => Engine | null;
};
type Found = { engine: Engine; id: string; tail: number };

/** The container that runs under this name; one kept aside during an update only if none runs. */
const find = (context: Context, source: LogSource, name: string): Found | Response => {
  const query = querySchema.safeParse(context.req.query());
  if (!query.success)
    return problem(context, 400, 'invalid-query', describeIssues(query.error.issues));
  const { tail, bundle } = query.data;
  const bundleId = bundle === undefined ? undefined : source.bundleIdOf(bundle);
  const found = chooseNamed(source.containers(), name, bundleId ?? null);
  if (found === null)
    return problem(
      context,
      404,
      'container-not-found',
      `There is no container ${name}.`,
      'Look at the list of containers: it may have been replaced.',
    );
  const engine = source.engine();
  if (engine === null)
    return problem(
      context,
      503,
      'engine-unreachable',
      'The container engine does not answer.',
      'Start Docker or Podman; the agent finds it by itself.',
    );
  return { engine, id: found.id, tail };
};

export const createLogs = (source: LogSource) => {
  let followers = 0;
  return {
    read: async (context: Context, name: string): Promise<Response> => {
      const found = find(context, source, name);
      if (found instanceof Response) return found;
      return context.json({ lines: await found.engine.logs(found.id, { tail: found.tail }) });
    },
    follow: (context: Context, name: string): Response => {
      const found = find(context, source, name);
      if (found instanceof Response) return found;
      if (followers >= followersMax)
        return problem(
          context,
          503,
          'too-many-streams',
          'Too many pages follow logs of this device.',
          'Close one of them.',
        );
      followers += 1;
      return streamSSE(context, async (stream) => {
        const stop = new AbortController();
        const lines = collect(found, stop.signal);
        stream.onAbort(() => {
          stop.abort();
          lines.wake();
        });
        try {
          // Followed from before the tail is read, so nothing is lost in between.
          const tail = await found.engine.logs(found.id, { tail: found.tail });
          await stream.writeSSE({ event: 'tail', data: JSON.stringify({ lines: tail }) });
          const known = new Set(tail.map(keyOf));
          while (!stream.aborted) {
            const { taken, dropped, ended } = lines.take();
            const fresh = taken.filter((line) => !known.has(keyOf(line)));
            if (fresh.length > 0 || dropped > 0)
              await stream.writeSSE({
                event: 'lines',
                data: JSON.stringify({ lines: fresh, dropped }),
              });
            if (ended !== null)
              await stream.writeSSE({ event: 'ended', data: JSON.stringify({ reason: ended }) });
            if ((await within(lines.news(), keepAliveMs)) === 'late')
              await stream.write(': still here\n\n');
            else await stream.sleep(settleMs);
          }
        } finally {
          followers -= 1;
          stop.abort();
        }
      });
    },
  };
};

const keyOf = ({ at, stream, text }: LogLine): string => `${at} ${stream} ${text}`;

/** Reads in the background into a bounded store; `ended` is told once, by the next `take`. */
const collect = ({ engine, id }: Found, signal: AbortSignal) => {
  let waiting: LogLine[] = [];
  let dropped = 0;
  let ended: string | null = null;
  let wake = (): void => {};
  const tellNews = (): void => wake();
  void (async () => {
    try {
      for await (const line of engine.followLogs(id, signal)) {
        waiting.push(line);
        if (waiting.length > waitingLinesMax) {
          waiting.shift();
          dropped += 1;
        }
        tellNews();
      }
      ended = 'stopped';
    } catch {
      ended = 'engine-unreachable';
    }
    tellNews();
  })();
  return {
    wake: tellNews,
    news: (): Promise<'news'> =>
      waiting.length > 0 || ended !== null
        ? Promise.resolve('news')
        : new Promise((resolve) => {
            wake = () => resolve('news');
          }),
    take: (): { taken: LogLine[]; dropped: number; ended: string | null } => {
      const all = { taken: waiting, dropped, ended };
      waiting = [];
      dropped = 0;
      ended = null;
      return all;
    },
  };
};
