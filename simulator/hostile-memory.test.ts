/**
 * What is left in memory after tens of thousands of hostile packets, pieces and frames: nothing that grows
 * with them. The limit of each table is held by `sync/mesh/pieces` and `hostile-frames` in every run; this
 * looks for what has no table. `test --full` only.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Datagrams } from '@signalbeam/edge/mesh/datagrams';
import { type MeshShell, startMeshShell } from '@signalbeam/edge/mesh/mesh-shell';
import type { PeerAddress } from '@signalbeam/edge/mesh/peer-tls';
import { pieceBytesMax, piecesMax } from '@signalbeam/sync/mesh/limits';
import type { MeshMessage } from '@signalbeam/sync/mesh/message';
import { packFrame } from '@signalbeam/sync/wire/frame';
import { publicKeyFromText } from '@signalbeam/sync/wire/keys';
import { encodeMessage } from '@signalbeam/sync/wire/mesh-message';
import { aesPacketCrypto, createSealer } from '@signalbeam/sync/wire/mesh-packet';
import { mutantsOf } from '@signalbeam/sync/wire/mutants.fixture';
import { createDeviceKey, signerFromNkeySeed } from '@signalbeam/sync/wire/nkey';
import { decodeFrame } from '@signalbeam/telemetry-processor/ingest/decode';
import type { KnownDevice } from '@signalbeam/telemetry-processor/ingest/directory';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';

const hostilePerRound = 10_000;
const roundsToWarm = 2;
/** Under what ten thousand things of a hundred bytes would hold. */
const growthBytesMax = 700_000;

let collect: () => void;
beforeAll(() => {
  setFlagsFromString('--expose-gc');
  collect = runInNewContext('gc') as () => void;
});
afterAll(() => setFlagsFromString('--no-expose-gc'));

const heldBytes = (): number => {
  collect();
  collect();
  const { heapUsed, external, arrayBuffers } = process.memoryUsage();
  return heapUsed + external + arrayBuffers;
};

/** How much more is held after as many again, once everything was met and compiled. */
const growthOf = async (round: () => Promise<void> | void): Promise<number> => {
  for (let warm = 0; warm < roundsToWarm; warm += 1) await round();
  const before = heldBytes();
  await round();
  await round();
  return heldBytes() - before;
};

const devices = Array.from({ length: 3 }, () => ({ device: randomUUID(), ...createDeviceKey() }));
const [self, thief] = devices as [(typeof devices)[0], (typeof devices)[0]];
const siteKey = randomBytes(32);
const bootId = (): string => randomBytes(8).toString('hex');

const openShell = async (): Promise<{
  shell: MeshShell;
  hear: Parameters<Datagrams['hear']>[0];
}> => {
  let hear: Parameters<Datagrams['hear']>[0] = () => undefined;
  const datagrams: Datagrams = {
    port: 7_946,
    hear: (listener) => {
      hear = listener;
    },
    send: (_packet, _to, done) => done(),
    failed: () => undefined,
    close: () => undefined,
  };
  const shell = await startMeshShell({
    listen: { host: '127.0.0.1', port: 0 },
    self: { device: self.device, bootId: bootId(), incarnation: 0 },
    signer: signerFromNkeySeed(self.seed),
    roster: {
      version: 1,
      members: devices.map(({ device, nkey }) => ({ deviceId: device, publicKey: nkey })),
    },
    claim: {
      ...{ name: 'victim', addresses: ['127.0.0.1:7946'], peerPort: 0, uplink: 1 },
      ...{ canRunLeaf: false, clockOk: true, chosen: false, gateway: false, leafPort: 0 },
      ...{ linked: false, agentVersion: '0.1.0' },
    },
    siteKeys: [siteKey],
    take: () => undefined,
    contentOf: () => null,
    now: () => performance.now(),
    random: Math.random,
    openDatagrams: async () => datagrams,
  });
  return { shell, hear: (packet, from) => hear(packet, from) };
};

