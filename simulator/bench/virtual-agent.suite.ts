/**
 * The part of an agent that follows its desired state, a thousand times in one process: hears the
 * poke, fetches its signed record, verifies it, and reports the generation in a signed row. Each
 * has its own key, credentials and connection. It runs no containers: that is another bench.
 */
import type { NatsConnection } from '@nats-io/transport-node';
import { openEnvelope } from '@signalbeam/sync/wire/dsse';
import { acknowledgementSchema } from '@signalbeam/sync/wire/hello';
import {
  type Keyset,
  openDesired,
  payloadTypes,
  thresholdOne,
} from '@signalbeam/sync/wire/records';
import { deviceSubjects } from '@signalbeam/sync/wire/subjects';
import type { TestTenant } from '@signalbeam/telemetry-processor/rig.suite';
import type { VirtualDevice } from '@signalbeam/telemetry-processor/virtual-device.suite';
import type { BenchCloud } from './cloud.suite.ts';

/** When an agent got to a generation: `performance.now()`. */
export type Reached = {
  /** It has verified the signed record. */
  accepted: number;
  /** Its signed report is stored at the hub. */
  reported: number;
  /** It was told, signed, that the report is committed in Postgres. */
  acknowledged: number;
};

export type VirtualAgent = {
  deviceId: string;
  /** Resolves when the agent was told that its report of this generation is committed. */
  reach: (generation: number) => Promise<Reached>;
  close: () => Promise<void>;
};

const reportLine = (seq: number, generation: number): string =>
  JSON.stringify({
    seq,
    at: Date.now(),
    body: {
      generation,
      bootId: 'bench',
      agentVersion: '0.1.0',
      engine: { kind: 'none', version: '', reachable: false },
      waiting: '',
      slots: [],
      containers: [],
    },
  });

export const keysetOf = async (cloud: BenchCloud, tenantId: string): Promise<Keyset> => {
  const keys = await cloud.test.platform.keyring.tenant(tenantId);
  const trusted = (signer: { keyId: string; publicKey: string }) => [
    { keyId: signer.keyId, publicKey: signer.publicKey },
  ];
  return {
    tenantId,
    version: 1,
    issuedAt: new Date().toISOString(),
    roles: {
      release: trusted(keys.release),
      director: trusted(keys.director),
      ingest: trusted(keys.ingest),
      membership: [],
    },
    thresholds: thresholdOne,
  };
};

type Progress = Partial<Reached> & { seq?: number };

const follow = (nc: NatsConnection, device: VirtualDevice, keyset: Keyset) => {
  const { deviceId, site } = device;
  const reached = new Map<number, Progress>();
  const waiting = new Map<number, (reached: Reached) => void>();
  let generation = 0;
  let fetching = false;
  let again = false;

  const settle = (at: number): void => {
    const { accepted, reported, acknowledged } = reached.get(at) ?? {};
    const resolve = waiting.get(at);
    if (resolve === undefined || accepted === undefined || acknowledged === undefined) return;
    waiting.delete(at);
    // The acknowledgement may overtake the hub's PubAck: then the report was stored by then.
    resolve({ accepted, acknowledged, reported: Math.min(reported ?? acknowledged, acknowledged) });
  };
  const report = async (at: number, progress: Progress): Promise<void> => {
    const { lines } = device.laneOf('reported');
    device.writeRaw('reported', (seq) => reportLine(seq, at));
    progress.seq = lines.length;
    const frame = device.frame('reported', lines.length - 1, lines.length);
    await nc.request(deviceSubjects.lane('reported', deviceId), frame, { timeout: 10_000 });
    progress.reported = performance.now();
    settle(at);
  };
  const takeRecord = async (): Promise<void> => {
    const subject = deviceSubjects.record(site, deviceId);
    const reply = await nc.request(subject, '', { timeout: 10_000 });
    const opened = openDesired(reply.data, keyset);
    if (opened.kind === 'refused') throw new Error(opened.reason);
    const { deviceId: meant, generation: offered } = opened.value;
    if (meant !== deviceId || offered <= generation) return;
    generation = offered;
    const progress: Progress = { accepted: performance.now() };
    reached.set(offered, progress);
    await report(offered, progress);
  };
  /** One fetch at a time; a poke during a fetch means one more after it. */
  const fetchRecord = async (): Promise<void> => {
    if (fetching) {
      again = true;
      return;
    }
    fetching = true;
    do {
      again = false;
      await takeRecord();
    } while (again);
    fetching = false;
  };
  const hearAcknowledgement = (bytes: Uint8Array): void => {
    const opened = openEnvelope(bytes, {
      payloadType: payloadTypes.acknowledgement,
      keys: keyset.roles.ingest,
      schema: acknowledgementSchema,
      bytesMax: 4_096,
    });
    if (opened.kind === 'refused') throw new Error(opened.reason);
    const upTo = Math.max(...opened.value.lanes.map((lane) => lane.upTo));
    for (const [at, progress] of reached) {
      if (progress.seq === undefined || progress.seq > upTo) continue;
      progress.acknowledged ??= performance.now();
      settle(at);
    }
  };
  const subscription = nc.subscribe(deviceSubjects.downAll(site, deviceId), {
    callback: (_, message) => {
      if (message.subject.endsWith('.poke')) void fetchRecord();
      else hearAcknowledgement(message.data);
    },
  });
  return {
    reach: (at: number) =>
      new Promise<Reached>((resolve) => {
        waiting.set(at, resolve);
        settle(at);
      }),
    stop: () => subscription.unsubscribe(),
  };
};

export const startAgent = async (
  cloud: BenchCloud,
  tenant: TestTenant,
  device: VirtualDevice,
  keyset: Keyset,
): Promise<VirtualAgent> => {
  const { world, platform } = cloud.test;
  const nc = await device.connect(world.hub.url, platform.keyring, tenant.tenantId);
  const following = follow(nc, device, keyset);
  await nc.flush();
  return { deviceId: device.deviceId, reach: following.reach, close: () => nc.close() };
};
