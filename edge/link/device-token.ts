/**
 * Short-lived proofs of who this device is, for HTTP: a JWT signed by its own key. Made here by
 * hand because three lines of base64url need no library on the device.
 */
import type { Signer } from '@signalbeam/sync/wire/keys';

export type TokenMint = {
  token(): string;
  /** The cloud's clock was read from an answer: later tokens are dated by it. */
  correct(cloudNow: number): void;
};

const lifetimeSeconds = 240;

export const createTokenMint = (parts: {
  signer: Signer;
  deviceId: string;
  /** Named so that a cloud that deleted the tenant can say so: it knows nothing else of this device then. */
  tenantId?: string;
  now: () => number;
}): TokenMint => {
  let skewMs = 0;
  let held = { token: '', until: 0 };
  const mint = (nowMs: number): string => {
    const issuedAt = Math.floor(nowMs / 1_000);
    const header = { alg: 'EdDSA', typ: 'sb-device+jwt', kid: parts.deviceId };
    const claims = {
      sub: parts.deviceId,
      aud: 'signalbeam',
      tenant: parts.tenantId,
      iat: issuedAt,
      exp: issuedAt + lifetimeSeconds,
    };
    const signed = [header, claims].map(encode).join('.');
    return `${signed}.${Buffer.from(parts.signer.sign(Buffer.from(signed))).toString('base64url')}`;
  };
  return {
    token: () => {
      const now = parts.now() + skewMs;
      if (held.token === '' || now > held.until || held.until - now > lifetimeSeconds * 1_000) {
        held = { token: mint(now), until: now + (lifetimeSeconds / 2) * 1_000 };
      }
      return held.token;
    },
    correct: (cloudNow) => {
      skewMs = cloudNow - parts.now();
      held = { token: '', until: 0 };
    },
  };
};

const encode = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url');
