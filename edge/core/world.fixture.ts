/**
 * A model of an engine and a journal for planner tests: containers as data, steps applied to them
 * in memory, failures on request. It stands in for the world outside, never for our own modules.
 */
import { createHash } from 'node:crypto';
import type { ContainerManifest, Release, Slot } from '@signalbeam/sync/core/manifest';
import { type ContainerSpec, labels, type ObservedContainer } from './container.ts';
import { awaiting } from './dependencies.ts';
import type { Known, SlotKnown } from './known.ts';
import { containersOfRelease } from './plan-images.ts';
import { checkOf, judgeProbes, type ProbeResult } from './probe-verdict.ts';
import type { Step, StepKind } from './step.ts';

const hash = (text: string) => createHash('sha256').update(text).digest('hex');

export const bundleId = '00000000-0000-4000-8000-0000000000b1';
const tenantId = '00000000-0000-4000-8000-0000000000a1';

export const containerManifest = (
  name: string,
  image: string,
  more: Partial<ContainerManifest> = {},
): ContainerManifest => ({
  name,
  image: `signalbeam.local/${image}@sha256:${hash(image)}`,
  entrypoint: [],
  command: [],
  environment: {},
  ports: [],
  mounts: [],
  restart: 'unless-stopped',
  memoryBytes: null,
  cpus: null,
  stopGraceMs: 1_000,
  healthCheck: null,
  dependsOn: [],
  secretEnvironment: {},
  secretFiles: {},
  ...more,
});

export const release = (version: string, containers: ContainerManifest[]): Release => ({
  tenantId,
  bundleId,
  bundleName: 'hello',
  version,
  containers,
  images: [],
  createdAt: '2026-01-01T00:00:00.000Z',
});

export const digestOf = (of: Release): string => `sha256:${hash(JSON.stringify(of))}`;

export const slot = (of: Release, requestedGeneration: number): Slot => ({
  bundleId,
  bundleName: of.bundleName,
  version: of.version,
  releaseDigest: digestOf(of),
  rolloutId: null,
  requestedGeneration,
});

export type World = {
  containers: ObservedContainer[];
  images: Set<string>;
  stored: Set<string>;
  slots: SlotKnown[];
  releases: Map<string, Release>;
  /** What the cloud would hand out. */
  published: Map<string, Release>;
  /** Names of containers (as manifests name them) by version whose probe fails. */
  sick: Set<string>;
  log: string[];
};

export const createWorld = (): World => ({
  containers: [],
  images: new Set(),
  stored: new Set(),
  slots: [
    {
      bundleId,
      bundleName: 'hello',
      wanted: null,
      confirmed: null,
      previous: null,
      update: null,
      failed: null,
    },
  ],
  releases: new Map(),
  published: new Map(),
  sick: new Set(),
  log: [],
});

export const knownOf = (world: World): Known => ({
  deviceId: '00000000-0000-4000-8000-0000000000d1',
  slots: structuredClone(world.slots),
  releases: new Map(world.releases),
  observed: structuredClone(world.containers),
  presentImages: new Set(world.images),
  storedImages: new Set(world.stored),
  limits: { memory: true, cpu: true },
  registryPort: 5_000,
  hold: null,
  holdUpdates: null,
  preparing: new Set(),
  retries: new Map(),
  hash,
});

export const want = (world: World, of: Release | null, requestedGeneration: number): void => {
  if (of !== null) world.published.set(digestOf(of), of);
  world.slots = world.slots.map((each) => ({
    ...each,
    wanted: of === null ? null : slot(of, requestedGeneration),
  }));
  if (world.slots.length === 0 && of !== null) {
    world.slots = createWorld().slots.map((each) => ({
      ...each,
      wanted: slot(of, requestedGeneration),
    }));
  }
};

const observed = (spec: ContainerSpec, number: number): ObservedContainer => ({
  id: `id-${number}`,
  name: spec.name,
  imageDigest: spec.labels[labels.image] ?? '',
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
  environment: {
    ...spec.environment,
    ...Object.fromEntries((spec.secrets ?? []).map(({ variable }) => [variable, ''])),
  },
  ports: spec.ports,
  mounts: [
    ...spec.mounts,
    ...(spec.secretFiles ?? []).map(({ path }, index) => ({
      kind: 'bind' as const,
      hostPath: `/run/signalbeam-agent-0/device/${spec.name}/${index}`,
      ...{ containerPath: path, readOnly: true },
    })),
  ],
  restart: spec.restart,
  resources: spec.resources,
});

let made = 0;

const edit = (world: World, name: string, change: Partial<ObservedContainer>): void => {
  world.containers = world.containers.map((each) =>
    each.name === name ? { ...each, ...change } : each,
  );
};

const editSlot = (world: World, id: string, change: (slot: SlotKnown) => SlotKnown): void => {
  world.slots = world.slots.map((each) => (each.bundleId === id ? change(each) : each));
};

