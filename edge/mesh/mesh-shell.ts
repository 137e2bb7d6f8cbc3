/**
 * Runs the pure mesh of sync/mesh on a UDP socket: opens and decodes what comes, seals and sends
 * what it plans, wakes it when it asked to be woken, and tells it how late the event loop is. It
 * holds no opinion: who is alive, what is missing and what is worth a warning is the core's to say.
 */
import { createSocket } from 'node:dgram';
import type { MeshEvent, MeshRoster, MeshStep, Surroundings } from '@signalbeam/sync/mesh/mesh';
import type { Address, ClaimSeal, OwnClaim } from '@signalbeam/sync/mesh/message';
import { membersOf, meshStep, startMesh } from '@signalbeam/sync/mesh/step';
import { publicKeyFromRaw, type Signer, verifySignature } from '@signalbeam/sync/wire/keys';
import { claimSeal, decodeMessage, encodeMessage } from '@signalbeam/sync/wire/mesh-message';
import {
  aesPacketCrypto,
  createOpener,
  createSealer,
  type PacketCrypto,
} from '@signalbeam/sync/wire/mesh-packet';
import { rawPublicKey } from '@signalbeam/sync/wire/nkey';
import type { Timers } from '../core/timers.ts';
import { systemTimers } from '../host/timers.ts';
import type { PeerAddress } from './peer-tls.ts';
import { createRateLimit } from './rate-limit.ts';

export type MeshShellParts = {
  listen: PeerAddress;
  self: { device: string; bootId: string; incarnation: number };
  signer: Signer;
  roster: MeshRoster;
  claim: OwnClaim;
  /** The one in force first; the one it replaces may follow. */
  siteKeys: readonly Uint8Array[];
  /** What is not a datagram: fetching records, changes of members, warnings. */
  take: (step: Exclude<MeshStep, { kind: 'send' }>) => void;
  /** A clock that never jumps. */
  now: () => number;
  random: () => number;
  timers?: Timers;
  /** Where datagrams come from and go to; a UDP socket if nothing else is said. */
  openDatagrams?: (listen: PeerAddress) => Promise<Datagrams>;
  /** Signatures of claims, and the sealing of packets. */
  seal?: ClaimSeal;
  packets?: PacketCrypto;
};

/** A bound socket, or what stands for one. */
export type Datagrams = {
  port: number;
  /** `done` when it left, or when it is clear that it does not. */
  send(packet: Uint8Array, to: PeerAddress, done: () => void): void;
  hear(listener: (packet: Uint8Array, from: PeerAddress) => void): void;
  failed(listener: () => void): void;
  close(): void;
};

export type MeshShell = {
  port: number;
  /** Something that the core must know: a roster, hints, another claim, records held. */
  tell(event: MeshEvent): void;
  rotate(siteKeys: readonly Uint8Array[]): void;
  members(): ReturnType<typeof membersOf>;
  waiting(): string;
  counters(): Readonly<Record<string, number>>;
  stop(): void;
};

/** Of one source address, before anything is decrypted: a member sends some 30 a second at most. */
const packetsPerSource = { burst: 300, perSecond: 150 };
/** The event loop is looked at this often; what comes later than asked for is its lag. */
const lagEveryMs = 500;