const plan = `plan/${randomUUID()}`;
const said: MeshMessage[] = [
  ...[1, 7, piecesMax].flatMap((count) =>
    Array.from({ length: count }, (_, index): MeshMessage => {
      const bytes = Buffer.alloc(pieceBytesMax, index);
      return { kind: 'record', name: plan, version: 3, index, count, bytes };
    }),
  ),
  { kind: 'want', name: plan, version: 3, missing: 0xffff },
  { kind: 'gossip', rumours: [{ kind: 'holds', name: plan, version: 3 }] },
  { kind: 'ping', seq: 1, summary: { members: 1, records: 2 }, rumours: [] },
  { kind: 'ping-request', seq: 1, target: devices[2]?.device ?? '' },
  { kind: 'buckets', hashes: Array.from({ length: 32 }, (_, index) => index) },
  {
    ...{ kind: 'digest', complete: 0xffff_ffff },
    members: [{ device: thief.device, incarnation: 9, seq: 9, dead: true }],
    records: [{ name: plan, version: 9 }],
  },
];

test('packets and pieces, of thieves of the site key and of strangers, are not kept', async () => {
  const { shell, hear } = await openShell();
  const mutants = fc.sample(mutantsOf(said.map(encodeMessage), 1_100), 2_000);
  const all = [...said.map(encodeMessage), ...mutants.filter((each) => each.byteLength < 1_100)];
  const from = (index: number): PeerAddress => ({
    host: `10.${index % 7}.${(index >> 8) & 255}.${index & 255}`,
    port: 1_024 + (index % 60_000),
  });
  const round = async (): Promise<void> => {
    let sealer = createSealer(aesPacketCrypto, { device: thief.device, bootId: bootId() }, siteKey);
    for (let index = 0; index < hostilePerRound; index += 1) {
      if (index % 50 === 0) {
        // It starts anew, or is somebody whom no roster has.
        const device = index % 100 === 0 ? thief.device : randomUUID();
        sealer = createSealer(aesPacketCrypto, { device, bootId: bootId() }, siteKey);
        // Beyond their share they would be dropped unread.
        await new Promise((done) => setTimeout(done, 20));
      }
      const packet = sealer.seal(all[index % all.length] ?? new Uint8Array(), true);
      hear(index % 10 === 0 ? randomBytes(80) : packet, from(index));
    }
  };
  expect(await growthOf(round)).toBeLessThan(growthBytesMax);
  const { received = 0, 'refused-flood': flood = 0 } = shell.counters();
  expect(received - flood, 'opened and judged').toBeGreaterThan(hostilePerRound / 10);
  await shell.stop();
}, 300_000);

test('frames that were changed are not kept', async () => {
  const signer = signerFromNkeySeed(thief.seed);
  const epoch = '0123456789abcdef';
  const lines = Array.from({ length: 20 }, (_, index) =>
    JSON.stringify({
      ...{ seq: index + 1, at: 5 },
      body: { type: 'link-up', severity: 'info', message: `up ${index}`, data: {} },
    }),
  );
  const header = {
    ...({ device: thief.device, lane: 'events', epoch, firstSeq: 1, lastSeq: 20 } as const),
    ...{ before: '0'.repeat(32), rows: 20, sentAt: 5 },
  };
  const frame = packFrame({ header, lines }, signer);
  const known = {
    ...{ deviceId: thief.device, tenantId: randomUUID(), tenantKey: 'T', site: 's' },
    ...{ approved: true, publicKey: publicKeyFromText(signer.publicKey) },
    trustedKey: { keyId: signer.keyId, publicKey: signer.publicKey },
    ingestSigner: signer,
  } satisfies KnownDevice;
  const subject = `T.signalbeam.devices.events.${thief.device}`;
  const decode = (data: Uint8Array) =>
    decodeFrame({ subject, data }, new Map([[thief.device, known]]), 1_800_000_000_000);
  expect(decode(frame).kind).not.toBe('refused');
  const mutants = fc.sample(mutantsOf([frame]), 2_000);
  // Changed by whoever signs them, too: a row of its own each time, which is parsed and set aside.
  const round = (): void => {
    for (let index = 0; index < hostilePerRound; index += 1) {
      if (index % 4 !== 0) decode(mutants[index % mutants.length] ?? frame);
      else {
        const bad = lines.with(index % 20, `{"seq":${index},"at":"${randomUUID()}"}`);
        decode(packFrame({ header, lines: bad }, signer));
      }
    }
  };
  expect(await growthOf(round)).toBeLessThan(growthBytesMax);
}, 300_000);
