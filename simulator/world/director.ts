/**
 * The cloud that says what runs where: bundles with versions (some of them ill), one desired state
 * per device whose generation only grows, each signed, put into the bucket and poked. It also puts
 * right what the bucket lost. Which slots a change makes is bundle-orchestrator's own decision.
 */
import { slotOf, withoutSlot, withSlot } from '@signalbeam/bundle-orchestrator/core/slots';
import type { ContainerManifest, Desired, Release, Slot } from '@signalbeam/sync/core/manifest';
import type { Signer } from '@signalbeam/sync/wire/keys';
import type { Kernel } from '../kernel/kernel.ts';
import type { Random } from '../kernel/random.ts';
import type { Notary } from './notary.ts';

export type Published = { release: Release; digest: string; bytes: Uint8Array; ill: boolean };
export type Wanted = { generation: number; slots: Slot[]; bytes: Uint8Array };

export type Director = {
  releases: Map<string, Published>;
  /** Newest first in force; every state ever signed, by device and generation, as JSON. */
  wanted: Map<string, Wanted>;
  authored: Map<string, Map<number, string>>;
  /** Every version of the bundle of rollouts that was ever wanted of a device. */
  said: Map<string, Set<string>>;
  /** Changes what one device shall run. */
  change(deviceId: string): void;
  /** Its key changed: what everybody shall run is signed by the new one. */
  signAgain(): void;
  /** Puts the newest state where devices find it, and pokes. */
  publish(deviceId: string): void;
  /** Signs a state and keeps it; whoever asked for it publishes it. */
  assign(deviceId: string, generation: number, slots: Slot[]): void;
  /** A new version of a bundle that only rollouts bring. */
  releaseForRollouts(): Published;
};

export const bundles = [
  '00000000-0000-4000-8000-0000000000b1',
  '00000000-0000-4000-8000-0000000000b2',
] as const;
/** Nobody assigns it by hand: what becomes of it is what rollouts say. */
export const rolledOut = '00000000-0000-4000-8000-0000000000b3';

export type DirectorParts = {
  kernel: Kernel;
  random: Random;
  notary: Notary;
  tenantId: string;
  directorKey: () => Signer;
  releaseKey: Signer;
  put: (deviceId: string, bytes: Uint8Array) => void;
  poke: (deviceId: string, generation: number) => void;
  illShare: number;
};

const hex64 = (text: string): string => {
  let hash = 2_166_136_261;
  for (let index = 0; index < text.length; index += 1)
    hash = Math.imul(hash ^ text.charCodeAt(index), 16_777_619);
  return (hash >>> 0).toString(16).padStart(8, '0').repeat(8);
};

export const imageOf = (bundle: number, image: number): string =>
  `signalbeam.local/app-${bundle}@sha256:${hex64(`image ${bundle} ${image}`)}`;

/** Versions of a bundle share a host port, as they do in life: two of them can't run at once. */
const container = (
  name: string,
  image: string,
  grace: number,
  hostPort: number,
): ContainerManifest => ({
  name,
  image,
  entrypoint: [],
  command: [],
  environment: {},
  ports: [{ containerPort: 80, hostPort, protocol: 'tcp', hostAddress: '0.0.0.0' }],
  mounts: [],
  restart: 'unless-stopped',
  memoryBytes: null,
  cpus: null,
  stopGraceMs: grace,
  healthCheck: {
    intervalMs: 2_000,
    timeoutMs: 1_000,
    retries: 3,
    startPeriodMs: 2_000,
    soakMs: 6_000,
    probe: { kind: 'tcp', port: 80 },
  },
  dependsOn: [],
  secretEnvironment: {},
  secretFiles: {},
});

/** Makes versions of bundles, some of them ill. */
const createPress = (parts: DirectorParts, director: () => Director) => {
  const { random, notary, tenantId } = parts;
  let made = 0;
  const pool: Published[][] = [[], [], []];

  const release = (bundle: number, illShare = parts.illShare): Published => {
    made += 1;
    const version = `1.${bundle}.${made}`;
    const images = [imageOf(bundle, made % 7), ...(random.chance(0.3) ? [imageOf(bundle, 9)] : [])];
    const ill = random.chance(illShare);
    const content: Release = {
      tenantId,
      bundleId: bundles[bundle] ?? rolledOut,
      bundleName: `bundle ${bundle}`,
      version,
      containers: images.map((image, index) =>
        container(index === 0 ? 'web' : 'side', image, 200 + made, 8_000 + bundle * 10 + index),
      ),
      images: images.map((reference) => ({ reference, blobs: [] })),
      createdAt: '2026-01-01T00:00:00.000Z',
    };
    const bytes = notary.sealRelease(content, parts.releaseKey);
    const published = {
      release: content,
      digest: notary.records.releaseDigestOf(bytes),
      bytes,
      ill,
    };
    director().releases.set(published.digest, published);
    pool[bundle]?.push(published);
    return published;
  };
  return { pool, release };
};

export const createDirector = (parts: DirectorParts): Director => {
  const { random, notary, tenantId } = parts;
  const { pool, release } = createPress(parts, () => director);
  const sign = (deviceId: string, generation: number, slots: Slot[]): void => {
    const issuedAt = '2026-01-01T00:00:00.000Z';
    const content: Desired = { tenantId, deviceId, generation, issuedAt, slots };
    const bytes = notary.sealDesired(content, parts.directorKey());
    director.wanted.set(deviceId, { generation, slots, bytes });
    const all = director.authored.get(deviceId) ?? new Map<number, string>();
    director.authored.set(deviceId, all.set(generation, JSON.stringify(content)));
    const version = slotOf(slots, rolledOut)?.version;
    if (version !== undefined)
      director.said.set(deviceId, (director.said.get(deviceId) ?? new Set()).add(version));
    parts.kernel.trace.note('wanted', generation, slots.length);
  };
  const change = (deviceId: string, generation: number, slots: Slot[]): void => {
    sign(deviceId, generation, slots);
    director.publish(deviceId);
  };
  const director: Director = {
    releases: new Map(),
    wanted: new Map(),
    authored: new Map(),
    said: new Map(),
    change: (deviceId) => {
      const before = director.wanted.get(deviceId);
      const generation = (before?.generation ?? 0) + 1;
      const bundle = random.int(2);
      const known = pool[bundle] ?? [];
      const chosen = known.length > 0 && random.chance(0.5) ? random.pick(known) : release(bundle);
      const { version, bundleName, bundleId } = chosen.release;
      const wanted = {
        bundleId,
        bundleName,
        version,
        releaseDigest: chosen.digest,
        rolloutId: null,
      };
      const slots = before?.slots ?? [];
      const changed = random.chance(0.12)
        ? withoutSlot(slots, bundleId)
        : withSlot(slots, wanted, generation);
      const next = changed.kind === 'changed' ? changed.slots : slots;
      change(deviceId, generation, next);
    },
    signAgain: () => {
      for (const [deviceId, { generation, slots }] of director.wanted)
        change(deviceId, generation + 1, slots);
    },
    assign: sign,
    releaseForRollouts: () => release(bundles.length, 0),
    publish: (deviceId) => {
      const wanted = director.wanted.get(deviceId);
      if (wanted === undefined) return;
      parts.put(deviceId, wanted.bytes);
      parts.poke(deviceId, wanted.generation);
    },
  };
  return director;
};
