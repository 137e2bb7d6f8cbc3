/**
 * A device as ingest sees one, for tests and benches: its own key, lanes with their running hash,
 * frames signed as an agent signs them, its own connection to the hub. It keeps every line it ever
 * wrote, so that a test can compare the set written with the set stored.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { fmtCreds } from '@nats-io/jwt';
import { fromSeed } from '@nats-io/nkeys';
import { connect, credsAuthenticator, type NatsConnection } from '@nats-io/transport-node';
import type { Keyring } from '@signalbeam/platform/keys/keyring';
import { deviceUserJwt } from '@signalbeam/platform/nats/users';
import { chainStart, type Lane } from '@signalbeam/sync/core/lanes';
import { extendChain } from '@signalbeam/sync/wire/chain';
import { sealEnvelope } from '@signalbeam/sync/wire/dsse';
import { packFrame } from '@signalbeam/sync/wire/frame';
import type { Hello } from '@signalbeam/sync/wire/hello';
import { createDeviceKey, signerFromNkeySeed } from '@signalbeam/sync/wire/nkey';
import { payloadTypes } from '@signalbeam/sync/wire/records';
import { deviceSubjects } from '@signalbeam/sync/wire/subjects';

export type VirtualLane = {
  lane: Lane;
  epoch: string;
  /** `lines[i]` ends at `ends[i]` and hashes to `hashes[i]`. */
  lines: string[];
  ends: number[];
  hashes: string[];
};

export type VirtualDevice = ReturnType<typeof createVirtualDevice>;

const sampleBody = (seed: number) => ({
  cpuPercent: Math.round((20 + 15 * Math.sin(seed / 7) + (seed % 5)) * 10) / 10,
  memoryPercent: Math.round((55 + 5 * Math.sin(seed / 50)) * 10) / 10,
  memoryUsedBytes: 2_147_483_648 + (seed % 100) * 65_536,
  diskPercent: 41.7,
  diskUsedBytes: 13_958_643_712 + seed * 4_096,
  networkReceivedBytes: seed * 15_321 + 77,
  networkSentBytes: seed * 4_211 + 13,
  loadAverage: Math.round((0.4 + (seed % 9) / 20) * 100) / 100,
  temperatureCelsius: Math.round((48 + 3 * Math.sin(seed / 30)) * 10) / 10,
  uptimeSeconds: 86_400 + seed * 10,
});

const eventBodyOf = (seed: number) => ({
  type: 'container-restarted',
  severity: 'warning',
  message: `The container web-${seed} was started again.`,
  data: { container: `web-${seed}`, restarts: seed },
});

const reportedBodyOf = (seed: number) => ({
  generation: seed,
  desiredDigest: `sha256:${'d'.repeat(64)}`,
  bootId: 'boot-1',
  agentVersion: '0.1.0',
  engine: { kind: 'docker', version: '20.10', reachable: true },
  waiting: '',
  slots: [],
  containers: [],
});

const bodyOf = (lane: Lane, seed: number): unknown =>
  lane === 'events'
    ? eventBodyOf(seed)
    : lane === 'reported'
      ? reportedBodyOf(seed)
      : sampleBody(seed);

export const createVirtualDevice = (site: string) => {
  const deviceId = randomUUID();
  const { nkey, seed } = createDeviceKey();
  const signer = signerFromNkeySeed(seed);
  const lanes = new Map<string, VirtualLane>();
  const open = (lane: Lane): VirtualLane => {
    const opened = { lane, epoch: randomBytes(8).toString('hex'), lines: [], ends: [], hashes: [] };
    lanes.set(lane, opened);
    return opened;
  };
  const laneOf = (lane: Lane): VirtualLane => lanes.get(lane) ?? open(lane);
  const append = (into: VirtualLane, line: string, end: number, hash: string): void => {
    into.lines.push(line);
    into.ends.push(end);
    into.hashes.push(hash);
  };
  const lastOf = (into: VirtualLane) => ({
    seq: into.ends.at(-1) ?? 0,
    hash: into.hashes.at(-1) ?? chainStart,
  });
  return {
    deviceId,
    site,
    nkey,
    seed,
    signer,
    laneOf,
    /** Starts the lane anew, as after a restored disk. */
    open,
    /** Writes rows; `at` counts seconds down from `endAt`. */
    write: (lane: Lane, count: number, endAt = Date.now()): void => {
      const into = laneOf(lane);
      for (let index = 0; index < count; index += 1) {
        const seq = lastOf(into).seq + 1;
        const at = endAt - (count - index) * 1_000;
        const line = JSON.stringify({ seq, at, body: bodyOf(lane, seq) });
        append(into, line, seq, extendChain(lastOf(into).hash, line));
      }
    },
    /** Writes a line as it is, for what a broken agent might write. */
    writeRaw: (lane: Lane, lineOf: (seq: number) => string): void => {
      const into = laneOf(lane);
      const seq = lastOf(into).seq + 1;
      const line = lineOf(seq);
      append(into, line, seq, extendChain(lastOf(into).hash, line));
    },
    /** Gives rows up: a gap line in place of the next `count` rows. */
    drop: (lane: Lane, count: number): void => {
      const into = laneOf(lane);
      const from = lastOf(into).seq + 1;
      const to = from + count - 1;
      const hash = randomBytes(16).toString('hex');
      const gap = { from, to, reason: 'dropped-at-cap', hash };
      append(into, JSON.stringify({ gap }), to, hash);
    },
    /** A signed frame of lines `from` to `to` (indexes, `to` left out). */
    frame: (lane: Lane, from: number, to: number, by = signer): Uint8Array => {
      const { epoch, lines, ends, hashes } = laneOf(lane);
      const before = from === 0 ? { seq: 0, hash: chainStart } : undefined;
      const header = {
        device: deviceId,
        lane,
        epoch,
        firstSeq: (before?.seq ?? ends[from - 1] ?? 0) + 1,
        lastSeq: ends[to - 1] ?? 0,
        before: before?.hash ?? hashes[from - 1] ?? chainStart,
        rows: to - from,
        sentAt: 1_700_000_000_000,
      };
      return packFrame({ header, lines: lines.slice(from, to) }, by);
    },
    hello: (nonce: string, by = signer): Uint8Array => {
      const hello: Hello = {
        device: deviceId,
        bootId: 'boot-1',
        nonce,
        sentAt: Date.now(),
        agentVersion: '0.1.0',
        generation: 0,
        lanes: [...lanes.values()].map((lane) => ({
          lane: lane.lane,
          epoch: lane.epoch,
          minSeq: 1,
          maxSeq: lane.ends.at(-1) ?? 0,
          backlogRows: lane.lines.length,
        })),
      };
      return sealEnvelope(payloadTypes.hello, hello, [by]);
    },
    connect: async (url: string, keyring: Keyring, tenantId: string): Promise<NatsConnection> => {
      const jwt = await deviceUserJwt(keyring, { tenantId, site, deviceId, publicKey: nkey });
      const pair = fromSeed(new TextEncoder().encode(seed));
      return connect({
        servers: url,
        authenticator: credsAuthenticator(fmtCreds(jwt, pair)),
        inboxPrefix: deviceSubjects.inboxPrefix(site, deviceId),
        maxReconnectAttempts: -1,
        reconnectTimeWait: 200,
        ignoreAuthErrorAbort: true,
      });
    },
  };
};
