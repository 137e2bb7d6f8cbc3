/** A device's keys from a seed's own chance: the nkey that rosters know, and the pair for sealing. */
import { createSealingPair, type Signer } from '@signalbeam/sync/wire/keys';

export type SiteIdentity = {
  nkey: string;
  signer: Signer;
  sealing: { publicKey: string; privateKey: string };
};

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

const base32 = (bytes: Uint8Array): string => {
  let text = '';
  let bits = 0;
  let held = 0;
  for (const byte of bytes) {
    held = (held << 8) | byte;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += alphabet[(held >> bits) & 31] ?? '';
    }
    held &= (1 << bits) - 1;
  }
  return bits === 0 ? text : text + (alphabet[(held << (5 - bits)) & 31] ?? '');
};

/** CRC-16/XMODEM, the checksum of nkeys. */
const checksum = (bytes: Uint8Array): number => {
  let crc = 0;
  for (const byte of bytes) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit += 1) {
      crc = (crc & 0x8000) === 0 ? (crc << 1) & 0xffff : ((crc << 1) ^ 0x1021) & 0xffff;
    }
  }
  return crc;
};

const userPrefix = 20 << 3;

const nkeyOf = (publicKey: string): string => {
  const raw = Buffer.concat([Buffer.from([userPrefix]), Buffer.from(publicKey, 'base64')]);
  const crc = Buffer.alloc(2);
  crc.writeUInt16LE(checksum(raw), 0);
  return base32(Buffer.concat([raw, crc]));
};

export const identityOf = (signer: Signer): SiteIdentity => ({
  nkey: nkeyOf(signer.publicKey),
  signer,
  // Not from the seed: what is sealed with it has one length and is never compared.
  sealing: createSealingPair(),
});
