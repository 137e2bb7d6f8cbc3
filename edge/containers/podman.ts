/**
 * Podman behind the engine port: its libpod API (4.0 or later) over a unix socket by undici.
 * Loaded lazily by `detect.ts`, so that a device on Docker does not carry it in memory.
 */
import assert from 'node:assert/strict';
import { FleetError } from '@signalbeam/sync/core/errors';
import { z } from 'zod';
import { labels, type ObservedContainer } from '../core/container.ts';
import { heldLimits } from '../core/held-limits.ts';
import { forEachBounded } from './bounded.ts';
import type { Engine, EngineDescription, EngineOptions } from './engine.ts';
import { refused } from './failures.ts';
import { inspectedSchema, observe } from './inspected.ts';
import { type LibpodCalls, openLibpodCalls } from './podman-calls.ts';
import {
  createPodmanImageFacts,
  findPodmanImage,
  listPodmanImages,
  pullPodmanImage,
  readPodmanDigests,
  removePodmanImage,
} from './podman-images.ts';
import { execInPodman, followPodmanLogs, readPodmanLogs } from './podman-output.ts';
import { toPodman } from './podman-spec.ts';
import { ensurePodmanVolume, listPodmanVolumes, removePodmanVolume } from './podman-volumes.ts';
import { readPodmanStats, watchPodman } from './podman-watch.ts';
import { parseReply } from './reply.ts';

/** On top of the grace that a container has to stop. */
const stopMarginMs = 20_000;
const inspectsAtOnce = 6;

export const openPodman = (socketPath: string, options: EngineOptions = {}): Engine => {
  const calls = openLibpodCalls(socketPath, options.callTimeoutMs);
  return {
    kind: 'podman',
    describe: () => describe(calls),
    list: createList(calls),
    pull: (reference, options) => pullPodmanImage(calls, reference, options),
    image: (digestOrReference) => findPodmanImage(calls, digestOrReference),
    images: () => listPodmanImages(calls),
    removeImage: (reference) => removePodmanImage(calls, reference),
    ...containerActs(calls),
    logs: (id, options) => readPodmanLogs(calls, id, options),
    followLogs: (id, signal) => followPodmanLogs(calls, id, signal),
    exec: (id, argv, options) => execInPodman(calls, id, argv, options),
    stats: (ids) => readPodmanStats(calls, ids),
    ensureVolume: (name, wanted) => ensurePodmanVolume(calls, name, wanted),
    removeVolume: (name, deviceId) => removePodmanVolume(calls, name, deviceId),
    listVolumes: (deviceId) => listPodmanVolumes(calls, deviceId),
    events: (deviceId, signal, opened) => watchPodman(calls, deviceId, signal, opened),
    close: () => calls.close(),
  };
};

const createdSchema = z.object({ Id: z.string(), Warnings: z.array(z.string()).nullish() });

/**
 * Podman's words when someone started the container between its end and the cleaning up behind it: the
 * stop was carried out, and what runs now is another start, as it would be a moment later.
 */
const startedBehindStop = /is running or paused, refusing to clean up/i;

/** Podman's words when a container ended by itself between the look and the signal: once more, and it is gone. */
const endedMeanwhile = /sending SIGKILL to container .*container state improper/is;

