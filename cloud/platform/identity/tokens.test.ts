/** Tokens: everything that is not exactly what was issued, for exactly this, is refused. */
import { createHmac, randomUUID } from 'node:crypto';
import { createSeed, signerFromSeed } from '@signalbeam/sync/wire/keys';
import { createDeviceKey, signerFromNkeySeed } from '@signalbeam/sync/wire/nkey';
import { describe, expect, it } from 'vitest';
import {
  claimedDeviceOf,
  issueDeviceToken,
  issueUserToken,
  tokenTypeOf,
  userTokenSeconds,
  verifyDeviceToken,
  verifyUserToken,
} from './tokens.ts';

const signer = signerFromSeed(createSeed());
const stranger = signerFromSeed(createSeed());
const now = Date.UTC(2026, 1, 3);
const user = {
  sessionId: randomUUID(),
  userId: randomUUID(),
  tenantId: randomUUID(),
  email: 'ada@example.org',
  role: 'operator' as const,
};

const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
type Changes = { header?: object; claims?: object };
/** A token like the one issued, changed, and signed anew. */
const forge = (token: string, { header = {}, claims = {} }: Changes, by = signer): string => {
  const [head = '', body = ''] = token.split('.');
  const read = (text: string): object => JSON.parse(Buffer.from(text, 'base64url').toString());
  const signed = `${part({ ...read(head), ...header })}.${part({ ...read(body), ...claims })}`;
  return `${signed}.${Buffer.from(by.sign(Buffer.from(signed))).toString('base64url')}`;
};
const issued = (): string => issueUserToken(signer, user, now).token;

const judge = async (token: string, at = now): Promise<string> => {
  const verified = await verifyUserToken(token, [signer], at);
  return verified.kind === 'verified' ? 'verified' : verified.code;
};

describe("a user's token", () => {
  it('says who signed in', async () => {
    const verified = await verifyUserToken(issued(), [signer], now + 1000);
    expect(verified).toEqual({ kind: 'verified', value: user });
  });

  it('ends after a quarter of an hour', async () => {
    expect(await judge(issued(), now + userTokenSeconds * 1000 - 1000)).toBe('verified');
    expect(await judge(issued(), now + userTokenSeconds * 1000 + 1000)).toBe('expired-token');
  });

  it.each<[string, Changes]>([
    ['another audience', { claims: { aud: 'elsewhere' } }],
    ['another issuer', { claims: { iss: 'elsewhere' } }],
    ['another type', { header: { typ: 'JWT' } }],
    ['a device type', { header: { typ: 'sb-device+jwt' } }],
    ['no expiry', { claims: { exp: undefined } }],
    ['a role that does not exist', { claims: { role: 'root' } }],
    ['a tenant that is no id', { claims: { tenant: '*' } }],
    ['a life beyond a quarter of an hour', { claims: { iat: now / 1000 - 13 * 3600 } }],
    ['no session', { claims: { sid: undefined } }],
    ['a critical extension', { header: { crit: ['b64'], b64: false } }],
  ])('with %s is refused though the signature is ours', async (_, changes) => {
    expect(await judge(forge(issued(), changes))).not.toBe('verified');
  });

  it('signed by a stranger under our name is refused', async () => {
    expect(await judge(issueUserToken(stranger, user, now).token)).toBe('invalid-token');
    expect(await judge(forge(issued(), {}, stranger))).toBe('invalid-token');
  });

  it.each(['none', 'None', 'NONE'])('with the algorithm %s is refused', async (alg) => {
    const [, body] = forge(issued(), {}).split('.');
    const head = part({ alg, typ: 'sb-user+jwt', kid: signer.keyId });
    expect(await judge(`${head}.${body}.`)).toBe('invalid-token');
    expect(await judge(`${head}.${body}.AAAA`)).toBe('invalid-token');
  });

  it('with HMAC over our public key is refused', async () => {
    const [, body] = issued().split('.');
    const signed = `${part({ alg: 'HS256', typ: 'sb-user+jwt', kid: signer.keyId })}.${body}`;
    for (const key of [signer.publicKey, Buffer.from(signer.publicKey, 'base64')]) {
      const mac = createHmac('sha256', key).update(signed).digest('base64url');
      expect(await judge(`${signed}.${mac}`)).toBe('invalid-token');
    }
  });

  it('with a changed claim, a lost part or a key of its own is refused', async () => {
    const [head, , signature] = issued().split('.');
    const claims = part({ ...user, role: 'admin' });
    expect(await judge(`${head}.${claims}.${signature}`)).toBe('invalid-token');
    const jwk = { kty: 'OKP', crv: 'Ed25519', x: stranger.publicKey };
    expect(await judge(forge(issued(), { header: { jwk } }, stranger))).toBe('invalid-token');
    for (const text of ['', '.', '..', 'a.b.c', `${head}.${claims}`, 'x'.repeat(10_000)]) {
      expect(await judge(text)).toBe('invalid-token');
    }
  });
});

describe("a device's token", () => {
  const key = createDeviceKey();
  const deviceSigner = signerFromNkeySeed(key.seed);
  const device = { deviceId: randomUUID(), publicKey: key.nkey };
  const token = issueDeviceToken(deviceSigner, device.deviceId, now);
  const check = async (text: string, at = now, of = device): Promise<string> => {
    const verified = await verifyDeviceToken(text, of, at);
    return verified.kind === 'verified' ? 'verified' : verified.code;
  };

  it('proves the device for five minutes, with two more for its clock', async () => {
    expect(claimedDeviceOf(token)).toBe(device.deviceId);
    expect(tokenTypeOf(token)).toBe('sb-device+jwt');
    expect(await check(token)).toBe('verified');
    expect(await check(token, now + 6 * 60_000)).toBe('verified');
    expect(await check(token, now + 8 * 60_000)).toBe('expired-token');
  });

  it.each<[string, Changes]>([
    ['a longer life', { claims: { exp: now / 1000 + 301 } }],
    ['an end before its beginning', { claims: { exp: now / 1000 - 1 } }],
    ['another subject', { claims: { sub: randomUUID() } }],
    ['another audience', { claims: { aud: 'elsewhere' } }],
    ["a user's type", { header: { typ: 'sb-user+jwt' } }],
    ['no type', { header: { typ: undefined } }],
    ['no time of issue', { claims: { iat: undefined } }],
  ])('with %s is refused', async (_, changes) => {
    expect(await check(forge(token, changes, deviceSigner))).not.toBe('verified');
  });

  it('of another device, or signed by the cloud, is refused', async () => {
    const other = { deviceId: device.deviceId, publicKey: createDeviceKey().nkey };
    expect(await check(token, now, other)).toBe('invalid-token');
    expect(await check(issueDeviceToken(signer, device.deviceId, now))).toBe('invalid-token');
    expect(await check(token, now, { ...device, publicKey: 'no key' })).toBe('invalid-token');
  });

  it('never passes as a user’s, nor the other way', async () => {
    expect(await judge(token)).toBe('invalid-token');
    expect(await check(issued())).toBe('invalid-token');
  });
});