export const startMeshShell = async (parts: MeshShellParts): Promise<MeshShell> => {
  const timers = parts.timers ?? systemTimers;
  const [firstKey] = parts.siteKeys;
  if (firstKey === undefined) throw new Error('a mesh has a site key');
  const counters: Record<string, number> = { received: 0, sent: 0, sentBytes: 0 };
  const count = (name: string, by = 1): void => {
    counters[name] = (counters[name] ?? 0) + by;
  };
  const limit = createRateLimit(packetsPerSource);
  const { packets = aesPacketCrypto, openDatagrams = openUdp } = parts;
  const sealer = createSealer(packets, parts.self, firstKey);
  const opener = createOpener(packets);
  const seal = parts.seal ?? claimSeal(parts.signer.sign, verifyByNkey);
  const datagrams = await openDatagrams(parts.listen);
  const around = (): Surroundings => ({ now: parts.now(), random: parts.random, seal });
  const mesh = startMesh({ ...parts.self, claim: parts.claim }, parts.roster, around());
  let [waiting, open] = ['', true];
  let cancelWake = (): void => {};

  const outbox = createOutbox(datagrams, count);
  const send = (step: Extract<MeshStep, { kind: 'send' }>): void => {
    const to = addressOf(step.to);
    if (to === null || !open) return;
    outbox.send(sealer.seal(encodeMessage(step.message), step.introduce), to);
  };
  const tell = (event: MeshEvent): void => {
    if (!open) return;
    cancelWake();
    const result = meshStep(mesh, event, around());
    waiting = result.waiting;
    if (event.kind === 'roster') admit(event.roster);
    for (const step of result.steps) {
      if (step.kind === 'send') send(step);
      else parts.take(step);
    }
    const delayMs = Math.max(1, result.wakeAt - parts.now());
    cancelWake = timers.after(delayMs, () => tell({ kind: 'tick' }), 'background');
  };
  const admit = ({ members }: MeshRoster): void =>
    opener.acceptMembers(members.map(({ deviceId }) => deviceId));
  const hear = (packet: Uint8Array, from: PeerAddress): void => {
    count('received');
    const opened = limit.take(from.host, parts.now()) ? opener.open(packet) : null;
    const message = opened?.kind === 'opened' ? decodeMessage(opened.message) : null;
    if (opened === null) count('dropped-flood');
    else if (opened.kind === 'refused') count(`dropped-${opened.code}`);
    else if (message === null) count('dropped-undecodable');
    else {
      const address = `${from.host}:${from.port}`;
      tell({ kind: 'heard', from: opened.from, address, bootId: opened.bootId, message });
    }
  };

  opener.acceptKeys(parts.siteKeys);
  admit(parts.roster);
  datagrams.hear(hear);
  datagrams.failed(() => count('socket-errors'));
  const cancelLag = watchLag(timers, parts.now, (lagMs) => tell({ kind: 'lag', lagMs }));
  tell({ kind: 'tick' });
  return {
    port: datagrams.port,
    tell,
    rotate: (siteKeys) => {
      const [key] = siteKeys;
      if (key === undefined) return;
      sealer.rotate(key);
      opener.acceptKeys(siteKeys);
    },
    members: () => membersOf(mesh),
    waiting: () => waiting,
    counters: () => ({ ...counters }),
    stop: () => {
      tell({ kind: 'leave' });
      open = false;
      cancelWake();
      cancelLag();
      outbox.close();
    },
  };
};

const openUdp = async ({ host, port }: PeerAddress): Promise<Datagrams> => {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.bind(port, host, resolve);
  });
  return {
    port: socket.address().port,
    send: (packet, to, done) => socket.send(packet, to.port, to.host, done),
    hear: (listener) =>
      void socket.on('message', (packet, from) =>
        listener(packet, { host: from.address, port: from.port }),
      ),
    // An unreachable peer is reported on the socket too; it is no failure of the socket.
    failed: (listener) => void socket.on('error', listener),
    close: () => void socket.close(),
  };
};

/** Closing waits for what was given to be sent: a goodbye is the last thing said. */
const createOutbox = (datagrams: Datagrams, count: (name: string, by?: number) => void) => {
  let pending = 0;
  let closing = false;
  const end = (): void => {
    if (closing && pending === 0) datagrams.close();
  };
  return {
    send: (packet: Uint8Array, to: PeerAddress): void => {
      pending += 1;
      count('sent');
      count('sentBytes', packet.byteLength);
      // A network that is down loses packets as any does: the core sees to that.
      datagrams.send(packet, to, () => {
        pending -= 1;
        end();
      });
    },
    close: (): void => {
      closing = true;
      end();
    },
  };
};

const watchLag = (timers: Timers, now: () => number, tell: (lagMs: number) => void) => {
  let lookedAt = now();
  return timers.every(
    lagEveryMs,
    () => {
      const at = now();
      tell(Math.max(0, at - lookedAt - lagEveryMs));
      lookedAt = at;
    },
    'background',
  );
};

const verifyByNkey = (publicKey: string, bytes: Uint8Array, signature: Uint8Array): boolean => {
  const raw = rawPublicKey(publicKey);
  return raw !== null && verifySignature(publicKeyFromRaw(raw), bytes, signature);
};

/** `192.0.2.7:8481`; null for what is no address of this kind. */
const addressOf = (text: Address): PeerAddress | null => {
  const colon = text.lastIndexOf(':');
  const port = Number(text.slice(colon + 1));
  return colon > 0 && Number.isInteger(port) && port > 0 && port < 65_536
    ? { host: text.slice(0, colon), port }
    : null;
};
