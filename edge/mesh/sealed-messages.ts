/**
 * Messages of the mesh in and out of their packets: sealed under the site key in force, opened
 * under it or the one before, each source within its share. What is refused is counted by its
 * reason and goes no further.
 */
import { recordNameOf } from '@signalbeam/sync/core/records';
import type { MeshMessage } from '@signalbeam/sync/mesh/message';
import { decodeMessage, encodeMessage } from '@signalbeam/sync/wire/mesh-message';
import {
  createOpener,
  createSealer,
  type PacketCrypto,
  type PacketRefusal,
} from '@signalbeam/sync/wire/mesh-packet';
import type { PeerAddress } from './peer-tls.ts';
import { createSources } from './sources.ts';

export type OpenedMessage = {
  device: string;
  bootId: string;
  address: string;
  message: MeshMessage;
};

export type SealedMessages = {
  /**
   * The one in force first. With none yet, nothing is said or heard. Tells whether another is in
   * force than before.
   */
  rotate(siteKeys: readonly Uint8Array[]): boolean;
  /** Whom short names in packets may mean. */
  admit(devices: readonly string[]): void;
  seal(message: MeshMessage, introduce: boolean): Uint8Array | null;
  open(packet: Uint8Array, from: PeerAddress): OpenedMessage | null;
};

export const createSealedMessages = (parts: {
  crypto: PacketCrypto;
  self: { device: string; bootId: string };
  count: (name: string, by?: number) => void;
  /** Somebody there speaks under a site key that this device does not have. */
  unreadable: (from: PeerAddress) => void;
  now: () => number;
}): SealedMessages => {
  const { crypto, self, count, now } = parts;
  const sources = createSources();
  const opener = createOpener(crypto);
  let sealer: ReturnType<typeof createSealer> | null = null;
  let inForce: Uint8Array | null = null;
  const refuse = (code: PacketRefusal | 'flood' | 'undecodable'): null => {
    count(`refused-${code}`);
    return null;
  };
  return {
    rotate: (siteKeys) => {
      const [key] = siteKeys;
      if (key === undefined) return false;
      if (sealer === null) sealer = createSealer(crypto, self, key);
      else sealer.rotate(key);
      opener.acceptKeys(siteKeys);
      const isNew = inForce === null || !Buffer.from(inForce).equals(key);
      inForce = key;
      return isNew;
    },
    admit: opener.acceptMembers,
    seal: (message, introduce) => sealer?.seal(encodeMessage(message), introduce) ?? null,
    open: (packet, from) => {
      count('received');
      count('received-bytes', packet.byteLength);
      const address = `${from.host}:${from.port}`;
      if (!sources.admits(address, now())) return refuse('flood');
      const opened = opener.open(packet);
      if (opened.kind === 'refused') {
        if (opened.code === 'unknown-key') parts.unreadable(from);
        return refuse(opened.code);
      }
      sources.proved(address);
      const message = decodeMessage(opened.message);
      if (message === null) return refuse('undecodable');
      const { from: device, bootId } = opened;
      return { device, bootId, address, message: ofKnownRecords(message) };
    },
  };
};

/** Names that only a newer peer knows could be neither fetched nor verified here. */
const ofKnownRecords = (message: MeshMessage): MeshMessage => {
  if (message.kind === 'digest') {
    const records = message.records.filter(({ name }) => recordNameOf(name) !== null);
    return { ...message, records };
  }
  if (message.kind === 'record' && recordNameOf(message.name) === null) {
    return { kind: 'gossip', rumours: [] };
  }
  if (!('rumours' in message)) return message;
  const rumours = message.rumours.filter(
    (rumour) => rumour.kind !== 'holds' || recordNameOf(rumour.name) !== null,
  );
  return { ...message, rumours };
};
