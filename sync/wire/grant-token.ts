/**
 * A technician's grant as text to carry: the director's signed record and the secret of the key that it
 * names. Whoever has the text is the holder. It is checked on the device, without any link; the
 * cloud keeps the record's facts, never the secret.
 */
import { Buffer } from 'node:buffer';
import { timingSafeEqual } from 'node:crypto';
import { signerFromSeed } from './keys.ts';
import type { Grant } from './record-schemas.ts';
import { openGrant, type RoleKeys } from './records.ts';

const prefix = 'sbg_';
const seedBytes = 32;
export const grantTokenLengthMax = 3_000;

export const encodeGrantToken = (seed: Uint8Array, envelope: Uint8Array): string =>
  `${prefix}${Buffer.concat([seed, envelope]).toString('base64url')}`;

export type OpenedGrant =
  | { kind: 'opened'; grant: Grant }
  /** Not a grant, or not one that this tenant's director signed for who shows it. */
  | { kind: 'refused'; reason: string };

/** Spaces and line breaks come with copying. Verifies; whether it is in force here is the caller's rule. */
export const openGrantToken = (text: string, keyset: RoleKeys): OpenedGrant => {
  const bare = text.replaceAll(/\s/g, '');
  if (bare.length > grantTokenLengthMax || !/^sbg_[\w-]+$/.test(bare))
    return { kind: 'refused', reason: 'That is no grant.' };
  const bytes = Buffer.from(bare.slice(prefix.length), 'base64url');
  if (bytes.byteLength <= seedBytes) return { kind: 'refused', reason: 'That is no grant.' };
  const opened = openGrant(bytes.subarray(seedBytes), keyset);
  if (opened.kind !== 'opened')
    return { kind: 'refused', reason: 'The cloud of this device did not sign that grant.' };
  const own = Buffer.from(signerFromSeed(bytes.subarray(0, seedBytes)).publicKey, 'base64');
  const holder = Buffer.from(opened.value.holder.key.publicKey, 'base64');
  return timingSafeEqual(own, holder)
    ? { kind: 'opened', grant: opened.value }
    : { kind: 'refused', reason: 'Its secret is not the holder’s.' };
};
