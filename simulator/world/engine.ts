/**
 * The engine port over a model host, for one life of an agent: each call takes its time, fails as
 * engines fail, and an answer to an agent that died meanwhile is heard by nobody.
 */
import type { ContainerEvent, Engine } from '@signalbeam/edge/containers/engine';
import { labels } from '@signalbeam/edge/core/container';
import { FleetError } from '@signalbeam/sync/core/errors';
import type { Kernel } from '../kernel/kernel.ts';
import type { Process } from '../kernel/process.ts';
import {
  addContainer,
  change,
  digestIn,
  endOf,
  type Host,
  type HostContainer,
  portTaken,
  tell,
} from './host.ts';

export type EngineWatch = {
  /** Before it happens: what the checks want to judge. */
  acting(act: 'create' | 'start' | 'stop' | 'remove' | 'rename', container: HostContainer): void;
  removingImage(digest: string): void;
};

export type EngineParts = {
  kernel: Kernel;
  host: Host;
  process: Process;
  watch: EngineWatch;
  /** Around each effect: the agent may be killed here. */
  effect: () => void;
  /** True when the agent's own registry endpoint can serve it. */
  served: (reference: string) => boolean;
};

const unreachable = (): FleetError =>
  new FleetError('engine-unreachable', 'The container engine does not answer.');

/** An answer after `delayMs`, unless the agent is gone by then. */
const createAnswering =
  ({ kernel, host, process, effect }: EngineParts) =>
  <T>(delayMs: number, work: () => T): Promise<T> =>
    new Promise((resolve, reject) => {
      process.after(delayMs, () => {
        kernel.settled();
        if (host.down) return reject(unreachable());
        effect();
        if (process.dead) return;
        try {
          resolve(work());
        } catch (cause) {
          reject(cause);
        }
        effect();
      });
    });

const missing = (id: string): FleetError =>
  new FleetError('container-not-found', `There is no container ${id}.`);

const present = (host: Host, id: string): HostContainer => {
  const container = host.containers.get(id);
  if (container === undefined) throw missing(id);
  return container;
};

type Answer = ReturnType<typeof createAnswering>;

export const createEngine = (parts: EngineParts): Engine => {
  const { host } = parts;
  const answer = createAnswering(parts);
  return {
    kind: 'docker',
    describe: () =>
      answer(5, () => ({
        kind: 'docker',
        version: '29.0.0',
        apiVersion: '1.50',
        socketPath: '/var/run/docker.sock',
        os: 'linux',
        architecture: 'amd64',
        cgroupVersion: '2',
        rootless: false,
        storagePath: '/var/lib/docker',
        limits: { memory: true, cpu: true },
      })),
    list: (deviceId) =>
      answer(10, () =>
        [...host.containers.values()].filter(({ labels: own }) => own[labels.device] === deviceId),
      ),
    ...containerActs(parts, answer),
    ...imageActs(parts, answer),
    ...volumeActs(parts, answer),
    logs: (id) =>
      answer(5, () => {
        present(host, id);
        return [{ at: host.now(), stream: 'stderr' as const, text: 'the last words of it' }];
      }),
    followLogs: async function* (id) {
      await answer(5, () => present(host, id));
    },
    exec: (id) =>
      answer(5, () => {
        if (present(host, id).state === 'running') return { exitCode: 0, output: '' };
        throw new FleetError('container-not-running', `${id} does not run.`);
      }),
    stats: () => answer(5, () => []),
    events: (deviceId, signal, opened) => follow(parts, deviceId, signal, opened),
    close: () => Promise.resolve(),
  };
};

const containerActs = (
  { host, watch }: EngineParts,
  answer: Answer,
): Pick<Engine, 'create' | 'start' | 'stop' | 'remove' | 'rename'> => ({
  create: (spec) =>
    answer(30, () => {
      if (spec.labels[labels.device] === undefined)
        throw new Error('a container without a device label would be lost');
      if ([...host.containers.values()].some(({ name }) => name === spec.name))
        throw new FleetError('name-in-use', `The name ${spec.name} is taken.`);
      if (!host.images.has(digestIn(spec.image)))
        throw new FleetError('image-not-found', `${spec.image} is not here.`);
      const container = addContainer(host, spec);
      watch.acting('create', container);
      tell(host, container.id, 'create');
      return { id: container.id, warnings: [] };
    }),
  start: (id) =>
    answer(60, () => {
      const container = present(host, id);
      if (container.state === 'running') return;
      const taken = portTaken(host, container);
      if (taken !== null)
        throw new FleetError('port-in-use', `The port ${taken} is taken.`, {
          next: 'Give the container another host port.',
        });
      watch.acting('start', container);
      change(host, id, {
        state: 'running',
        startedAt: host.now(),
        exitCode: null,
        stoppedByHand: false,
      });
      tell(host, id, 'start');
    }),
  stop: (id, { graceMs }) => {
    // As the agent decides it: what it is told while the container has its time to end comes too late.
    const running = host.containers.get(id);
    if (running?.state === 'running') watch.acting('stop', running);
    return answer(Math.min(graceMs, 300), () => {
      const container = present(host, id);
      if (container.state !== 'running') return;
      const finishedAt = endOf(host, container);
      change(host, id, { state: 'exited', exitCode: 0, finishedAt, stoppedByHand: true });
      tell(host, id, 'die');
    });
  },
  remove: (id) => {
    const there = host.containers.get(id);
    if (there !== undefined) watch.acting('remove', there);
    return answer(40, () => {
      const container = host.containers.get(id);
      if (container === undefined) return;
      if (container.state === 'running') {
        change(host, id, { state: 'exited', exitCode: 137 });
        tell(host, id, 'die');
      }
      tell(host, id, 'remove');
      host.containers.delete(id);
    });
  },
  rename: (id, name) =>
    answer(10, () => {
      watch.acting('rename', present(host, id));
      if ([...host.containers.values()].some((each) => each.name === name && each.id !== id))
        throw new FleetError('name-in-use', `The name ${name} is taken.`);
      change(host, id, { name });
    }),
});

