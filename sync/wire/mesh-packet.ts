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
  const nonce = Buffer.allocUnsafe(12);
  nonce.writeUInt32BE(0, 0);
  nonce.writeUInt32BE(0, 4);
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
      const head = Buffer.allocUnsafe(introduce ? longBytes : shortBytes);
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
const windowPackets = 64;
type Boot = {
  from: string;
  bootId: string;
  key: Uint8Array;
  highest: number;
  /** Of the counters with one remainder by the window's size, the newest that was seen. */
  seen: Uint32Array;
  /** The last of its packets, counted over all boots. */
  heardAt: number;
};

/** True once per counter, which begin at 1; older than the window counts as seen. */
const takeOnce = (boot: Boot, counter: number): boolean => {
  const place = counter % windowPackets;
  if (counter <= boot.highest - windowPackets || boot.seen[place] === counter) return false;
  boot.seen[place] = counter;
  boot.highest = Math.max(boot.highest, counter);
  return true;
};

const longestSilent = (boots: ReadonlyMap<string, Boot>): string => {
  let [silent, since] = ['', Number.POSITIVE_INFINITY];
  for (const [name, { heardAt }] of boots) if (heardAt < since) [silent, since] = [name, heardAt];
  return silent;
};

/** Bytes of a name, and the same as text: names of boots are put together for each packet. */
type Named = { bytes: Buffer; text: string };
const named = (bytes: Buffer): Named => ({ bytes, text: bytes.toString('latin1') });

/** A receiver: site keys, whom short names mean, and what was received already. */
export const createOpener = (crypto: PacketCrypto) => {
  let keys: { id: string; siteKey: Uint8Array }[] = [];
  let shortNames = new Map<string, Named[]>();
  let heard = 0;
  const boots = new Map<string, Boot>();

  const open = (packet: Uint8Array): OpenedPacket => {
    const refuse = (code: PacketRefusal): OpenedPacket => ({ kind: 'refused', code });
    if (packet.byteLength > datagramBytesMax) return refuse('too-long');
    const bytes = Buffer.from(packet.buffer, packet.byteOffset, packet.byteLength);
    const long = bytes[0] === heads.long;
    if (!long && bytes[0] !== heads.short) return refuse('malformed');
    const headBytes = long ? longBytes : shortBytes;
    if (bytes.byteLength < headBytes + tagBytes) return refuse('malformed');
    const keyId = bytes.toString('latin1', 1, 4);
    const candidates = keys.filter(({ id }) => id === keyId);
    if (candidates.length === 0) return refuse('unknown-key');
    const senders = long
      ? [named(bytes.subarray(4, 20))]
      : (shortNames.get(bytes.toString('latin1', 4, 8)) ?? []);
    if (senders.length === 0) return refuse('unknown-sender');
    const boot = named(bytes.subarray(headBytes - 12, headBytes - 4));
    const counter = bytes.readUInt32BE(headBytes - 4);
    const [head, body] = [bytes.subarray(0, headBytes), bytes.subarray(headBytes)];
    for (const { siteKey } of candidates) {
      for (const sender of senders) {
        const name = keyId + sender.text + boot.text;
        const known = boots.get(name);
        const key = known?.key ?? crypto.deriveKey(siteKey, sender.bytes, boot.bytes);
        const message = crypto.open(key, nonceOf(counter), head, body);
        if (message === null) continue;
        // Remembered only now: packets that fail take no memory.
        const state = known ?? {
          ...{ from: uuidText(sender.bytes), bootId: boot.bytes.toString('hex'), key },
          ...{ highest: 0, seen: new Uint32Array(windowPackets), heardAt: 0 },
        };
        heard += 1;
        state.heardAt = heard;
        if (known === undefined) boots.set(name, state);
        if (boots.size > bootsMax) boots.delete(longestSilent(boots));
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
        id: Buffer.from(crypto.keyId(siteKey)).toString('latin1'),
        siteKey,
      }));
      for (const name of [...boots.keys()]) {
        if (!keys.some(({ id }) => name.startsWith(id))) boots.delete(name);
      }
    },
    acceptMembers: (devices: readonly string[]): void => {
      shortNames = new Map();
      for (const device of devices) {
        const sender = named(uuidBytes(device));
        const name = sender.text.slice(0, 4);
        shortNames.set(name, [...(shortNames.get(name) ?? []), sender]);
      }
    },
    /** Boots remembered now: for tests and metrics. */
    remembered: (): number => boots.size,
  };
};
