/**
 * Docker behind the engine port, over its unix socket by dockerode (API 1.41 or later). Loaded
 * lazily by `detect.ts`, so that a device on Podman does not carry it in memory.
 */
import assert from 'node:assert/strict';
import { z } from 'zod';
import { labels, type ObservedContainer } from '../core/container.ts';
import { heldLimits } from '../core/held-limits.ts';
import { forEachBounded } from './bounded.ts';
import { aborting, type DockerCalls, openDockerCalls, statusOf } from './docker-calls.ts';
import {
  createDockerImageFacts,
  findDockerImage,
  listDockerImages,
  pullDockerImage,
  readDockerDigests,
  removeDockerImage,
} from './docker-images.ts';
import { execInDocker, followDockerLogs, readDockerLogs } from './docker-output.ts';
import { toDocker } from './docker-spec.ts';
import { ensureDockerVolume, listDockerVolumes, removeDockerVolume } from './docker-volumes.ts';
import { readDockerStats, watchDocker } from './docker-watch.ts';
import type { Engine, EngineDescription, EngineOptions } from './engine.ts';
import { refused } from './failures.ts';
import { inspectedSchema, observe } from './inspected.ts';
import { parseReply } from './reply.ts';

/** On top of the grace that a container has to stop. */
const stopMarginMs = 20_000;
/**
 * Docker's words, with a 500, when the container ended by itself between its look and its signal. Nothing is
 * stopped by it: its restart policy starts it again. So it is asked again, until it says that it is stopped.
 */
const endedMeanwhile = /cannot stop container.*is not running/is;
const stopAttemptsMax = 5;
const inspectsAtOnce = 6;

export const openDocker = (socketPath: string, options: EngineOptions = {}): Engine => {
  const calls = openDockerCalls(socketPath, options.callTimeoutMs);
  return {
    kind: 'docker',
    describe: () => describe(calls),
    list: createList(calls),
    pull: (reference, options) => pullDockerImage(calls, reference, options),
    image: (digestOrReference) => findDockerImage(calls, digestOrReference),
    images: () => listDockerImages(calls),
    removeImage: (reference) => removeDockerImage(calls, reference),
    ...containerActs(calls),
    logs: (id, options) => readDockerLogs(calls, id, options),
    followLogs: (id, signal) => followDockerLogs(calls, id, signal),
    exec: (id, argv, options) => execInDocker(calls, id, argv, options),
    stats: (ids) => readDockerStats(calls, ids),
    ensureVolume: (name, wanted) => ensureDockerVolume(calls, name, wanted),
    removeVolume: (name, deviceId) => removeDockerVolume(calls, name, deviceId),
    listVolumes: (deviceId) => listDockerVolumes(calls, deviceId),
    events: (deviceId, signal, opened) => watchDocker(calls, deviceId, signal, opened),
    // dockerode holds no connection between calls.
    close: async () => undefined,
  };
};

const containerActs = (
  calls: DockerCalls,
): Pick<Engine, 'create' | 'start' | 'stop' | 'remove' | 'rename'> => {
  const { docker, call } = calls;
  return {
    create: async (asked) => {
      assert(asked.labels[labels.device], 'a container without our device label would be lost');
      const what = `create container ${asked.name}`;
      const { spec, warnings } = heldLimits(asked, (await describe(calls)).limits);
      const present = await findDockerImage(calls, spec.image);
      if (!present) throw refused(what, { status: 404, message: `no such image: ${spec.image}` });
      const options = toDocker(spec, present.imageId);
      const created = await call(what, (abortSignal) =>
        docker.createContainer(aborting(abortSignal, options)),
      );
      return { id: created.id, warnings };
    },
    start: (id) =>
      call(`start container ${id}`, (abortSignal) =>
        unless(304, docker.getContainer(id).start({ abortSignal })),
      ),
    stop: async (id, { graceMs }) => {
      const stop = () =>
        call(
          `stop container ${id}`,
          (abortSignal) =>
            unless(
              304,
              docker.getContainer(id).stop({ t: Math.ceil(graceMs / 1000), abortSignal }),
            ),
          { timeoutMs: graceMs + stopMarginMs },
        );
      for (let attempt = 1; ; attempt += 1) {
        try {
          return await stop();
        } catch (error) {
          const isOver = error instanceof Error && endedMeanwhile.test(error.message);
          if (!isOver || attempt === stopAttemptsMax) throw error;
        }
      }
    },
    remove: (id, { volumes }) =>
      call(`remove container ${id}`, (abortSignal) =>
        unless(404, docker.getContainer(id).remove({ v: volumes, force: true, abortSignal })),
      ),
    rename: (id, name) =>
      call(`rename container ${id}`, async (abortSignal) => {
        await docker.getContainer(id).rename({ name, abortSignal });
      }),
  };
};

