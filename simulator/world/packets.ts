/**
 * Cheap sealing of the mesh's datagrams and claims, for all but one seed in a hundred: keyed hashes
 * in place of AES-256-GCM and Ed25519. As those, they refuse what was changed on the way, or made by
 * somebody without the key. What is sealed, with which key and counter, is the product's own.
 */
import type { ClaimSeal } from '@signalbeam/sync/mesh/message';
import { claimSeal } from '@signalbeam/sync/wire/mesh-message';
import type { PacketCrypto } from '@signalbeam/sync/wire/mesh-packet';

const hashBytes = (start: number, ...parts: readonly Uint8Array[]): number => {
  let hash = 2_166_136_261 ^ start;
  for (const part of parts) {
    for (let index = 0; index < part.byteLength; index += 1) {
      hash = Math.imul(hash ^ (part[index] ?? 0), 16_777_619);
    }
  }
  return Math.imul(hash ^ (hash >>> 15), 0x85ebca6b) >>> 0;
};

const tagBytes = 16;
const noTag = new Uint8Array(tagBytes);
const tagOf = (hash: number): Buffer => {
  const tag = Buffer.alloc(tagBytes);
  tag.writeUInt32BE(hash, 0);
  return tag;
};

export const cheapPackets: PacketCrypto = {
  keyId: (siteKey) => siteKey.subarray(0, 3),
  deriveKey: (siteKey, sender, boot) => tagOf(hashBytes(7, siteKey, sender, boot)),
  seal: (key, nonce, aad, plain) => {
    const sealed = Buffer.allocUnsafe(plain.byteLength + tagBytes);
    sealed.set(plain);
    sealed.set(noTag, plain.byteLength);
    sealed.writeUInt32BE(hashBytes(1, key, nonce, aad, plain), plain.byteLength);
    return sealed;
  },
  open: (key, nonce, aad, sealed) => {
    const plain = sealed.subarray(0, sealed.byteLength - tagBytes);
    const tag = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength);
    const right = tag.readUInt32BE(plain.byteLength) === hashBytes(1, key, nonce, aad, plain);
    return right ? plain : null;
  },
};

const signature = (key: string, bytes: Uint8Array): Uint8Array => {
  const made = Buffer.alloc(64);
  made.writeUInt32BE(hashBytes(3, Buffer.from(key), bytes), 0);
  return made;
};

/** Signs for the holder of this nkey; whoever signs for another is found out. */
export const cheapClaims = (nkey: string): ClaimSeal =>
  claimSeal(
    (bytes) => signature(nkey, bytes),
    (publicKey, bytes, signed) => Buffer.from(signature(publicKey, bytes)).equals(signed),
  );
