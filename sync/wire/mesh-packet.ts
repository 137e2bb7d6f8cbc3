/**
 * The packet around a mesh message: AES-256-GCM under a key made from site key, sender and boot, a
 * counter as nonce, two site keys accepted while one replaces the other. Invariants: nothing is
 * parsed before its tag is right; a packet is taken once; at most 1,200 bytes. It proves only that
 * the sender has the site key: what matters is signed inside.
 */
import { createCipheriv, createDecipheriv, createHash, hkdfSync } from 'node:crypto';
import { datagramBytesMax } from '../mesh/limits.ts';

/** Sealing as a port, so that a simulation may take a cheap keyed hash. Keys are opaque to callers. */
export type PacketCrypto = {
  /** Three public bytes that tell site keys apart. */
  keyId: (siteKey: Uint8Array) => Uint8Array;
  deriveKey: (siteKey: Uint8Array, sender: Uint8Array, boot: Uint8Array) => Uint8Array;
  seal: (key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, plain: Uint8Array) => Uint8Array;
  /** Null when the tag is wrong. */
  open: (
    key: Uint8Array,
    nonce: Uint8Array,
    aad: Uint8Array,
    sealed: Uint8Array,
  ) => Uint8Array | null;
};

const tagBytes = 16;

export const aesPacketCrypto: PacketCrypto = {
  keyId: (siteKey) =>
    createHash('sha256').update('signalbeam mesh key id').update(siteKey).digest().subarray(0, 3),
  deriveKey: (siteKey, sender, boot) =>
    Buffer.from(
      hkdfSync(
        'sha256',
        siteKey,
        boot,
        Buffer.concat([Buffer.from('signalbeam mesh 1'), sender]),
        32,
      ),
    ),
  seal: (key, nonce, aad, plain) => {
    const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: tagBytes });
    cipher.setAAD(aad);
    return Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
  },
  open: (key, nonce, aad, sealed) => {
    const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: tagBytes });
    decipher.setAAD(aad);
    decipher.setAuthTag(sealed.subarray(sealed.byteLength - tagBytes));
    try {
      const plain = decipher.update(sealed.subarray(0, sealed.byteLength - tagBytes));
      decipher.final();
      return plain;
    } catch {
      return null;
    }
  },
};

/** `0x11` names its sender by four bytes, which a roster resolves; `0x12` by all sixteen. */
const heads = { short: 0x11, long: 0x12 } as const;
const shortBytes = 1 + 3 + 4 + 8 + 4;
const longBytes = shortBytes + 12;

const uuidBytes = (id: string): Buffer => Buffer.from(id.replaceAll('-', ''), 'hex');
const uuidText = (bytes: Uint8Array): string => {
  const hex = Buffer.from(bytes).toString('hex');
  return [8, 12, 16, 20, 32]
    .map((end, index, ends) => hex.slice(ends[index - 1] ?? 0, end))
    .join('-');
};
const nonceOf = (counter: number): Buffer => {
  const nonce = Buffer.alloc(12);
  nonce.writeUInt32BE(counter, 8);
  return nonce;
};

/** A sender of one boot. It must not outlive the boot: its counter is its nonce. */
export const createSealer = (
  crypto: PacketCrypto,
  self: { device: string; bootId: string },
  firstKey: Uint8Array,
) => {
  const sender = uuidBytes(self.device);
  const boot = Buffer.from(self.bootId, 'hex');
  let keyId = crypto.keyId(firstKey);
  let key = crypto.deriveKey(firstKey, sender, boot);
  let counter = 0;
  return {
    /** From now on this site key; the counter goes on. */
    rotate: (siteKey: Uint8Array): void => {
      keyId = crypto.keyId(siteKey);
      key = crypto.deriveKey(siteKey, sender, boot);
    },
    seal: (message: Uint8Array, introduce: boolean): Uint8Array => {
      counter += 1;
      // 2^32 packets are 13 years at ten a second; a nonce must never come twice.
      if (counter > 0xffff_ffff) throw new RangeError('this boot has sent all its packets');
      const head = Buffer.alloc(introduce ? longBytes : shortBytes);
      head.writeUInt8(introduce ? heads.long : heads.short, 0);
      head.set(keyId, 1);
      head.set(introduce ? sender : sender.subarray(0, 4), 4);
      head.set(boot, head.byteLength - 12);
      head.writeUInt32BE(counter, head.byteLength - 4);
      const packet = Buffer.concat([head, crypto.seal(key, nonceOf(counter), head, message)]);
      if (packet.byteLength > datagramBytesMax) throw new RangeError('larger than a datagram');
      return packet;
    },
  };
};

