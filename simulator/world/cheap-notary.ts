/** The notary of most seeds: seals that nobody else can make instead of Ed25519, objects instead of bytes. */
import type { Desired, Release } from '@signalbeam/sync/core/manifest';
import type { Opened, TrustedKey } from '@signalbeam/sync/wire/dsse';
import type { Frame } from '@signalbeam/sync/wire/frame';
import type { Signer } from '@signalbeam/sync/wire/keys';
import type { Random } from '../kernel/random.ts';
import type { Notary } from './notary.ts';
import { nameOf, Parcel, parcelOf } from './parcel.ts';

/** Header and lines as they would be written. */
const frameLength = ({ lines }: Frame): number => {
  let length = 160;
  for (const line of lines) length += line.length;
  return length;
};

/** Positions are all alike; the rest is rare enough to be written out. */
const lengthOf = (value: unknown): number => {
  const { lanes } = value as { lanes?: readonly unknown[] };
  return Array.isArray(lanes) ? 150 + 130 * lanes.length : JSON.stringify(value).length;
};

const cheapKey = (keyId: string): Signer => ({
  keyId,
  publicKey: keyId,
  sign: () => new Uint8Array(64),
});

/** `realKey`: real keys under which cheap seals go, where key sets must hold real ones. */
export const createCheapNotary = (
  random: Random,
  realKey: ((name: string) => Signer) | null = null,
): Notary => {
  const signers = new Map<string, Signer>();
  const known = new Set<string>();
  const word = (): string =>
    random
      .int(2 ** 32)
      .toString(16)
      .padStart(8, '0');
  const signer = (name: string): Signer => {
    const made = signers.get(name);
    if (made !== undefined) return made;
    const fresh = realKey?.(name) ?? cheapKey(`${word()}${word()}`.repeat(2));
    known.add(fresh.keyId);
    signers.set(name, fresh);
    return fresh;
  };
  const seal = (type: string, value: unknown, { keyId }: Signer): Parcel => {
    if (!known.has(keyId)) throw new Error('a signer of another notary');
    return parcelOf(type, value, keyId, lengthOf(value));
  };
  const open = <T>(bytes: Uint8Array, type: string, trusted: readonly TrustedKey[]): Opened<T> => {
    if (!(bytes instanceof Parcel)) {
      return { kind: 'refused', code: 'malformed-envelope', reason: 'not a parcel' };
    }
    if (bytes.type !== type) return { kind: 'refused', code: 'wrong-type', reason: bytes.type };
    if (!trusted.some(({ keyId }) => keyId === bytes.keyId))
      return { kind: 'refused', code: 'unknown-signer', reason: 'nobody trusted' };
    if (bytes.content !== bytes.sealed)
      return { kind: 'refused', code: 'bad-signature', reason: 'it was changed' };
    return { kind: 'opened', value: bytes.content as T, keyIds: [bytes.keyId] };
  };

  return {
    kind: 'cheap',
    signer,
    codec: (nonce) => ({
      nonce,
      sealHello: (hello, by) => seal('hello', hello, by),
      packFrame: (frame, by) => parcelOf('frame', frame, by.keyId, frameLength(frame)),
      openWelcome: (bytes, keyset) => open(bytes, 'welcome', keyset.roles.ingest),
      openAcknowledgement: (bytes, keyset) => open(bytes, 'acknowledgement', keyset.roles.ingest),
    }),
    records: {
      openDesired: (bytes, keyset) => open<Desired>(bytes, 'desired', keyset.roles.director),
      openRelease: (bytes, keyset) => open<Release>(bytes, 'release', keyset.roles.release),
      releaseDigestOf: (bytes) => {
        const text = bytes instanceof Parcel ? JSON.stringify(bytes.content) + bytes.keyId : '';
        return `sha256:${nameOf(text).repeat(8)}`;
      },
    },
    openHello: (bytes, key) => open(bytes, 'hello', [key]),
    unpackFrame: (bytes, key) => {
      const opened = open<Frame>(bytes, 'frame', [key]);
      return opened.kind === 'opened'
        ? { kind: 'unpacked', frame: opened.value }
        : { kind: 'refused', code: 'frame-bad-signature', reason: opened.reason };
    },
    sealWelcome: (value, by) => seal('welcome', value, by),
    sealAcknowledgement: (value, by) => seal('acknowledgement', value, by),
    sealDesired: (value, by) => seal('desired', value, by),
    sealRelease: (value, by) => seal('release', value, by),
    tamper: (bytes) => tampered(bytes),
  };
};

/** One field or line is another one; the seal stays what it was. */
const tampered = (bytes: Uint8Array): Uint8Array => {
  if (!(bytes instanceof Parcel)) return bytes;
  const { type, keyId, sealed, sizeBytes } = bytes;
  return new Parcel({ type, keyId, sealed, sizeBytes, content: alter(bytes.content) });
};

const alter = (content: unknown): unknown => {
  const copy = structuredClone(content) as Record<string, unknown>;
  if (Array.isArray(copy['lanes'])) {
    for (const lane of copy['lanes'] as { upTo?: number }[]) lane.upTo = (lane.upTo ?? 0) + 3;
  } else if (Array.isArray(copy['lines'])) {
    copy['lines'] = (copy['lines'] as string[]).map((line) => line.replace('"at":', '"at":1'));
  } else if (typeof copy['generation'] === 'number') {
    copy['generation'] += 1_000;
  }
  return copy;
};
