/**
 * Members of a site in a process of their own, one or many: the agent's mesh shell on UDP, its server
 * and its client for records on HTTPS, and records that only have a version. Told what to do, and
 * telling what each sees, over the channel to its parent. A record's own signature is not verified here.
 */
import { randomBytes } from 'node:crypto';
import { createDeviceCertificate } from '@signalbeam/edge/mesh/certificate';
import { openUdp } from '@signalbeam/edge/mesh/datagrams';
import { createMeshFetch, isRecordStep } from '@signalbeam/edge/mesh/mesh-fetch';
import { startMeshShell } from '@signalbeam/edge/mesh/mesh-shell';
import { createPeerClient } from '@signalbeam/edge/mesh/peer-client';
import { startPeerServer } from '@signalbeam/edge/mesh/peer-server';
import { createRecordSync } from '@signalbeam/edge/mesh/record-sync';
import type { RecordName } from '@signalbeam/sync/core/records';
import type { MeshEvent, Status } from '@signalbeam/sync/mesh/mesh';
import { publicKeyOf } from '@signalbeam/sync/wire/authors';
import { signerFromNkeySeed } from '@signalbeam/sync/wire/nkey';

export type ToMember =
  | {
      kind: 'start';
      device: string;
      seed: string;
      host: string;
      siteKey: string;
      roster: { deviceId: string; publicKey: string }[];
      hints: string[];
      /** This share of the datagrams that come is dropped. */
      loss: number;
    }
  /** `bytes`: how large the record is. */
  | { kind: 'write'; device: string; version: number; bytes: number }
  /** Neither says nor hears anything any more. */
  | { kind: 'crash'; device: string }
  | { kind: 'count' };

/** `at` is the machine's clock, which all members share; `by` is the member that says it. */
export type FromMember =
  | { kind: 'changed'; by: string; device: string; to: Status; at: number }
  | { kind: 'holds'; by: string; version: number; at: number }
  /** All members of the process together. */
  | { kind: 'counted'; sentBytes: number };

export const meshPort = 8481;
const record: RecordName = 'plan/00000000-0000-4000-8000-000000000000';

/** A version, and as many bytes as a signed record of some kind has. */
const recordOf = ({ version, bytes }: { version: number; bytes: number }): Buffer => {
  const made = Buffer.alloc(bytes, '.');
  made.writeUInt32BE(version);
  return made;
};
const versionOf = (bytes: Uint8Array): number => Buffer.from(bytes).readUInt32BE();

const say = (message: FromMember): void => void process.send?.(message);
const steady = (): number => performance.now();

const start = async (told: Extract<ToMember, { kind: 'start' }>) => {
  const own = createDeviceCertificate(told.seed);
  const keys = new Map(
    told.roster.map(({ deviceId, publicKey }) => [
      deviceId,
      publicKeyOf(publicKey)?.publicKey ?? '',
    ]),
  );
  const byKey = new Map([...keys].map(([device, key]) => [key, device]));
  const held = new Map<RecordName, number>();
  let content: Buffer = Buffer.alloc(0);
  let crashed = false;
  const keep = (bytes: Buffer): void => {
    const version = versionOf(bytes);
    content = bytes;
    held.set(record, version);
    if (!crashed) say({ kind: 'holds', by: told.device, version, at: Date.now() });
  };
  const members = {
    keys: () => keys,
    of: (key: string) => byKey.get(key) ?? null,
    roster: () => ({ version: 1, members: told.roster }),
    refresh: () => undefined,
  };
  const log = (): void => undefined;
  const server = await startPeerServer({
    listen: { host: told.host, port: meshPort },
    own,
    memberOf: members.of,
    records: {
      versions: () => held,
      read: (name) => (name === record ? content : null),
      root: () => null,
    },
    broker: () => null,
    relay: null,
    now: steady,
    log,
  });
  const offer = (name: RecordName, bytes: Uint8Array): 'unchanged' | 'accepted' => {
    if (versionOf(bytes) <= (held.get(name) ?? 0)) return 'unchanged';
    keep(Buffer.from(bytes));
    return 'accepted';
  };
  const sync = createRecordSync({
    client: createPeerClient({ own }),
    versions: () => held,
    rootVersion: () => 0,
    ...{ offer, log },
  });
  let tell = (_: MeshEvent): void => undefined;
  const fetch = createMeshFetch({
    ...{ members, sync, offer },
    versions: () => held,
    tell: (event) => tell(event),
  });
  const shell = await startMeshShell({
    listen: { host: told.host, port: meshPort },
    self: { device: told.device, bootId: randomBytes(8).toString('hex'), incarnation: 0 },
    signer: signerFromNkeySeed(told.seed),
    roster: members.roster(),
    claim: {
      name: told.host,
      addresses: [`${told.host}:${meshPort}`],
      peerPort: server.port,
      uplink: 0,
      canRunLeaf: false,
      clockOk: true,
      chosen: false,
      gateway: false,
      leafPort: 0,
      linked: false,
      agentVersion: '0.1.0',
    },
    siteKeys: [Buffer.from(told.siteKey, 'hex')],
    take: (step) => {
      if (isRecordStep(step)) void fetch(step);
      if (step.kind === 'changed' && !crashed) {
        say({ kind: 'changed', by: told.device, device: step.member, to: step.to, at: Date.now() });
      }
    },
    openDatagrams: async (listen) => {
      const udp = await openUdp(listen);
      return {
        ...udp,
        send: (packet, to, done) => {
          if (crashed) done();
          else udp.send(packet, to, done);
        },
        hear: (listener) =>
          udp.hear((packet, from) => {
            if (!crashed && Math.random() >= told.loss) listener(packet, from);
          }),
      };
    },
    contentOf: (name) => (name === record && content.byteLength > 0 ? content : null),
    now: steady,
    random: Math.random,
  });
  tell = shell.tell;
  // What it begins with: nothing.
  shell.tell({ kind: 'records', versions: held });
  shell.tell({
    kind: 'hints',
    addresses: told.hints.map((address) => ({ device: null, address })),
  });
  return {
    write: (bytes: Buffer): void => {
      keep(bytes);
      shell.tell({ kind: 'records', versions: held });
    },
    crash: (): void => {
      crashed = true;
      void server.stop();
    },
    sentBytes: (): number => shell.counters()['sent-bytes'] ?? 0,
  };
};

if (process.send !== undefined && process.env['SIGNALBEAM_BENCH_MEMBER'] === '1') {
  const members = new Map<string, ReturnType<typeof start>>();
  process.on('disconnect', () => process.exit());
  process.on('message', async (message: ToMember) => {
    if (message.kind === 'start') {
      members.set(message.device, start(message));
    } else if (message.kind === 'count') {
      const all = await Promise.all(members.values());
      say({ kind: 'counted', sentBytes: all.reduce((sum, each) => sum + each.sentBytes(), 0) });
    } else {
      const member = await members.get(message.device);
      if (message.kind === 'write') member?.write(recordOf(message));
      else member?.crash();
    }
  });
}