/** "Already so" is done: a step repeated after a crash must not fail. */
const unless = async (status: number, act: Promise<unknown>): Promise<void> => {
  try {
    await act;
  } catch (cause) {
    if (statusOf(cause) !== status) throw cause;
  }
};

type DigestsOf = (imageId: string) => readonly string[];
const listedSchema = z.array(z.object({ Id: z.string() }));

const createList = (calls: DockerCalls) => {
  const { docker, call } = calls;
  const defaultsOf = createDockerImageFacts(calls);
  const inspect = async (id: string, digestsOf: DigestsOf): Promise<ObservedContainer[]> => {
    const what = `inspect container ${id}`;
    const reply = await call(what, async (abortSignal) => {
      try {
        return await docker.getContainer(id).inspect({ abortSignal });
      } catch (cause) {
        // It was removed between the list and this look.
        if (statusOf(cause) === 404) return null;
        throw cause;
      }
    });
    if (reply === null) return [];
    const seen = parseReply(inspectedSchema, reply, what);
    return [
      observe(seen, { digests: digestsOf(seen.Image), defaults: await defaultsOf(seen.Image) }),
    ];
  };
  return async (deviceId: string): Promise<ObservedContainer[]> => {
    const filters = { label: [`${labels.device}=${deviceId}`] };
    const reply = await call('list containers', (abortSignal) =>
      docker.listContainers({ all: true, filters, abortSignal }),
    );
    const listed = parseReply(listedSchema, reply, 'list containers');
    if (listed.length === 0) return [];
    const digestsOf = await readDockerDigests(calls);
    const inspected = await forEachBounded(listed, inspectsAtOnce, (each) =>
      inspect(each.Id, digestsOf),
    );
    return inspected.flat();
  };
};

const infoSchema = z.object({
  ServerVersion: z.string(),
  OSType: z.string(),
  Architecture: z.string(),
  CgroupVersion: z.string().nullish(),
  DockerRootDir: z.string(),
  SecurityOptions: z.array(z.string()).nullish(),
  MemoryLimit: z.boolean().nullish(),
  CpuCfsQuota: z.boolean().nullish(),
});
const versionSchema = z.object({ ApiVersion: z.string() });

const describe = async ({ docker, call, socketPath }: DockerCalls): Promise<EngineDescription> => {
  // The types know neither call's options.
  const asked = docker as unknown as Record<
    'info' | 'version',
    (options: object) => Promise<unknown>
  >;
  const [info, version] = await Promise.all([
    call('describe the engine', (abortSignal) => asked.info(aborting(abortSignal))),
    call('ask for the version', (abortSignal) => asked.version(aborting(abortSignal))),
  ]);
  const said = parseReply(infoSchema, info, 'describe the engine');
  return {
    kind: 'docker',
    version: said.ServerVersion,
    apiVersion: parseReply(versionSchema, version, 'ask for the version').ApiVersion,
    socketPath,
    os: said.OSType,
    architecture: said.Architecture,
    cgroupVersion: said.CgroupVersion ?? '',
    rootless: (said.SecurityOptions ?? []).some((option) => option.includes('name=rootless')),
    storagePath: said.DockerRootDir,
    limits: { memory: said.MemoryLimit ?? false, cpu: said.CpuCfsQuota ?? false },
  };
};