export type PacketRefusal =
  | 'too-long'
  | 'malformed'
  | 'unknown-key'
  | 'unknown-sender'
  | 'bad-tag'
  | 'replayed';

export type OpenedPacket =
  | { kind: 'opened'; from: string; bootId: string; message: Uint8Array }
  | { kind: 'refused'; code: PacketRefusal };

/** Boots remembered: 200 members, with a few restarts each; the longest silent is forgotten first. */
const bootsMax = 1_024;
/** Reordering beyond 64 packets does not happen on a LAN. */
const windowBits = 64n;
type Boot = { from: string; bootId: string; key: Uint8Array; highest: number; seen: bigint };

/** True once per counter; older than the window counts as seen. */
const takeOnce = (boot: Boot, counter: number): boolean => {
  if (counter > boot.highest) {
    const ahead = BigInt(counter - boot.highest);
    boot.seen = ahead >= windowBits ? 1n : ((boot.seen << ahead) | 1n) & ((1n << windowBits) - 1n);
    boot.highest = counter;
    return true;
  }
  const bit = 1n << BigInt(Math.min(boot.highest - counter, 64));
  if (bit >= 1n << windowBits || (boot.seen & bit) !== 0n) return false;
  boot.seen |= bit;
  return true;
};

/** A receiver: site keys, whom short names mean, and what was received already. */
export const createOpener = (crypto: PacketCrypto) => {
  let keys: { id: Buffer; siteKey: Uint8Array }[] = [];
  let shortNames = new Map<string, Buffer[]>();
  const boots = new Map<string, Boot>();

  const open = (packet: Uint8Array): OpenedPacket => {
    const refuse = (code: PacketRefusal): OpenedPacket => ({ kind: 'refused', code });
    if (packet.byteLength > datagramBytesMax) return refuse('too-long');
    const bytes = Buffer.from(packet.buffer, packet.byteOffset, packet.byteLength);
    const long = bytes[0] === heads.long;
    if (!long && bytes[0] !== heads.short) return refuse('malformed');
    const headBytes = long ? longBytes : shortBytes;
    if (bytes.byteLength < headBytes + tagBytes) return refuse('malformed');
    const head = bytes.subarray(0, headBytes);
    const named = keys.filter(({ id }) => id.equals(bytes.subarray(1, 4)));
    if (named.length === 0) return refuse('unknown-key');
    const senders = long
      ? [bytes.subarray(4, 20)]
      : (shortNames.get(bytes.toString('hex', 4, 8)) ?? []);
    if (senders.length === 0) return refuse('unknown-sender');
    const boot = bytes.subarray(headBytes - 12, headBytes - 4);
    const counter = bytes.readUInt32BE(headBytes - 4);
    for (const { id, siteKey } of named) {
      for (const sender of senders) {
        const name = Buffer.concat([id, sender, boot]).toString('latin1');
        const known = boots.get(name);
        const key = known?.key ?? crypto.deriveKey(siteKey, sender, boot);
        const message = crypto.open(key, nonceOf(counter), head, bytes.subarray(headBytes));
        if (message === null) continue;
        // Remembered only now: packets that fail take no memory.
        const state = known ?? {
          ...{ from: uuidText(sender), bootId: boot.toString('hex') },
          ...{ key, highest: 0, seen: 0n },
        };
        boots.delete(name);
        boots.set(name, state);
        if (boots.size > bootsMax) boots.delete(boots.keys().next().value ?? '');
        if (!takeOnce(state, counter)) return refuse('replayed');
        return { kind: 'opened', from: state.from, bootId: state.bootId, message };
      }
    }
    return refuse('bad-tag');
  };

  return {
    open,
    /** The site key in force and, while it is being replaced, the other one. */
    acceptKeys: (siteKeys: readonly Uint8Array[]): void => {
      keys = siteKeys.slice(0, 2).map((siteKey) => ({
        id: Buffer.from(crypto.keyId(siteKey)),
        siteKey,
      }));
      for (const name of [...boots.keys()]) {
        const id = Buffer.from(name.slice(0, 3), 'latin1');
        if (!keys.some((key) => key.id.equals(id))) boots.delete(name);
      }
    },
    acceptMembers: (devices: readonly string[]): void => {
      shortNames = new Map();
      for (const device of devices) {
        const bytes = uuidBytes(device);
        const name = bytes.toString('hex', 0, 4);
        shortNames.set(name, [...(shortNames.get(name) ?? []), bytes]);
      }
    },
    /** Boots remembered now: for tests and metrics. */
    remembered: (): number => boots.size,
  };
};
