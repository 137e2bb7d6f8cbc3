/**
 * Ed25519 as Node has it, each question asked once: the devices of a site verify the same few records,
 * at every start and every comparison, and nine of ten verifications had been answered before. Never
 * another answer than the real one's: signature, key and every byte must be the same. Not for
 * processes that do anything but simulate: `node:crypto` itself is changed.
 */
import crypto, { KeyObject } from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';

type Asked = { key: KeyObject; bytes: Buffer; right: boolean };

/** A seed has some twenty; more of them are of seeds that are over. */
const rememberedMax = 500;

export const rememberSignatures = (): void => {
  const verify = crypto.verify as (...question: unknown[]) => boolean;
  const answers = new Map<string, Asked>();
  const remembering = (...question: unknown[]): boolean => {
    const [algorithm, bytes, key, signature] = question;
    const plain = bytes instanceof Uint8Array && signature instanceof Uint8Array;
    if (algorithm !== null || !plain || !(key instanceof KeyObject)) return verify(...question);
    const name = Buffer.from(signature.buffer, signature.byteOffset, signature.byteLength);
    const text = name.toString('latin1');
    const known = answers.get(text);
    if (known?.key === key && known.bytes.equals(bytes)) return known.right;
    const right = verify(...question);
    if (answers.size >= rememberedMax) answers.clear();
    answers.set(text, { key, bytes: Buffer.from(bytes), right });
    return right;
  };
  Object.assign(crypto, { verify: remembering });
  syncBuiltinESMExports();
};
