/**
 * Sealing the site key to each member: X25519 with a key made for the one record, HKDF, AES-256-GCM.
 * What a box is for is bound into it, so none opens for another member, site or record.
 */
import type { Roster, RosterMember } from '../core/roster.ts';
import { ephemeralPair, openBox, sealBox, tagBytes } from './box.ts';
import type { SiteKeyRecord } from './record-schemas.ts';

export const siteKeyBytes = 32;
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

/** The record that gives `siteKey` to the members of `roster`. */
export const sealSiteKey = (
  siteKey: Uint8Array,
  roster: Pick<Roster, 'tenantId' | 'site' | 'version' | 'issuedAt' | 'members'>,
  generation: number,
): SiteKeyRecord => {
  const { tenantId, site, version, issuedAt } = roster;
  const { privateKey, ephemeralKey } = ephemeralPair();
  const about = { tenantId, site, version, generation, ephemeralKey };
  const boxes = roster.members.flatMap((member) => {
    const sealed = sealBox(siteKey, purposeOf(about, member), privateKey, member.sealingKey);
    return sealed === null ? [] : [{ deviceId: member.deviceId, box: sealed.toString('base64') }];
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
  return openBox(sealed, purpose, sealing, record.ephemeralKey);
};
