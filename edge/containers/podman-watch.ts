/** What goes on in Podman: events of our containers and their counters. */
import { z } from 'zod';
import { labels } from '../core/container.ts';
import { chunksOf, jsonLinesOf } from './byte-streams.ts';
import type { ContainerEvent, ContainerStats } from './engine.ts';
import { eventSchema, toEvent } from './event.ts';
import { unreachableEngine } from './failures.ts';
import { asLibpodFailure, type LibpodCalls } from './podman-calls.ts';
import { parseReply } from './reply.ts';

export async function* watchPodman(
  calls: LibpodCalls,
  deviceId: string,
  signal: AbortSignal,
  opened?: () => void,
): AsyncGenerator<ContainerEvent> {
  const what = 'watch containers';
  const filters = JSON.stringify({
    type: ['container'],
    label: [`${labels.device}=${deviceId}`],
  });
  try {
    const query = { stream: 'true', filters };
    const stream = await calls.stream({ what, path: '/events', query, signal });
    opened?.();
    for await (const line of jsonLinesOf(chunksOf(stream, signal), what)) {
      yield toEvent(parseReply(eventSchema, line, what));
    }
    if (!signal.aborted) {
      throw unreachableEngine(what, calls.socketPath, new Error('the stream ended'));
    }
  } catch (cause) {
    if (!signal.aborted) throw asLibpodFailure(what, calls.socketPath, cause);
  }
}

const statsSchema = z.object({
  Error: z.unknown(),
  Stats: z
    .array(
      z.object({
        ContainerID: z.string(),
        CPUNano: z.number(),
        MemUsage: z.number(),
        MemLimit: z.number(),
        NetInput: z.number(),
        NetOutput: z.number(),
      }),
    )
    .nullish(),
});

/** Counters of the running ones among `ids`; the others have none. */
export const readPodmanStats = async (
  { call }: LibpodCalls,
  ids: readonly string[],
): Promise<ContainerStats[]> => {
  // Without ids Podman would answer for every container of the host.
  if (ids.length === 0) return [];
  const what = 'read the counters of containers';
  const query = { containers: ids, stream: 'false' };
  const { body } = await call({ what, path: '/containers/stats', query });
  return (parseReply(statsSchema, body, what).Stats ?? []).map((stats) => ({
    id: stats.ContainerID,
    cpuTotalNs: stats.CPUNano,
    memoryBytes: stats.MemUsage,
    memoryLimitBytes: stats.MemLimit,
    receivedBytes: stats.NetInput,
    sentBytes: stats.NetOutput,
  }));
};
