/**
 * A device as the cloud meets one, thousands of times in one process: the agent's real link, outbox,
 * presence, watchdog and judgement of records, with a key, credentials and a connection of its own.
 * Its two databases are the model disk's, kept by value; it runs no containers and samples no host.
 */
import { startLink } from '@signalbeam/edge/link/link';
import {
  type Caps,
  defaultCaps,
  openOutbox,
  queueLanes,
  stateLanes,
} from '@signalbeam/edge/store/outbox';
import type { Desired } from '@signalbeam/sync/core/manifest';
import type { RecordName } from '@signalbeam/sync/core/records';
import type { Trust } from '@signalbeam/sync/core/trust';
import { type CarrierOptions, openCarrier } from '@signalbeam/sync/nats/nats-carrier';
import type { Signer } from '@signalbeam/sync/wire/keys';
import { openDesired, type RoleKeys, thresholdOne } from '@signalbeam/sync/wire/records';
import { deviceSubjects } from '@signalbeam/sync/wire/subjects';
import { offerRecord } from '@signalbeam/sync/wire/trust';
import { createDisk, emptyContent } from '../world/disk.ts';
import { createLaneStore } from '../world/lane-store.ts';

const noKeys: RoleKeys = {
  roles: { release: [], director: [], ingest: [], membership: [] },
  thresholds: thresholdOne,
};
const quiet = () => undefined;
const unwatched = { appended: quiet, confirming: quiet, lossNoted: quiet, renumbered: quiet };
const hex = (): string =>
  Math.floor(Math.random() * 2 ** 32)
    .toString(16)
    .padStart(8, '0');

const openOutboxInMemory = (caps: Caps) => {
  const disk = createDisk(emptyContent());
  const store = (lanes: typeof stateLanes | typeof queueLanes) =>
    createLaneStore({
      ...{ disk, lanes, reserved: true, watch: unwatched },
      newEpoch: () => hex() + hex(),
    });
  const [state, queue] = [store(stateLanes), store(queueLanes)];
  return openOutbox({ state, queue, now: Date.now, caps });
};

/** What it believes, in memory: every record is judged as on a device. */
const believe = (first: Trust, site: string, looked: (name: RecordName) => void) => {
  let trust = first;
  return {
    trust: () => trust,
    versions: () => new Map([...trust.floors].map(([name, { version }]) => [name, version])),
    keyset: () => trust.keyset ?? noKeys,
    witness: quiet,
    offer: (name: RecordName, bytes: Uint8Array) => {
      const offered = offerRecord(trust, site, name, bytes);
      if (offered.kind === 'accepted') trust = offered.trust;
      looked(name);
      return offered;
    },
  };
};

export type LinkedDeviceParts = {
  deviceId: string;
  site: string;
  seed: string;
  signer: Signer;
  /** Signed by the cloud for this device's key. */
  jwt: string;
  hubUrls: readonly string[];
  trust: Trust;
  beatMs: number;
  /** Samples wait to go together while nobody looks, as on a device with a dear link. */
  hold: boolean;
  bootId: string;
  caps?: Caps;
  /** As agents that are shipped unless it is given. */
  redialMs?: CarrierOptions['redialMs'];
  /** A desired state that passed, newer than the one before. */
  onDesired?: (desired: Desired) => void;
  /** It compared its own record with the hub's, whatever came of it. */
  compared?: () => void;
  looked?: (name: RecordName) => void;
  reached?: () => void;
};

export type LinkedDevice = ReturnType<typeof createLinkedDevice>;

const wayTo = ({ deviceId, site, jwt, seed, hubUrls, redialMs }: LinkedDeviceParts) => ({
  key: 'hub',
  via: 'hub' as const,
  through: 'the hub',
  broker: null,
  open: async () =>
    openCarrier({
      urls: [...hubUrls],
      credentials: () => ({ jwt, seed }),
      inboxPrefix: deviceSubjects.inboxPrefix(site, deviceId),
      name: 'simulated',
      random: Math.random,
      log: quiet,
      ...(redialMs === undefined ? {} : { redialMs }),
    }),
});

/** It is there once `connect` was called, and away after `leave`; what it holds stays. */
export const createLinkedDevice = (parts: LinkedDeviceParts) => {
  const { deviceId, site, signer } = parts;
  const outbox = openOutboxInMemory(parts.caps ?? defaultCaps);
  const trust = believe(parts.trust, site, parts.looked ?? quiet);
  let generation = 0;
  let link: ReturnType<typeof startLink> | null = null;
  const acceptDesired = (envelope: Uint8Array): { kind: 'accepted' | 'unchanged' | 'refused' } => {
    const opened = openDesired(envelope, trust.keyset());
    parts.compared?.();
    if (opened.kind === 'refused' || opened.value.deviceId !== deviceId) return { kind: 'refused' };
    if (opened.value.generation <= generation) return { kind: 'unchanged' };
    ({ generation } = opened.value);
    parts.onDesired?.(opened.value);
    return { kind: 'accepted' };
  };
  return {
    deviceId,
    outbox,
    generation: () => generation,
    state: () => link?.state() ?? 'offline',
    connect: (): void => {
      if (link !== null) return;
      link = startLink({
        approved: { deviceId, site },
        signer,
        trust,
        outbox,
        containers: { engine: () => null, bundleIdOf: () => undefined },
        leaf: () => null,
        device: { agentVersion: '0.1.0', bootId: parts.bootId },
        calm: { beatMs: parts.beatMs, hold: parts.hold },
        updating: () => false,
        generation: () => generation,
        acceptDesired,
        now: Date.now,
        random: Math.random,
        log: quiet,
        onChange: quiet,
        forgotten: quiet,
        reached: parts.reached ?? quiet,
      });
      link.offer([wayTo(parts)]);
    },
    leave: async (): Promise<void> => {
      const leaving = link;
      link = null;
      await leaving?.stop();
    },
    /** All that it had to say is confirmed. */
    isHeard: (): boolean =>
      outbox.lanes.every((lane) => link?.acked(lane) === outbox.storeOf(lane).head(lane).lastSeq),
  };
};
