/** What a registry may do to us when it is asked for a tag. On loopback. */
import { createHash } from 'node:crypto';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Reach } from '@signalbeam/platform/outside/reach';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type TaggedImage, taggedImageOf } from '../core/registry-tag.ts';
import { askTag } from './ask-tag.ts';

const local: Reach = { loopback: true, networks: [] };
const digest = `sha256:${'a'.repeat(64)}`;
let answer: RequestListener;
let asked: string[] = [];
let host: string;
const server = createServer((request, response) => {
  const { method, url, headers } = request;
  asked.push(`${method} ${url} ${headers.authorization ?? ''}`.trim());
  answer(request, response);
});
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const tagged = (text: string): TaggedImage => taggedImageOf(text) as TaggedImage;
const ask = (reach: Reach = local) => {
  asked = [];
  return askTag(tagged(`${host}/acme/app:1`), reach);
};
const path = '/v2/acme/app/manifests/1';

it('is told the digest, and asks no more than that', async () => {
  answer = (_, response) => void response.writeHead(200, { 'docker-content-digest': digest }).end();
  expect(await ask()).toEqual({ kind: 'found', digest });
  expect(asked).toEqual([`HEAD ${path}`]);
});

it('reckons the digest of the bytes where the registry does not say it, or says no digest', async () => {
  const manifest = '{"schemaVersion":2}';
  answer = ({ method }, response) => {
    response.writeHead(200, { 'docker-content-digest': 'sha256:short' });
    response.end(method === 'GET' ? manifest : undefined);
  };
  const bytes = createHash('sha256').update(manifest).digest('hex');
  expect(await ask()).toEqual({ kind: 'found', digest: `sha256:${bytes}` });
  answer = ({ method }, response) => {
    response.writeHead(200);
    response.end(method === 'GET' ? Buffer.alloc(5 * 1024 * 1024) : undefined);
  };
  expect(await ask()).toMatchObject({ kind: 'refused', why: expect.stringContaining('more than') });
});

it('takes the token that everybody gets, once', async () => {
  const challenge = `Bearer realm="http://${host}/token",service="here"`;
  const withToken = (token: object | string): RequestListener => {
    return ({ url, headers }, response) => {
      if (url?.startsWith('/token')) {
        return void response.end(typeof token === 'string' ? token : JSON.stringify(token));
      }
      return headers.authorization === 'Bearer t0ken'
        ? void response.writeHead(200, { 'docker-content-digest': digest }).end()
        : void response.writeHead(401, { 'www-authenticate': challenge }).end();
    };
  };
  answer = withToken({ token: 't0ken' });
  expect(await ask()).toEqual({ kind: 'found', digest });
  expect(asked).toEqual([
    `HEAD ${path}`,
    'GET /token?service=here&scope=repository%3Aacme%2Fapp%3Apull',
    `HEAD ${path} Bearer t0ken`,
  ]);
  for (const bad of [{ token: 'no' }, { token: 'a\r\nb: c' }, { token: 1 }, '{', '[]']) {
    answer = withToken(bad);
    expect(await ask()).toMatchObject({ why: expect.stringContaining('no account there') });
    expect(asked.length).toBeLessThanOrEqual(3);
  }
});

it('does not follow a redirect, nor a token’s address that leads inside', async () => {
  answer = (_, response) => void response.writeHead(307, { location: `http://${host}/in` }).end();
  expect(await ask()).toMatchObject({ why: expect.stringContaining('not followed') });
  expect(asked).toEqual([`HEAD ${path}`]);
  const realm = 'Bearer realm="https://169.254.169.254/latest"';
  answer = (_, response) => void response.writeHead(401, { 'www-authenticate': realm }).end();
  expect(await ask()).toMatchObject({ why: expect.stringContaining('no account there') });
  expect(asked).toEqual([`HEAD ${path}`]);
});

it('goes to no private network and speaks no plain http where the cloud is not on loopback', async () => {
  const outside: Reach = { loopback: false, networks: [] };
  expect(await ask(outside)).toMatchObject({
    ...{ kind: 'refused', why: expect.stringContaining('private network') },
  });
  const names = { ...outside, lookUp: async () => [{ address: '10.0.0.7' }] };
  expect(await askTag(tagged('registry.example/app:1'), names)).toMatchObject({
    why: expect.stringContaining('registry.example can’t be asked from here'),
  });
  const nowhere = { ...outside, lookUp: async () => [] };
  expect(await askTag(tagged('nginx'), nowhere)).toMatchObject({
    why: expect.stringContaining('docker.io can’t be asked from here: There is no host'),
  });
  expect(asked).toEqual([]);
});
