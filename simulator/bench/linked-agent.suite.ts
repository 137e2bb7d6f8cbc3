/**
 * The whole link of an agent, thousands of times in one process: the real carrier, outbox, uplink,
 * downlink, presence, watchdog and judgement of records, each with its own key, credentials and
 * connection. Its two databases are the model disk's; it runs no containers and samples no host.
 */
import { startLink } from '@signalbeam/edge/link/link';
import { openOutbox, queueLanes, stateLanes } from '@signalbeam/edge/store/outbox';
import type { Keyring } from '@signalbeam/platform/keys/keyring';
import { deviceUserJwt } from '@signalbeam/platform/nats/users';
import type { RecordName } from '@signalbeam/sync/core/records';
import type { Trust } from '@signalbeam/sync/core/trust';
import { openCarrier } from '@signalbeam/sync/nats/nats-carrier';
import { openDesired, type RoleKeys, thresholdOne } from '@signalbeam/sync/wire/records';
import { deviceSubjects } from '@signalbeam/sync/wire/subjects';
import { offerRecord } from '@signalbeam/sync/wire/trust';
import type { VirtualDevice } from '@signalbeam/telemetry-processor/virtual-device.suite';
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

const openOutboxInMemory = () => {
  const disk = createDisk(emptyContent());
  const store = (lanes: typeof stateLanes | typeof queueLanes) =>
    createLaneStore({
      ...{ disk, lanes, reserved: true, watch: unwatched },
      newEpoch: () => hex() + hex(),
    });
  return openOutbox({ state: store(stateLanes), queue: store(queueLanes), now: Date.now });
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

export type LinkedAgent = Awaited<ReturnType<typeof startLinkedAgent>>;

/** When each part of coming back was done: `performance.now()`, null while it is not. */
export type Returned = {
  welcomed: number | null;
  desiredCompared: number | null;
  snapshotCompared: number | null;
};
const notYet: Returned = { welcomed: null, desiredCompared: null, snapshotCompared: null };

export const startLinkedAgent = async (parts: {
  hubUrl: string;
  keyring: Keyring;
  tenantId: string;
  device: VirtualDevice;
  trust: Trust;
}) => {
  const { hubUrl, keyring, tenantId, device } = parts;
  const { deviceId, site, nkey, signer } = device;
  const jwt = await deviceUserJwt(keyring, { tenantId, site, deviceId, publicKey: nkey });
  const outbox = openOutboxInMemory();
  let returned = { ...notYet };
  let generation = 0;
  const trust = believe(parts.trust, site, (name) => {
    if (name === 'site/snapshot') returned.snapshotCompared ??= performance.now();
  });
  const link = startLink({
    approved: { deviceId, site },
    signer,
    trust,
    outbox,
    leaf: () => null,
    device: { agentVersion: '0.1.0', bootId: 'bench' },
    calm: { beatMs: 60_000, hold: true },
    updating: () => false,
    generation: () => generation,
    acceptDesired: (envelope) => {
      const opened = openDesired(envelope, trust.keyset());
      if (opened.kind === 'refused') throw new Error(opened.reason);
      const isNew = opened.value.generation > generation;
      generation = Math.max(generation, opened.value.generation);
      returned.desiredCompared ??= performance.now();
      return { kind: isNew ? 'accepted' : 'unchanged' };
    },
    now: Date.now,
    random: Math.random,
    log: quiet,
    onChange: quiet,
    forgotten: () => undefined,
    reached: () => {
      returned.welcomed ??= performance.now();
    },
  });
  link.offer([
    {
      key: 'hub',
      via: 'hub',
      through: 'the hub',
      broker: null,
      open: async () =>
        openCarrier({
          urls: [hubUrl],
          credentials: () => ({ jwt, seed: device.seed }),
          inboxPrefix: deviceSubjects.inboxPrefix(site, deviceId),
          name: 'bench',
          random: Math.random,
          log: quiet,
        }),
    },
  ]);
  return {
    deviceId,
    outbox,
    link,
    generation: () => generation,
    returned: () => returned,
    /** From now on its return is timed. */
    forget: (): void => {
      returned = { ...notYet };
    },
    /** All it had to say is confirmed, and it has compared what comes down. */
    isSteady: (): boolean =>
      link.state() === 'connected' &&
      returned.welcomed !== null &&
      returned.desiredCompared !== null &&
      returned.snapshotCompared !== null &&
      outbox.lanes.every((lane) => link.acked(lane) === outbox.storeOf(lane).head(lane).lastSeq),
  };
};