const phase = (world: World, id: string, to: 'swap' | 'probe' | 'restore', now: number): void =>
  editSlot(world, id, (each) => ({
    ...each,
    update: each.update && {
      ...each.update,
      phase: to,
      phaseStartedAt: now,
      healthySince: null,
      probeFailures: 0,
      lastProbeAt: null,
      lastTrouble: null,
    },
  }));

const probe = (world: World, id: string, now: number): void =>
  editSlot(world, id, (each) => {
    const target = each.update && world.releases.get(each.update.target.releaseDigest);
    if (!each.update || !target) return each;
    const all = containersOfRelease(knownOf(world), target, each.update.target);
    const later = new Set(awaiting(all, world.containers));
    const planned = all.filter((each) => !later.has(each));
    const results = planned.map(({ manifest, spec }): ProbeResult => {
      const container = manifest.name;
      const running = world.containers.find(({ name }) => name === spec.name)?.state === 'running';
      return running && !world.sick.has(`${container}@${target.version}`)
        ? { container, kind: 'healthy' }
        : { container, kind: 'unhealthy', reason: `${container} is ill`, final: false };
    });
    const checks = target.containers.map(checkOf);
    return { ...each, update: judgeProbes(each.update, checks, results, now) };
  });

const beginUpdate = (world: World, step: Extract<Step, { kind: 'begin-update' }>, now: number) =>
  editSlot(world, step.bundleId, (each) => ({
    ...each,
    update:
      step.target === null
        ? null
        : {
            target: step.target,
            rolloutId: null,
            requestedGeneration: each.wanted?.requestedGeneration ?? 0,
            phase: 'prepare',
            phaseStartedAt: now,
            healthySince: null,
            probeFailures: 0,
            lastProbeAt: null,
            lastTrouble: null,
            failure: null,
          },
  }));

const create = (world: World, spec: ContainerSpec): void => {
  made += 1;
  if (world.containers.some(({ name }) => name === spec.name)) throw new Error('name in use');
  if (!world.images.has(spec.labels[labels.image] ?? '')) throw new Error('image missing');
  world.containers.push(observed(spec, made));
};

const recordFailure = (each: SlotKnown): SlotKnown => ({
  ...each,
  failed: each.update && {
    target: each.update.target,
    requestedGeneration: each.update.requestedGeneration,
    rolloutId: null,
    reason: each.update.failure?.reason ?? '',
    logTail: [],
  },
  update: null,
});

const effects: {
  [K in StepKind]: (world: World, step: Extract<Step, { kind: K }>, now: number) => void;
} = {
  'begin-update': beginUpdate,
  'fetch-release': (world, { releaseDigest }) => {
    const found = world.published.get(releaseDigest);
    if (found) world.releases.set(releaseDigest, found);
  },
  'fetch-image': (world, { reference }) => world.stored.add(reference),
  'pull-image': (world, { reference }) =>
    world.images.add(reference.slice(reference.indexOf('@') + 1)),
  'create-container': (world, { spec }) => create(world, spec),
  'begin-swap': (world, { bundleId: id }, now) => phase(world, id, 'swap', now),
  'begin-probe': (world, { bundleId: id }, now) => phase(world, id, 'probe', now),
  'start-container': (world, { name }, now) =>
    edit(world, name, { state: 'running', startedAt: now, exitCode: null }),
  'stop-container': (world, { name }) => edit(world, name, { state: 'exited', exitCode: 0 }),
  'retire-container': (world, { name }) =>
    edit(world, name, { name: `${name}-retired`, state: 'exited', exitCode: 0 }),
  'remove-container': (world, step) => {
    world.containers = world.containers.filter(({ name }) => name !== step.name);
  },
  probe: (world, { bundleId: id }, now) => probe(world, id, now),
  'confirm-update': (world, { bundleId: id }) =>
    editSlot(world, id, (each) => ({
      ...each,
      previous:
        each.confirmed?.releaseDigest === each.update?.target.releaseDigest
          ? each.previous
          : each.confirmed,
      confirmed: each.update?.target ?? null,
      update: null,
      failed: null,
    })),
  'fail-update': (world, { bundleId: id, failure }, now) => {
    phase(world, id, 'restore', now);
    editSlot(world, id, (each) => ({
      ...each,
      update: each.update && { ...each.update, failure },
    }));
  },
  'record-failure': (world, { bundleId: id }) => editSlot(world, id, recordFailure),
  'forget-slot': (world, { bundleId: id }) => {
    world.slots = world.slots.filter((each) => each.bundleId !== id);
  },
};

/** Applies one step to the world, as executors do to the real one. */
export const apply = (world: World, step: Step, now: number): void => {
  world.log.push('name' in step ? `${step.kind} ${step.name.split('-').at(-2)}` : step.kind);
  (effects[step.kind] as (world: World, step: Step, now: number) => void)(world, step, now);
};
