/**
 * Runs the pure mesh of sync/mesh on a UDP socket: tells it what came, sends what it plans, wakes it
 * when it asked to be woken, and tells it how late the event loop is. It holds no opinion: who is
 * alive, what is missing and what is worth a warning is the core's to say.
 */
import { isIPv4 } from 'node:net';
import { type RecordName, recordNameOf } from '@signalbeam/sync/core/records';
import type {
  MeshEvent,
  MeshRoster,
  MeshStep,
  StepForOthers,
  Surroundings,
} from '@signalbeam/sync/mesh/mesh';
import type { Address, ClaimSeal, OwnClaim } from '@signalbeam/sync/mesh/message';
import { membersOf } from '@signalbeam/sync/mesh/seen';
import { startMesh } from '@signalbeam/sync/mesh/start';
import { meshStep } from '@signalbeam/sync/mesh/step';
import { publicKeyFromRaw, type Signer, verifySignature } from '@signalbeam/sync/wire/keys';
import { claimSeal } from '@signalbeam/sync/wire/mesh-message';
import { aesPacketCrypto, type PacketCrypto } from '@signalbeam/sync/wire/mesh-packet';
import { rawPublicKey } from '@signalbeam/sync/wire/nkey';
import type { Timers } from '../core/timers.ts';
import { systemTimers } from '../host/timers.ts';
import { createMeshOutbox, type Datagrams, openUdp } from './datagrams.ts';
import type { PeerAddress } from './peer-tls.ts';
import { createSealedMessages } from './sealed-messages.ts';

export type MeshShellParts = {
  listen: PeerAddress;
  self: { device: string; bootId: string; incarnation: number };
  signer: Signer;
  roster: MeshRoster;
  claim: OwnClaim;
  /** The one in force first; the one it replaces may follow. With none nothing is said or heard. */
  siteKeys: readonly Uint8Array[];
  /** What is not a datagram: fetching records, changes of members, warnings. */
  take: (step: StepForOthers) => void;
  /** Somebody there speaks under a site key that this device does not have. */
  unreadable?: (from: PeerAddress) => void;
  /** A clock that never jumps. */
  now: () => number;
  random: () => number;
  timers?: Timers;
  /** Where datagrams come from and go to; a UDP socket if nothing else is said. */
  openDatagrams?: (listen: PeerAddress) => Promise<Datagrams>;
  /** The exact bytes of a record that this device holds, for others. */
  contentOf: (name: RecordName) => Uint8Array | null;
  /** Signatures of claims, and the sealing of packets. */
  seal?: ClaimSeal;
  packets?: PacketCrypto;
};

export type MeshShell = {
  port: number;
  /** Something that the core must know: a roster, hints, another claim, records held. */
  tell(event: MeshEvent): void;
  rotate(siteKeys: readonly Uint8Array[]): void;
  members(): ReturnType<typeof membersOf>;
  waiting(): string;
  counters(): Readonly<Record<string, number>>;
  /** Says goodbye first. */
  stop(): Promise<void>;
};

/** The event loop is looked at this often; what comes later than asked for is its lag. */
const lagEveryMs = 500;

export const startMeshShell = async (parts: MeshShellParts): Promise<MeshShell> => {
  const { now, random, timers = systemTimers, openDatagrams = openUdp } = parts;
  const counters: Record<string, number> = { received: 0, sent: 0, 'sent-bytes': 0, lost: 0 };
  const count = (name: string, by = 1): void => {
    counters[name] = (counters[name] ?? 0) + by;
  };
  const sealed = createSealedMessages({
    crypto: parts.packets ?? aesPacketCrypto,
    self: parts.self,
    count,
    unreadable: parts.unreadable ?? (() => undefined),
    now,
  });
  const seal = parts.seal ?? claimSeal(parts.signer.sign, verifyByNkey);
  const datagrams = await openDatagrams(parts.listen);
  const outbox = createMeshOutbox(datagrams, count);
  const contentOf = (text: string): Uint8Array | null => {
    const name = recordNameOf(text);
    return name === null ? null : parts.contentOf(name);
  };
  const around = (): Surroundings => ({ now: now(), random, seal, contentOf });
  const mesh = startMesh({ ...parts.self, claim: parts.claim }, parts.roster, around());
  let [waiting, open] = ['', true];
  let cancelWake = (): void => {};

  const run = (step: MeshStep): void => {
    if (step.kind === 'send') {
      const to = addressOf(step.to);
      const packet = to === null ? null : sealed.seal(step.message, step.introduce);
      if (to !== null && packet !== null) outbox.send(packet, to);
      return;
    }
    if (step.kind === 'refused') {
      count(`refused-${step.code}`);
      return;
    }
    if (step.kind === 'changed' && step.to === 'dead') count('lost');
    if (step.kind === 'warn') count(`warned-${step.code}`);
    if (step.kind === 'offer-record') count('records-offered');
    parts.take(step);
  };
  const tell = (event: MeshEvent): void => {
    if (!open) return;
    cancelWake();
    const result = meshStep(mesh, event, around());
    waiting = result.waiting;
    if (event.kind === 'roster') admit(event.roster);
    const delayMs = Math.max(1, result.wakeAt - now());
    cancelWake = timers.after(delayMs, () => tell({ kind: 'tick' }), 'background');
    for (const step of result.steps) run(step);
  };
  const admit = ({ members }: MeshRoster): void =>
    sealed.admit(members.map(({ deviceId }) => deviceId));

  sealed.rotate(parts.siteKeys);
  admit(parts.roster);
  datagrams.hear((packet, from) => {
    const opened = sealed.open(packet, from);
    if (opened === null) return;
    const { device, ...heard } = opened;
    tell({ kind: 'heard', from: device, ...heard });
  });
  datagrams.failed(() => count('socket-errors'));
  const cancelLag = watchLag(timers, now, (lagMs) => tell({ kind: 'lag', lagMs }));
  tell({ kind: 'tick' });
  return {
    port: datagrams.port,
    tell,
    rotate: (siteKeys) => {
      if (sealed.rotate(siteKeys)) tell({ kind: 'rekeyed' });
    },
    members: () => membersOf(mesh),
    waiting: () => waiting,
    counters: () => ({ ...counters }),
    stop: async () => {
      tell({ kind: 'leave' });
      open = false;
      cancelWake();
      cancelLag();
      await outbox.close();
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

/** `192.0.2.7:8481`; null for any other text: a member's claim must not make this device ask a name server. */
const addressOf = (text: Address): PeerAddress | null => {
  const colon = text.lastIndexOf(':');
  const [host, port] = [text.slice(0, colon), Number(text.slice(colon + 1))];
  return isIPv4(host) && Number.isInteger(port) && port > 0 && port < 65_536
    ? { host, port }
    : null;
};
