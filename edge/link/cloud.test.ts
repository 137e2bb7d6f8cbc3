import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  createSeed,
  publicKeyFromRaw,
  signerFromSeed,
  verifySignature,
} from '@signalbeam/sync/wire/keys';
import { releaseDigestOf } from '@signalbeam/sync/wire/records';
import { afterEach, expect, test } from 'vitest';
import { openCloud } from './cloud.ts';
import { createTokenMint } from './device-token.ts';

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

const serve = async (listener: RequestListener): Promise<string> => {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
};
const deviceId = '1c3b0a52-33a7-4d1e-8f0e-6f9f2f6a9f10';
const signer = signerFromSeed(createSeed());
const digestOf = (text: string) => releaseDigestOf(Buffer.from(text));

test('a release whose bytes are not its digest is thrown away', async () => {
  const url = await serve((_, reply) => reply.end('tampered'));
  await expect(openCloud({ url }).fetchRelease(digestOf('original'))).rejects.toMatchObject({
    code: 'release-digest-mismatch',
  });
  expect(Buffer.from(await openCloud({ url }).fetchRelease(digestOf('tampered'))).toString()).toBe(
    'tampered',
  );
});

test("a token refused because of this device's clock is made again by the cloud's", async () => {
  const cloudNow = Date.parse('2026-05-01T10:00:00Z');
  const issued: number[] = [];
  const url = await serve((call, reply) => {
    const [header, claims, signature] = (call.headers.authorization ?? '').slice(7).split('.');
    const signed = Buffer.from(`${header}.${claims}`);
    const key = publicKeyFromRaw(Buffer.from(signer.publicKey, 'base64'));
    expect(verifySignature(key, signed, Buffer.from(signature ?? '', 'base64url'))).toBe(true);
    const { iat, sub, aud, exp } = JSON.parse(
      Buffer.from(claims ?? '', 'base64url').toString(),
    ) as Record<string, number>;
    expect([sub, aud, (exp ?? 0) - (iat ?? 0)]).toEqual([deviceId, 'signalbeam', 240]);
    issued.push(iat ?? 0);
    const right = Math.abs((iat ?? 0) * 1_000 - cloudNow) < 60_000;
    reply.sendDate = false;
    reply.setHeader('date', new Date(cloudNow).toUTCString());
    reply.writeHead(right ? 200 : 401).end(right ? '{"status":"pending"}' : '{}');
  });
  const mint = createTokenMint({ signer, deviceId, now: () => 0 });
  expect(await openCloud({ url, mint }).enrolment(deviceId, null)).toEqual({ status: 'pending' });
  expect(issued).toEqual([0, cloudNow / 1_000]);
});

test('a refusal carries the code and the next step of the cloud', async () => {
  const url = await serve((_, reply) =>
    reply.writeHead(403, { 'content-type': 'application/problem+json' }).end(
      JSON.stringify({
        type: 'about:blank',
        status: 403,
        code: 'token-used-up',
        detail: 'The token is used up.',
        next: 'Make another.',
      }),
    ),
  );
  await expect(openCloud({ url }).fetchRelease(digestOf('x'))).rejects.toMatchObject({
    code: 'token-used-up',
    message: 'The cloud refused: The token is used up.',
    next: 'Make another.',
  });
});

test('an answer that is too large, not JSON, or never comes is one clear error', async () => {
  const large = await serve((_, reply) => reply.end(Buffer.alloc(1024 * 1024)));
  await expect(openCloud({ url: large }).enrolment(deviceId, null)).rejects.toMatchObject({
    code: 'cloud-reply-invalid',
  });
  const html = await serve((_, reply) => reply.end('<html>'));
  await expect(openCloud({ url: html }).enrolment(deviceId, null)).rejects.toMatchObject({
    code: 'cloud-reply-invalid',
  });
  await expect(
    openCloud({ url: 'http://127.0.0.1:1' }).enrolment(deviceId, null),
  ).rejects.toMatchObject({
    code: 'cloud-unreachable',
  });
});
