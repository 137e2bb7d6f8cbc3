/**
 * A root key as a file: readable by its owner only, encrypted with a passphrase if one is given
 * (scrypt, AES-256-GCM), never written over another. Whoever holds enough of these files decides
 * whom all devices of the tenant believe.
 */
import { createCipheriv, createDecipheriv, randomBytes, scryptSync } from 'node:crypto';
import { closeSync, fsyncSync, openSync, readFileSync, statSync, writeSync } from 'node:fs';
import { FleetError } from '@signalbeam/sync/core/errors';
import { createSeed, type Signer, signerFromSeed } from '@signalbeam/sync/wire/keys';
import { base64, parseJson } from '@signalbeam/sync/wire/shape';
import { z } from 'zod';

/** 128 MB and about half a second for each guess. */
const cost = { N: 2 ** 17, r: 8, p: 1, maxmem: 256 * 1024 * 1024 };

const fileSchema = z.strictObject({
  kind: z.literal('signalbeam root key'),
  version: z.literal(1),
  keyId: z.string().regex(/^[0-9a-f]{32}$/),
  publicKey: base64.length(44),
  secret: z.union([
    z.strictObject({ seed: base64.length(44) }),
    z.strictObject({ salt: base64, nonce: base64, sealed: base64 }),
  ]),
});
type RootKeyFile = z.infer<typeof fileSchema>;

const seal = (seed: Uint8Array, passphrase: string, purpose: string) => {
  const [salt, nonce] = [randomBytes(16), randomBytes(12)];
  const cipher = createCipheriv('aes-256-gcm', scryptSync(passphrase, salt, 32, cost), nonce);
  cipher.setAAD(Buffer.from(purpose));
  const sealed = Buffer.concat([cipher.update(seed), cipher.final(), cipher.getAuthTag()]);
  const text = (bytes: Buffer) => bytes.toString('base64');
  return { salt: text(salt), nonce: text(nonce), sealed: text(sealed) };
};

const open = (
  secret: { salt: string; nonce: string; sealed: string },
  passphrase: string,
  purpose: string,
): Uint8Array => {
  const [salt, nonce, sealed] = [secret.salt, secret.nonce, secret.sealed].map((text) =>
    Buffer.from(text, 'base64'),
  ) as [Buffer, Buffer, Buffer];
  const key = scryptSync(passphrase, salt, 32, cost);
  const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: 16 });
  decipher.setAAD(Buffer.from(purpose));
  decipher.setAuthTag(sealed.subarray(-16));
  return Buffer.concat([decipher.update(sealed.subarray(0, -16)), decipher.final()]);
};

/** Makes a key and its file; refuses to write over one. */
export const createRootKey = (path: string, passphrase: string | null): Signer => {
  const seed = createSeed();
  const signer = signerFromSeed(seed);
  const content: RootKeyFile = {
    kind: 'signalbeam root key',
    version: 1,
    keyId: signer.keyId,
    publicKey: signer.publicKey,
    secret:
      passphrase === null
        ? { seed: Buffer.from(seed).toString('base64') }
        : seal(seed, passphrase, signer.keyId),
  };
  try {
    const file = openSync(path, 'wx', 0o600);
    writeSync(file, `${JSON.stringify(content, null, 2)}\n`);
    fsyncSync(file);
    closeSync(file);
  } catch (cause) {
    throw new FleetError('root-key-unwritable', `The root key ${path} can't be written.`, {
      cause,
      next: 'Choose a folder that is yours and has no root keys in it.',
    });
  }
  return signer;
};

export const readRootKey = (path: string, passphrase: string | null): Signer => {
  const file = readFile(path);
  const { secret, keyId } = file;
  if ('seed' in secret) return checked(path, Buffer.from(secret.seed, 'base64'), keyId);
  if (passphrase === null) {
    throw new FleetError('root-key-locked', `The root key ${path} has a passphrase.`, {
      next: 'Give the file that holds it with --passphrase-file.',
    });
  }
  try {
    return checked(path, open(secret, passphrase, keyId), keyId);
  } catch (cause) {
    if (cause instanceof FleetError) throw cause;
    throw new FleetError('root-key-locked', `The passphrase does not open ${path}.`, {
      next: 'Check which passphrase this key was made with.',
    });
  }
};

const readFile = (path: string): RootKeyFile => {
  let text: string;
  try {
    // A key that others can read is no secret; better to hear it now.
    if ((statSync(path).mode & 0o077) !== 0) {
      throw new FleetError('root-key-open', `Others may read the root key ${path}.`, {
        next: `If nobody did: chmod 600 ${path}. If you are not sure, make new root keys.`,
      });
    }
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    if (cause instanceof FleetError) throw cause;
    throw new FleetError('root-key-unreadable', `The root key ${path} can't be read.`, { cause });
  }
  const parsed = parseJson(text, fileSchema, 4_096);
  if (parsed.kind === 'parsed') return parsed.value;
  throw new FleetError('root-key-unreadable', `${path} is no root key: ${parsed.reason}.`);
};

const checked = (path: string, seed: Uint8Array, keyId: string): Signer => {
  const signer = signerFromSeed(seed);
  if (signer.keyId === keyId) return signer;
  throw new FleetError('root-key-unreadable', `${path} names another key than it holds.`);
};
