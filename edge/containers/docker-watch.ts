/**
 * What goes on in Docker: events of our containers (so the agent reconciles at once instead of
 * waiting for its next look) and their counters.
 */
import type { Readable } from 'node:stream';
import { z } from 'zod';
import { labels } from '../core/container.ts';
import { forEachBounded } from './bounded.ts';
import { chunksOf, jsonLinesOf } from './byte-streams.ts';
import { aborting, asFailure, type DockerCalls, statusOf } from './docker-calls.ts';
import type { ContainerEvent, ContainerStats } from './engine.ts';
import { eventSchema, toEvent } from './event.ts';
import { unreachableEngine } from './failures.ts';
import { parseReply } from './reply.ts';

export async function* watchDocker(
  { docker, call, socketPath }: DockerCalls,
  deviceId: string,
  signal: AbortSignal,
  opened?: () => void,
): AsyncGenerator<ContainerEvent> {
  const what = 'watch containers';
  const stop = new AbortController();
  // Its overload with a callback would win over the promise, as the type lacks abortSignal.
  const events = docker.getEvents.bind(docker) as (options: object) => Promise<unknown>;
  const filters = { type: ['container'], label: [`${labels.device}=${deviceId}`] };
  try {
    const stream = await call(what, () => events(aborting(stop.signal, { filters })), {
      signal,
    });
    opened?.();
    for await (const line of jsonLinesOf(chunksOf(stream as Readable, signal), what)) {
      yield toEvent(parseReply(eventSchema, line, what));
    }
    if (!signal.aborted) throw unreachableEngine(what, socketPath, new Error('the stream ended'));
  } catch (cause) {
    if (!signal.aborted) throw asFailure(what, socketPath, cause);
  } finally {
    stop.abort();
  }
}

const statsSchema = z.object({
  cpu_stats: z.object({ cpu_usage: z.object({ total_usage: z.number() }) }),
  memory_stats: z.object({
    usage: z.number().nullish(),
    limit: z.number().nullish(),
    stats: z.record(z.string(), z.number()).nullish(),
  }),
  networks: z
    .record(z.string(), z.object({ rx_bytes: z.number(), tx_bytes: z.number() }))
    .nullish(),
});

/** Counters of the running ones among `ids`; the others have none. */
export const readDockerStats = async (
  calls: DockerCalls,
  ids: readonly string[],
): Promise<ContainerStats[]> => {
  const readings = await forEachBounded(ids, 4, (id) => readOne(calls, id));
  return readings.filter((reading) => reading !== null);
};

const readOne = async (
  { docker, call }: DockerCalls,
  id: string,
): Promise<ContainerStats | null> => {
  const what = `read the counters of container ${id}`;
  const reply = await call(what, async (abortSignal) => {
    try {
      return await docker
        .getContainer(id)
        .stats(aborting(abortSignal, { stream: false as const, 'one-shot': true }));
    } catch (cause) {
      if (statusOf(cause) === 404) return null;
      throw cause;
    }
  });
  if (reply === null) return null;
  const stats = parseReply(statsSchema, reply, what);
  const { usage, limit, stats: parts } = stats.memory_stats;
  if (!usage) return null;
  const cacheBytes = parts?.['total_inactive_file'] ?? parts?.['inactive_file'] ?? 0;
  const networks = Object.values(stats.networks ?? {});
  return {
    id,
    cpuTotalNs: stats.cpu_stats.cpu_usage.total_usage,
    memoryBytes: Math.max(0, usage - cacheBytes),
    memoryLimitBytes: limit ?? null,
    receivedBytes: networks.reduce((sum, each) => sum + each.rx_bytes, 0),
    sentBytes: networks.reduce((sum, each) => sum + each.tx_bytes, 0),
  };
};