const containerActs = (
  calls: LibpodCalls,
): Pick<Engine, 'create' | 'start' | 'stop' | 'remove' | 'rename'> => {
  const post = (what: string, id: string, act: string, more: { timeoutMs?: number } = {}) =>
    calls.call({ what, method: 'POST', path: `/containers/${id}/${act}`, expect: [304], ...more });
  return {
    create: async (asked) => {
      assert(asked.labels[labels.device], 'a container without our device label would be lost');
      const what = `create container ${asked.name}`;
      const { spec, warnings } = heldLimits(asked, (await describe(calls)).limits);
      const present = await findPodmanImage(calls, spec.image);
      if (!present) throw refused(what, { status: 404, message: `no such image: ${spec.image}` });
      const body = toPodman(spec, present.imageId);
      const path = '/containers/create';
      const reply = await calls.call({ what, method: 'POST', path, body });
      const created = parseReply(createdSchema, reply.body, what);
      return { id: created.Id, warnings: [...warnings, ...(created.Warnings ?? [])] };
    },
    start: async (id) => {
      await post(`start container ${id}`, id, 'start');
    },
    stop: async (id, { graceMs }) => {
      const timeoutMs = graceMs + stopMarginMs;
      const act = `stop?timeout=${Math.ceil(graceMs / 1000)}`;
      await post(`stop container ${id}`, id, act, { timeoutMs }).catch((error) => {
        if (!startedBehindStop.test(String(error.message))) throw error;
      });
    },
    remove: async (id, { volumes }) => {
      const remove = () =>
        calls.call({
          what: `remove container ${id}`,
          method: 'DELETE',
          path: `/containers/${id}`,
          query: { force: 'true', v: String(volumes), timeout: '0' },
          expect: [404],
        });
      await remove().catch((error) => {
        if (!endedMeanwhile.test(String(error.message))) throw error;
        return remove();
      });
    },
    rename: async (id, name) => {
      await post(`rename container ${id}`, id, `rename?name=${encodeURIComponent(name)}`);
    },
  };
};

const listedSchema = z.array(z.object({ Id: z.string() })).nullable();

const createList = (calls: LibpodCalls) => {
  const defaultsOf = createPodmanImageFacts(calls);
  const inspect = async (
    id: string,
    digestsOf: (imageId: string) => readonly string[],
  ): Promise<ObservedContainer[]> => {
    const what = `inspect container ${id}`;
    const path = `/containers/${id}/json`;
    const reply = await calls.call({ what, path, expect: [404] }).catch((error) => {
      // Podman answers 500 when it goes away during the look itself.
      if (error instanceof FleetError && error.code === 'container-not-found') return null;
      throw error;
    });
    // It was removed between the list and this look.
    if (reply === null || reply.status === 404) return [];
    const seen = parseReply(inspectedSchema, reply.body, what);
    const defaults = await defaultsOf(seen.Image);
    return [observe(seen, { digests: digestsOf(seen.Image), defaults })];
  };
  return async (deviceId: string): Promise<ObservedContainer[]> => {
    const what = 'list containers';
    const filters = JSON.stringify({ label: [`${labels.device}=${deviceId}`] });
    const query = { all: 'true', filters };
    const reply = await calls.call({ what, path: '/containers/json', query });
    const listed = parseReply(listedSchema, reply.body, what) ?? [];
    if (listed.length === 0) return [];
    const digestsOf = await readPodmanDigests(calls);
    const inspected = await forEachBounded(listed, inspectsAtOnce, (each) =>
      inspect(each.Id, digestsOf),
    );
    return inspected.flat();
  };
};

const infoSchema = z.object({
  host: z.object({
    arch: z.string(),
    os: z.string(),
    cgroupVersion: z.string().nullish(),
    cgroupControllers: z.array(z.string()).nullish(),
    security: z.object({ rootless: z.boolean().nullish() }).nullish(),
  }),
  store: z.object({ graphRoot: z.string() }),
  version: z.object({ APIVersion: z.string().nullish(), Version: z.string() }),
});

const describe = async ({ call, socketPath }: LibpodCalls): Promise<EngineDescription> => {
  const what = 'describe the engine';
  const { body } = await call({ what, path: '/info' });
  const { host, store, version } = parseReply(infoSchema, body, what);
  const controllers = host.cgroupControllers ?? [];
  return {
    kind: 'podman',
    version: version.Version,
    apiVersion: version.APIVersion ?? version.Version,
    socketPath,
    os: host.os,
    architecture: host.arch,
    cgroupVersion: (host.cgroupVersion ?? '').replace(/^v/, ''),
    rootless: host.security?.rootless ?? false,
    storagePath: store.graphRoot,
    limits: { memory: controllers.includes('memory'), cpu: controllers.includes('cpu') },
  };
};
