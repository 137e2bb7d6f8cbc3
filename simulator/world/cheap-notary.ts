/** The notary of most seeds: a keyed hash instead of Ed25519, objects instead of bytes. */
import type { Desired, Release } from '@signalbeam/sync/core/manifest';
import type { Opened, TrustedKey } from '@signalbeam/sync/wire/dsse';
import type { Frame } from '@signalbeam/sync/wire/frame';
import type { Signer } from '@signalbeam/sync/wire/keys';
import type { Random } from '../kernel/random.ts';
import type { Notary } from './notary.ts';
import { keyedHash, Parcel, parcelOf } from './parcel.ts';

type Key = { keyId: string; secret: number };

const frameText = ({ header, lines }: Frame): string =>
  `${header.device}${header.lane}${header.epoch}${header.firstSeq}-${header.lastSeq}${header.before}${lines.join('')}`;

const hex = (value: number): string => (value >>> 0).toString(16).padStart(8, '0');

export const createCheapNotary = (random: Random): Notary => {
  const keys = new Map<string, Key>();
  const signers = new Map<string, Signer>();
  const signer = (name: string): Signer => {
    const known = signers.get(name);
    if (known !== undefined) return known;
    const secret = random.int(2 ** 32) | 0;
    const keyId = `${hex(secret ^ 0x5bd1e995)}${hex(random.int(2 ** 32))}`.repeat(2);
    keys.set(keyId, { keyId, secret });
    const made: Signer = { keyId, publicKey: keyId, sign: () => new Uint8Array(64) };
    signers.set(name, made);
    return made;
  };
  const keyOf = ({ keyId }: Signer): Key => {
    const key = keys.get(keyId);
    if (key === undefined) throw new Error('a signer of another notary');
    return key;
  };
  const seal = (type: string, value: unknown, by: Signer): Parcel =>
    parcelOf(type, value, keyOf(by), JSON.stringify(value));
  const verify = (
    bytes: Uint8Array,
    type: string,
    trusted: readonly TrustedKey[],
    textOf: (content: never) => string,
  ): Opened<unknown> => {
    if (!(bytes instanceof Parcel)) {
      return { kind: 'refused', code: 'malformed-envelope', reason: 'not a parcel' };
    }
    if (bytes.type !== type) return { kind: 'refused', code: 'wrong-type', reason: bytes.type };
    const key = trusted.find(({ keyId }) => keyId === bytes.keyId) && keys.get(bytes.keyId);
    if (!key) return { kind: 'refused', code: 'unknown-signer', reason: 'nobody trusted' };
    if (keyedHash(key.secret, textOf(bytes.content as never)) !== bytes.tag) {
      return { kind: 'refused', code: 'bad-signature', reason: 'it was changed' };
    }
    return { kind: 'opened', value: bytes.content, keyIds: [key.keyId] };
  };
  const open = <T>(bytes: Uint8Array, type: string, trusted: readonly TrustedKey[]): Opened<T> =>
    verify(bytes, type, trusted, JSON.stringify) as Opened<T>;

  return {
    kind: 'cheap',
    signer,
    codec: (nonce) => ({
      nonce,
      sealHello: (hello, by) => seal('hello', hello, by),
      packFrame: (frame, by) => parcelOf('frame', frame, keyOf(by), frameText(frame)),
      openWelcome: (bytes, keyset) => open(bytes, 'welcome', keyset.roles.ingest),
      openAcknowledgement: (bytes, keyset) => open(bytes, 'acknowledgement', keyset.roles.ingest),
    }),
    records: {
      openDesired: (bytes, keyset) => open<Desired>(bytes, 'desired', keyset.roles.director),
      openRelease: (bytes, keyset) => open<Release>(bytes, 'release', keyset.roles.release),
      releaseDigestOf: (bytes) => {
        const text = bytes instanceof Parcel ? JSON.stringify(bytes.content) + bytes.tag : '';
        return `sha256:${hex(keyedHash(1, text)).repeat(8)}`;
      },
    },
    openHello: (bytes, key) => open(bytes, 'hello', [key]),
    unpackFrame: (bytes, key) => {
      const opened = verify(bytes, 'frame', [key], frameText);
      return opened.kind === 'opened'
        ? { kind: 'unpacked', frame: opened.value as Frame }
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
  const changed = new Parcel(0);
  Object.assign(changed, {
    type: bytes.type,
    keyId: bytes.keyId,
    tag: bytes.tag,
    sizeBytes: bytes.sizeBytes,
    content: alter(bytes.content),
  });
  return changed;
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
