/**
 * Sign-in tokens that must not hold, each wrong in one way, with the code that refuses it; and one
 * made in the same manner with nothing wrong, so that the others are refused for their fault alone.
 */
import { createHmac } from 'node:crypto';
import { serviceTokens } from '@signalbeam/platform/identity/secret-tokens';
import { issueUserToken } from '@signalbeam/platform/identity/tokens';
import { createSeed, signerFromSeed } from '@signalbeam/sync/wire/keys';
import type { Cloud, Tenant } from './two-tenants.suite.ts';

const full = process.env['SIGNALBEAM_FULL'] === '1';
const stride = 5;

/** An ordinary run shows each token to every fifth operation, so that each operation meets three; a full one all to all. */
export const meets = (token: number, operation: number): boolean =>
  full || (token + operation) % stride === 0;

export const forgeTokens = (cloud: Cloud, ours: Tenant, theirs: Tenant) => {
  const [head = '', claims = '', signature = ''] = ours.token.split('.');
  const encode = (value: object): string =>
    Buffer.from(JSON.stringify(value)).toString('base64url');
  const header = JSON.parse(Buffer.from(head, 'base64url').toString());
  const stated = JSON.parse(Buffer.from(claims, 'base64url').toString());
  const { users } = cloud.platform.keyring;
  const signed = (more: object) => {
    const text = `${head}.${encode({ ...stated, ...more })}`;
    return `${text}.${Buffer.from(users.sign(Buffer.from(text))).toString('base64url')}`;
  };
  const hmac = `${encode({ ...header, alg: 'HS256' })}.${claims}`;
  const person = {
    ...{ sessionId: stated.sid, userId: stated.sub, tenantId: ours.tenantId },
    ...{ email: ours.email, role: 'admin' as const },
  };
  const stranger = { ...signerFromSeed(createSeed()), keyId: users.keyId };
  const forged: [string, string, string][] = [
    ['without an algorithm', `${encode({ ...header, alg: 'none' })}.${claims}.`, 'invalid-token'],
    [
      'signed with the public key as a secret',
      `${hmac}.${createHmac('sha256', users.publicKey).update(hmac).digest('base64url')}`,
      'invalid-token',
    ],
    ['for another audience', signed({ aud: 'elsewhere' }), 'invalid-token'],
    ['by another issuer', signed({ iss: 'elsewhere' }), 'invalid-token'],
    [
      'of another type',
      `${encode({ ...header, typ: 'JWT' })}.${claims}.${signature}`,
      'invalid-token',
    ],
    ['signed by a stranger', issueUserToken(stranger, person, Date.now()).token, 'invalid-token'],
    ['expired', issueUserToken(users, person, Date.now() - 13 * 3_600_000).token, 'expired-token'],
    ['cut short', ours.token.slice(0, -20), 'invalid-token'],
    [
      'changed',
      `${head}.${encode({ ...stated, tenant: theirs.tenantId })}.${signature}`,
      'invalid-token',
    ],
    ['of a sign-in that nobody made', signed({ sid: theirs.tenantId }), 'expired-token'],
    ['that is no token', 'nonsense', 'invalid-token'],
    ['that only renews a sign-in', ours.refreshToken, 'invalid-token'],
    ['of a program that nobody made', serviceTokens.create().text, 'invalid-token'],
    [
      'of a program with another secret',
      `sbs_${ours.serviceToken.prefix}_${serviceTokens.create().text.split('_').slice(2).join('_')}`,
      'invalid-token',
    ],
    ['of a program as a JWT', signed({ sub: ours.service.id }), 'expired-token'],
  ];
  return { forged, control: signed({}) };
};
