/**
 * Who may sign what devices and people sign: a device by its key in the roster, a halt by the
 * director or by the holder of a grant that is in force. Revoked devices sign nothing that counts.
 */
import { timeFloorMs } from '../core/time-floor.ts';
import type { GrantInForce, PublicKey, Trust, TrustFault } from '../core/trust.ts';
import { keyIdOf } from './keys.ts';
import { rawPublicKey } from './nkey.ts';

export type Authors =
  | { kind: 'authors'; keys: readonly PublicKey[] }
  | { kind: 'refused'; code: TrustFault; reason: string };

/** A device's nkey as the key that envelopes name. */
export const publicKeyOf = (nkey: string): PublicKey | null => {
  const raw = rawPublicKey(nkey);
  if (raw === null) return null;
  return { keyId: keyIdOf(raw), publicKey: Buffer.from(raw).toString('base64') };
};

export const keyOfDevice = (trust: Trust, deviceId: string): Authors => {
  const nkey = trust.members.get(deviceId);
  const key = nkey === undefined ? null : publicKeyOf(nkey);
  if (nkey === undefined || key === null) {
    const reason = `${deviceId} is not in the site's roster`;
    return { kind: 'refused', code: 'not-a-member', reason };
  }
  if (trust.revoked.has(nkey)) {
    return { kind: 'refused', code: 'revoked-device', reason: `${deviceId} is revoked` };
  }
  return { kind: 'authors', keys: [key] };
};

/** Every member that is not revoked. */
export const memberKeys = (trust: Trust): PublicKey[] =>
  [...trust.members.values()].flatMap((nkey) => {
    const key = trust.revoked.has(nkey) ? null : publicKeyOf(nkey);
    return key === null ? [] : [key];
  });

const letsHalt = (trust: Trust, grant: GrantInForce): boolean =>
  !grant.revoked && grant.may.includes('halt') && timeFloorMs(trust.time) <= grant.expiresAtMs;

/** Every key that might have signed a halt. */
export const halters = (trust: Trust): PublicKey[] => [
  ...(trust.keyset?.roles.director ?? []),
  ...[...trust.grants.values()].filter((grant) => letsHalt(trust, grant)).map(({ key }) => key),
];

/** Whether this halt, whose signature by its author held, is the author's to say. */
export const mayHalt = (
  trust: Trust,
  halt: { author: string; grantId: string | null; site: string | null },
): boolean => {
  const directors = trust.keyset?.roles.director ?? [];
  if (halt.grantId === null) return directors.some(({ keyId }) => keyId === halt.author);
  const grant = trust.grants.get(halt.grantId);
  return (
    grant !== undefined &&
    grant.key.keyId === halt.author &&
    grant.site === halt.site &&
    letsHalt(trust, grant)
  );
};
