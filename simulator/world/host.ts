/**
 * A device's container host: containers and images as they are, whatever becomes of the agent. It
 * holds strangers' containers and images too, which no agent may touch. It decides nothing; faults
 * say what is slow, ill or down.
 */

import type { ContainerEvent } from '@signalbeam/edge/containers/engine';
import {
  type ContainerSpec,
  labels,
  type ObservedContainer,
} from '@signalbeam/edge/core/container';

export type HostContainer = ObservedContainer & { stoppedByHand: boolean };
export type HostImage = { digest: string; references: Set<string>; foreign: boolean };

export type Host = {
  containers: Map<string, HostContainer>;
  images: Map<string, HostImage>;
  volumes: Map<string, Readonly<Record<string, string>>>;
  /** Nobody answers while it is down; what runs goes on. */
  down: boolean;
  pullMs: number;
  pullFails: number;
  probesFail: boolean;
  /** `container@version` whose probe never succeeds. */
  ill: Set<string>;
  now: () => number;
  listeners: Set<(event: ContainerEvent | 'gone') => void>;
  made: number;
  /** Digests that the agent is fetching at the moment. */
  pulling: Set<string>;
  /** A stranger waits for the agent to fetch something and brings it first. */
  strangerWaits: boolean;
  /** What strangers brought; none of it may ever go. */
  foreignImages: number;
};

export const digestIn = (reference: string): string => reference.slice(reference.indexOf('@') + 1);

export const createHost = (now: () => number): Host => ({
  containers: new Map(),
  images: new Map(),
  volumes: new Map(),
  down: false,
  pullMs: 400,
  pullFails: 0,
  probesFail: false,
  ill: new Set(),
  now,
  listeners: new Set(),
  made: 0,
  pulling: new Set(),
  strangerWaits: false,
  foreignImages: 3,
});

/** Somebody else fetches an image under the name that the agent would give it. */
export const bringImage = (host: Host, digest: string, reference: string): void => {
  if (host.images.has(digest) || host.pulling.has(digest)) return;
  host.images.set(digest, { digest, references: new Set([reference]), foreign: true });
  host.foreignImages += 1;
};

export const addContainer = (host: Host, spec: ContainerSpec): HostContainer => {
  host.made += 1;
  const container: HostContainer = {
    id: `c${host.made.toString(16).padStart(12, '0')}`,
    name: spec.name,
    imageDigest: digestIn(spec.image),
    imageId: '',
    state: 'created',
    exitCode: null,
    restartCount: 0,
    startedAt: null,
    finishedAt: null,
    oomKilled: false,
    address: '',
    imageDefaults: { entrypoint: [], command: [] },
    labels: spec.labels,
    entrypoint: spec.entrypoint,
    command: spec.command,
    environment: spec.environment,
    ports: spec.ports,
    mounts: spec.mounts,
    restart: spec.restart,
    resources: spec.resources,
    stoppedByHand: false,
  };
  host.containers.set(container.id, container);
  return container;
};

export const tell = (host: Host, containerId: string, action: ContainerEvent['action']): void => {
  if (host.down) return;
  const { labels: of = {}, exitCode = null } = host.containers.get(containerId) ?? {};
  const event = { containerId, action, at: host.now(), labels: of };
  for (const listener of host.listeners)
    listener({ ...event, exitCode: action === 'die' ? exitCode : null });
};

/** The engine goes away, and with it the streams of events that it fed. */
export const goDown = (host: Host): void => {
  host.down = true;
  for (const listener of host.listeners) listener('gone');
};

/** A host port that the container wants and a running one has, as `80/tcp`; null when none is taken. */
export const portTaken = (host: Host, { id, ports }: HostContainer): string | null => {
  if (ports.length === 0) return null;
  const taken = new Set<string>();
  for (const other of host.containers.values()) {
    if (other.id === id || other.state !== 'running') continue;
    for (const { hostPort, protocol } of other.ports) taken.add(`${hostPort}/${protocol}`);
  }
  const clash = ports.find(({ hostPort, protocol }) => taken.has(`${hostPort}/${protocol}`));
  return clash === undefined ? null : `${clash.hostPort}/${clash.protocol}`;
};

/** Containers are values: what was listed before does not change. */
export const change = (host: Host, id: string, to: Partial<HostContainer>): void => {
  const container = host.containers.get(id);
  if (container !== undefined) host.containers.set(id, { ...container, ...to });
};

/** When a container that ends now has ended; a clock that was set back makes it no older than its start. */
export const endOf = (host: Host, { startedAt }: Pick<HostContainer, 'startedAt'>): number =>
  Math.max(startedAt ?? 0, host.now());

/** It ends by itself; its policy may start it again at once. */
export const crashContainer = (host: Host, id: string): void => {
  const container = host.containers.get(id);
  if (container?.state !== 'running') return;
  const restarts = container.restart !== 'no';
  change(host, id, {
    state: restarts ? 'running' : 'exited',
    exitCode: 1,
    restartCount: container.restartCount + (restarts ? 1 : 0),
    startedAt: restarts ? host.now() : container.startedAt,
    finishedAt: endOf(host, container),
  });
  tell(host, id, 'die');
};

/** Somebody stops or deletes one of ours by hand: the engine does not bring it back. */
export const meddle = (host: Host, id: string, how: 'stop' | 'remove'): void => {
  const startedAt = host.containers.get(id)?.startedAt ?? null;
  const finishedAt = endOf(host, { startedAt });
  change(host, id, { state: 'exited', exitCode: 137, finishedAt, stoppedByHand: true });
  tell(host, id, 'die');
  if (how !== 'remove') return;
  tell(host, id, 'remove');
  host.containers.delete(id);
};

/** The power came back: the engine starts what ran and what its policy names. */
export const powerCycle = (host: Host): void => {
  for (const [id, container] of host.containers) {
    if (container.state !== 'running') continue;
    const restarts = container.restart === 'always' || container.restart === 'unless-stopped';
    change(host, id, {
      state: restarts ? 'running' : 'exited',
      exitCode: restarts ? null : 255,
      startedAt: restarts ? host.now() : container.startedAt,
      finishedAt: endOf(host, container),
    });
  }
};

export const strangersOf = (host: Host, deviceId: string): HostContainer[] =>
  [...host.containers.values()].filter((each) => each.labels[labels.device] !== deviceId);
