/**
 * Signed tokens: a user's sign-in (issued here) and a device's proof of itself (issued by the
 * device, for at most five minutes). One algorithm, one type and one audience each; everything
 * else is refused before its claims are read.
 */

import { publicKeyFromRaw, type Signer } from '@signalbeam/sync/wire/keys';
import { rawPublicKey } from '@signalbeam/sync/wire/nkey';
import { decodeJwt, decodeProtectedHeader, errors, type JWTPayload, jwtVerify } from 'jose';
import { z } from 'zod';

export const issuer = 'signalbeam';
const userTokenType = 'sb-user+jwt';
export const deviceTokenType = 'sb-device+jwt';
export const userTokenSeconds = 15 * 60;
export const deviceTokenSecondsMax = 300;
/** Devices' clocks may be off; a proof is accepted this far to both sides. */
const deviceClockToleranceSeconds = 120;
const tokenBytesMax = 4096;

const userClaims = z.object({
  sub: z.uuid(),
  tenant: z.uuid(),
  email: z.string().max(320),
  role: z.enum(['viewer', 'operator', 'admin']),
  sid: z.uuid(),
});
export type UserClaims = {
  /** The sign-in this token belongs to: without it in force the token is worth nothing. */
  sessionId: string;
  userId: string;
  tenantId: string;
  email: string;
  role: 'viewer' | 'operator' | 'admin';
};

export type Verified<T> =
  | { kind: 'verified'; value: T }
  | { kind: 'refused'; code: 'invalid-token' | 'expired-token'; reason: string };

const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

const sign = (header: object, claims: object, signer: Signer): string => {
  const signed = `${encode(header)}.${encode(claims)}`;
  return `${signed}.${Buffer.from(signer.sign(Buffer.from(signed))).toString('base64url')}`;
};

/** A sign-in token for a quarter of an hour, which a refresh token renews. `nowMs` is the issuing time. */
export const issueUserToken = (
  signer: Signer,
  user: UserClaims,
  nowMs: number,
): { token: string; expiresAt: Date } => {
  const iat = Math.floor(nowMs / 1000);
  const exp = iat + userTokenSeconds;
  const { sessionId, userId, tenantId, email, role } = user;
  const claims = {
    iss: issuer,
    aud: issuer,
    sub: userId,
    sid: sessionId,
    tenant: tenantId,
    email,
    role,
    iat,
    exp,
  };
  const header = { alg: 'EdDSA', typ: userTokenType, kid: signer.keyId };
  return { token: sign(header, claims, signer), expiresAt: new Date(exp * 1000) };
};

/** What a device sends to prove itself over HTTP; the agent makes these, tests too. */
export const issueDeviceToken = (
  signer: Signer,
  deviceId: string,
  nowMs: number,
  tenant?: string,
): string => {
  const iat = Math.floor(nowMs / 1000);
  return sign(
    { alg: 'EdDSA', typ: deviceTokenType, kid: deviceId },
    { sub: deviceId, aud: issuer, iat, exp: iat + deviceTokenSecondsMax, tenant },
    signer,
  );
};

const refusedFor = (error: unknown): Verified<never> =>
  error instanceof errors.JWTExpired
    ? { kind: 'refused', code: 'expired-token', reason: 'The token has expired.' }
    : { kind: 'refused', code: 'invalid-token', reason: 'The token is not valid.' };

const malformed: Verified<never> = {
  kind: 'refused',
  code: 'invalid-token',
  reason: 'The token is not valid.',
};

export const verifyUserToken = async (
  token: string,
  publicKeys: readonly Pick<Signer, 'keyId' | 'publicKey'>[],
  nowMs: number,
): Promise<Verified<UserClaims>> => {
  if (token.length > tokenBytesMax) return malformed;
  try {
    const { kid } = decodeProtectedHeader(token);
    const key = publicKeys.find((candidate) => candidate.keyId === kid);
    if (key === undefined) return malformed;
    const { payload } = await jwtVerify(
      token,
      publicKeyFromRaw(Buffer.from(key.publicKey, 'base64')),
      {
        algorithms: ['EdDSA'],
        typ: userTokenType,
        issuer,
        audience: issuer,
        requiredClaims: ['exp', 'iat', 'sub'],
        maxTokenAge: userTokenSeconds,
        currentDate: new Date(nowMs),
      },
    );
    const claims = userClaims.parse(payload);
    const { sub: userId, sid: sessionId, tenant: tenantId, email, role } = claims;
    return { kind: 'verified', value: { sessionId, userId, tenantId, email, role } };
  } catch (error) {
    return refusedFor(error);
  }
};

/** The type in a token's header, unverified: only to choose which check it must pass. */
export const tokenTypeOf = (token: string): string | undefined => {
  try {
    return token.length > tokenBytesMax ? undefined : decodeProtectedHeader(token).typ;
  } catch {
    return undefined;
  }
};

/** The device a token says it is from, unverified: only to look its key up. */
export const claimedDeviceOf = (token: string): string | null => {
  try {
    return z.uuid().parse(decodeProtectedHeader(token).kid);
  } catch {
    return null;
  }
};

/** The tenant it says it belongs to, unverified: only to tell it that there is no such tenant any more. */
export const claimedTenantOf = (token: string): string | null => {
  try {
    return z.uuid().parse(decodeJwt(token)['tenant']);
  } catch {
    return null;
  }
};

const isShortLived = ({ iat, exp }: JWTPayload): boolean =>
  iat !== undefined && exp !== undefined && exp > iat && exp - iat <= deviceTokenSecondsMax;

export const verifyDeviceToken = async (
  token: string,
  device: { deviceId: string; publicKey: string },
  nowMs: number,
): Promise<Verified<{ deviceId: string }>> => {
  const raw = rawPublicKey(device.publicKey);
  if (raw === null || token.length > tokenBytesMax) return malformed;
  try {
    const { payload } = await jwtVerify(token, publicKeyFromRaw(raw), {
      algorithms: ['EdDSA'],
      typ: deviceTokenType,
      audience: issuer,
      subject: device.deviceId,
      requiredClaims: ['exp', 'iat', 'sub'],
      clockTolerance: deviceClockToleranceSeconds,
      currentDate: new Date(nowMs),
    });
    return isShortLived(payload)
      ? { kind: 'verified', value: { deviceId: device.deviceId } }
      : malformed;
  } catch (error) {
    return refusedFor(error);
  }
};
