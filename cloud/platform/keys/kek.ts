/**
 * The key-encryption key: seals private keys at rest with AES-256-GCM. What a ciphertext is for
 * is bound into it (`context`), so a row moved to another place does not open.
 */
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { FleetError } from '@signalbeam/sync/core/errors';

export type Kek = {
  seal: (plain: Uint8Array, context: string) => Buffer;
  /** Throws FleetError `kek-mismatch` when the key or the context is another one. */
  open: (sealed: Uint8Array, context: string) => Buffer;
  /** 32 bytes for one purpose, always the same: a key that is nowhere at rest. */
  derive: (purpose: string) => Buffer;
};

const format = 1;
const ivBytes = 12;
const tagBytes = 16;

export const kekFromBytes = (key: Uint8Array): Kek => {
  if (key.byteLength !== 32) {
    throw new FleetError('kek-invalid', 'The key-encryption key must have exactly 32 bytes.', {
      next: 'Make one with: head -c 32 /dev/urandom | base64',
    });
  }
  // A copy: the caller's buffer may be wiped or pooled.
  const secret = Buffer.from(key);
  return {
    derive: (purpose) => Buffer.from(hkdfSync('sha256', secret, '', purpose, 32)),
    seal: (plain, context) => {
      const iv = randomBytes(ivBytes);
      const cipher = createCipheriv('aes-256-gcm', secret, iv);
      cipher.setAAD(Buffer.from(context));
      const body = Buffer.concat([cipher.update(plain), cipher.final()]);
      return Buffer.concat([Buffer.of(format), iv, cipher.getAuthTag(), body]);
    },
    open: (sealed, context) => {
      const bytes = Buffer.from(sealed);
      try {
        if (bytes[0] !== format) throw new Error(`unknown format ${bytes[0]}`);
        const decipher = createDecipheriv('aes-256-gcm', secret, bytes.subarray(1, 1 + ivBytes), {
          authTagLength: tagBytes,
        });
        decipher.setAAD(Buffer.from(context));
        decipher.setAuthTag(bytes.subarray(1 + ivBytes, 1 + ivBytes + tagBytes));
        return Buffer.concat([
          decipher.update(bytes.subarray(1 + ivBytes + tagBytes)),
          decipher.final(),
        ]);
      } catch (cause) {
        throw new FleetError(
          'kek-mismatch',
          'A stored key does not open with this key-encryption key; nothing was changed.',
          { cause, next: 'Start with the SIGNALBEAM_KEK that this database was made with.' },
        );
      }
    },
  };
};

/** From the text of `SIGNALBEAM_KEK` or of the key file: 32 bytes in base64. */
export const kekFromText = (text: string): Kek => {
  const trimmed = text.trim();
  const bytes = /^[A-Za-z0-9+/_-]{43}=?$/.test(trimmed)
    ? Buffer.from(trimmed, 'base64')
    : Buffer.alloc(0);
  return kekFromBytes(bytes);
};

export const readKek = async (source: { file: string } | { text: string }): Promise<Kek> => {
  if ('text' in source) return kekFromText(source.text);
  const text = await readFile(source.file, 'utf8').catch((cause) => {
    throw new FleetError('kek-missing', `The key file ${source.file} can't be read.`, {
      cause,
      next: 'Point SIGNALBEAM_KEK_FILE at a file with 32 random bytes in base64.',
    });
  });
  return kekFromText(text);
};