const imageActs = (
  { host, watch, served }: EngineParts,
  answer: Answer,
): Pick<Engine, 'pull' | 'image' | 'images' | 'removeImage'> => {
  const userOf = (digest: string): string[] =>
    [...host.containers.values()].filter((each) => each.imageDigest === digest).map(({ id }) => id);
  return {
    pull: (reference, { signal }) => {
      if (signal?.aborted === true) return Promise.reject(signal.reason);
      const digest = digestIn(reference);
      host.pulling.add(digest);
      return answer(host.pullMs, () => {
        host.pulling.delete(digest);
        if (host.pullFails > 0) {
          host.pullFails -= 1;
          throw new FleetError('registry-unreachable', 'The registry does not answer.');
        }
        if (!served(reference))
          throw new FleetError('image-not-found', `${reference} is not served.`);
        const image = host.images.get(digest) ?? { digest, references: new Set(), foreign: false };
        image.references.add(reference);
        host.images.set(digest, image);
        return { imageId: digest, digest };
      });
    },
    image: (text) =>
      answer(5, () => {
        const image = host.images.get(digestIn(text));
        return image === undefined ? null : { imageId: image.digest, digest: image.digest };
      }),
    images: () =>
      answer(15, () =>
        [...host.images.values()].map(({ digest, references }) => ({
          id: digest,
          digests: [digest],
          references: [...references],
          sizeBytes: 1,
          inUseBy: userOf(digest),
        })),
      ),
    removeImage: (reference) =>
      answer(20, () => {
        const image = host.images.get(digestIn(reference));
        if (image === undefined || !image.references.has(reference)) return { kind: 'absent' };
        if (userOf(image.digest).length > 0) return { kind: 'in-use' };
        image.references.delete(reference);
        if (image.references.size > 0) return { kind: 'removed' };
        watch.removingImage(image.digest);
        host.images.delete(image.digest);
        return { kind: 'removed' };
      }),
  };
};

const volumeActs = (
  { host }: EngineParts,
  answer: Answer,
): Pick<Engine, 'ensureVolume' | 'removeVolume' | 'listVolumes'> => ({
  ensureVolume: (name, own) =>
    answer(5, () => {
      const known = host.volumes.get(name);
      if (known !== undefined && known[labels.device] !== own[labels.device])
        throw new FleetError('volume-not-owned', `The volume ${name} is somebody else's.`);
      host.volumes.set(name, own);
    }),
  removeVolume: (name, deviceId) =>
    answer(5, () => {
      const own = host.volumes.get(name);
      if (own !== undefined && own[labels.device] !== deviceId)
        throw new FleetError('volume-not-owned', `The volume ${name} is somebody else's.`);
      const used = [...host.containers.values()].some(({ mounts }) =>
        mounts.some((mount) => mount.kind === 'volume' && mount.name === name),
      );
      if (used) throw new FleetError('volume-in-use', `A container uses the volume ${name}.`);
      host.volumes.delete(name);
    }),
  listVolumes: (deviceId) =>
    answer(5, () =>
      [...host.volumes]
        .filter(([, own]) => own[labels.device] === deviceId)
        .map(([name, own]) => ({ name, labels: own })),
    ),
});

/** What is told between the opening and the end; it ends with an error when the engine goes away. */
async function* follow(
  { kernel, host, process }: EngineParts,
  deviceId: string,
  signal: AbortSignal,
  opened: (() => void) | undefined,
): AsyncIterable<ContainerEvent> {
  const waiting: (ContainerEvent | 'gone')[] = [];
  let wake = (): void => undefined;
  const soon = (delayMs: number): void => {
    process.after(delayMs, () => {
      kernel.settled();
      wake();
    });
  };
  const next = (): Promise<void> =>
    new Promise((resolve) => {
      wake = resolve;
    });
  const listener = (event: ContainerEvent | 'gone'): void => {
    if (event !== 'gone' && event.labels[labels.device] !== deviceId) return;
    waiting.push(event);
    soon(1);
  };
  signal.addEventListener('abort', () => soon(0), { once: true });
  soon(5);
  await next();
  if (host.down) throw unreachable();
  host.listeners.add(listener);
  opened?.();
  try {
    while (!signal.aborted) {
      const event = waiting.shift();
      if (event === 'gone') throw unreachable();
      if (event !== undefined) yield event;
      else await next();
    }
  } finally {
    host.listeners.delete(listener);
  }
}
