/**
 * Sealing the site key to each member: X25519 with a key made for the one record, HKDF, AES-256-GCM.
 * What a box is for is bound into it, so none opens for another member, site or record.
 */
import {
  createCipheriv,
  createDecipheriv,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  hkdfSync,
  type KeyObject,
} from 'node:crypto';
import type { Roster, RosterMember } from '../core/roster.ts';
import type { SiteKeyRecord } from './record-schemas.ts';

export const siteKeyBytes = 32;
const tagBytes = 16;
/** Each box has a key of its own, used once, so its nonce may be constant. */
const nonce = Buffer.alloc(12);

const publicFrom = (rawBase64: string): KeyObject =>
  createPublicKey({
    key: { kty: 'OKP', crv: 'X25519', x: Buffer.from(rawBase64, 'base64').toString('base64url') },
    format: 'jwk',
  });
const privateFrom = (pair: { publicKey: string; privateKey: string }): KeyObject => {
  const url = (raw: string) => Buffer.from(raw, 'base64').toString('base64url');
  return createPrivateKey({
    key: { kty: 'OKP', crv: 'X25519', x: url(pair.publicKey), d: url(pair.privateKey) },
    format: 'jwk',
  });
};

type About = Pick<SiteKeyRecord, 'tenantId' | 'site' | 'version' | 'generation' | 'ephemeralKey'>;

const purposeOf = (about: About, member: Pick<RosterMember, 'deviceId' | 'sealingKey'>): Buffer =>
  Buffer.from(
    [
      'signalbeam site key',
      about.tenantId,
      about.site,
      about.version,
      about.generation,
      about.ephemeralKey,
      member.deviceId,
      member.sealingKey,
    ].join('|'),
  );

const boxKey = (shared: Buffer, purpose: Buffer): Buffer =>
  Buffer.from(hkdfSync('sha256', shared, Buffer.alloc(0), purpose, 32));

/** Null for a sealing key that is no point to agree on: its owner gets no box, the others do. */
const sharedWith = (privateKey: KeyObject, sealingKey: string): Buffer | null => {
  try {
    return diffieHellman({ privateKey, publicKey: publicFrom(sealingKey) });
  } catch {
    return null;
  }
};

/** The record that gives `siteKey` to the members of `roster`. */
export const sealSiteKey = (
  siteKey: Uint8Array,
  roster: Pick<Roster, 'tenantId' | 'site' | 'version' | 'issuedAt' | 'members'>,
  generation: number,
): SiteKeyRecord => {
  const { tenantId, site, version, issuedAt } = roster;
  const pair = generateKeyPairSync('x25519');
  const x = String(pair.publicKey.export({ format: 'jwk' }).x);
  const ephemeralKey = Buffer.from(x, 'base64url').toString('base64');
  const about = { tenantId, site, version, generation, ephemeralKey };
  const boxes = roster.members.flatMap((member) => {
    const shared = sharedWith(pair.privateKey, member.sealingKey);
    if (shared === null) return [];
    const purpose = purposeOf(about, member);
    const cipher = createCipheriv('aes-256-gcm', boxKey(shared, purpose), nonce);
    cipher.setAAD(purpose);
    const sealed = Buffer.concat([cipher.update(siteKey), cipher.final(), cipher.getAuthTag()]);
    return [{ deviceId: member.deviceId, box: sealed.toString('base64') }];
  });
  return { ...about, issuedAt, boxes };
};

/** The site key for the holder of `sealing`, or null when the record has none that it can open. */
export const openSiteKey = (
  record: SiteKeyRecord,
  member: { deviceId: string; sealing: { publicKey: string; privateKey: string } },
): Uint8Array | null => {
  const found = record.boxes.find(({ deviceId }) => deviceId === member.deviceId);
  if (found === undefined) return null;
  const { deviceId, sealing } = member;
  const purpose = purposeOf(record, { deviceId, sealingKey: sealing.publicKey });
  const sealed = Buffer.from(found.box, 'base64');
  if (sealed.byteLength !== siteKeyBytes + tagBytes) return null;
  try {
    const shared = diffieHellman({
      privateKey: privateFrom(sealing),
      publicKey: publicFrom(record.ephemeralKey),
    });
    const decipher = createDecipheriv('aes-256-gcm', boxKey(shared, purpose), nonce, {
      authTagLength: tagBytes,
    });
    decipher.setAAD(purpose);
    decipher.setAuthTag(sealed.subarray(siteKeyBytes));
    return Buffer.concat([decipher.update(sealed.subarray(0, siteKeyBytes)), decipher.final()]);
  } catch {
    return null;
  }
};
