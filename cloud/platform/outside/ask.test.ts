/** What a tenant's address may do to us: send us elsewhere, change, drip, talk for ever. On loopback. */
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { askOutside, fetchOutside, type Question } from './ask.ts';
import type { Reach } from './reach.ts';

const local: Reach = { loopback: true, networks: [] };
const limits = { msMax: 5_000, bytesMax: 1_000 };
let answer: RequestListener;
let asked: { url: string | undefined; method: string | undefined; host: string | undefined }[] = [];
let origin: string;
let port: number;
const server = createServer((request, response) => {
  asked.push({ url: request.url, method: request.method, host: request.headers.host });
  answer(request, response);
});

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  port = (server.address() as AddressInfo).port;
  origin = `http://127.0.0.1:${port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const get = (url: string): Question => ({
  ...{ url: new URL(url), method: 'GET', body: null, headers: {} },
});

describe('an address that a tenant chose', () => {
  it('is asked once, as it stands there, and its answer is read', async () => {
    asked = [];
    answer = (_, response) => void response.writeHead(200, { 'x-a': 'b' }).end('{"a":1}');
    const fetching = fetchOutside(local, limits);
    const response = await fetching(`${origin}/x?y=1`, {
      ...{ method: 'POST', body: new URLSearchParams({ code: 'c' }) },
      headers: { accept: 'application/json', host: 'evil.example' },
    });
    expect([response.status, response.headers.get('x-a'), await response.json()]).toEqual([
      ...[200, 'b', { a: 1 }],
    ]);
    expect(asked).toEqual([{ url: '/x?y=1', method: 'POST', host: `127.0.0.1:${port}` }]);
  });

  it('that sends elsewhere is not followed', async () => {
    asked = [];
    answer = (_, response) => void response.writeHead(302, { location: `${origin}/in` }).end();
    const response = await fetchOutside(local, limits)(`${origin}/out`, {});
    expect([response.status, asked.map(({ url }) => url)]).toEqual([302, ['/out']]);
  });

  it('whose name leads inside is not even connected to', async () => {
    asked = [];
    const outside = { ...local, loopback: false };
    const inside = { kind: 'unreachable', reason: expect.stringContaining('private network') };
    expect(await askOutside(get(`https://localhost:${port}/`), outside, limits)).toEqual(inside);
    const names = { ...outside, lookUp: async () => [{ address: '169.254.169.254' }] };
    expect(await askOutside(get('https://metadata.example/'), names, limits)).toEqual(inside);
    expect(await askOutside(get(`http://127.0.0.1:${port}/`), outside, limits)).toMatchObject({
      ...{ kind: 'unreachable', reason: 'The address must begin with https://.' },
    });
    expect(asked).toEqual([]);
  });

  it('whose name stands for another host a moment later is reached where it was judged', async () => {
    asked = [];
    answer = (_, response) => void response.end('here');
    let looked = 0;
    const rebinding = {
      ...local,
      lookUp: async () => {
        looked += 1;
        return [{ address: looked === 1 ? '127.0.0.1' : '169.254.169.254' }];
      },
    };
    const found = await askOutside(get(`http://localhost:${port}/`), rebinding, limits);
    expect(found).toMatchObject({ kind: 'answered', answer: { status: 200 } });
    expect([looked, asked[0]?.host]).toEqual([1, `localhost:${port}`]);
    expect(await askOutside(get(`http://localhost:${port}/`), rebinding, limits)).toMatchObject({
      kind: 'unreachable',
    });
  });

  it('that switches to another protocol has not answered', async () => {
    answer = (_, response) => {
      response.writeHead(101, { connection: 'Upgrade', upgrade: 'websocket' }).flushHeaders();
    };
    expect(await askOutside(get(`${origin}/`), local, limits)).toEqual({
      ...{ kind: 'unreachable', reason: 'The connection failed.' },
    });
  });

  it('that talks for ever or not at all is heard so long', async () => {
    answer = (_, response) => {
      const write = (): void => {
        while (!response.destroyed && response.write('x'.repeat(4_096)));
        if (!response.destroyed) response.once('drain', write);
      };
      write();
    };
    const found = await askOutside(get(`${origin}/`), local, limits);
    expect(found).toMatchObject({ kind: 'answered', answer: { cut: true } });
    if (found.kind === 'answered') expect(found.answer.body).toHaveLength(limits.bytesMax);
    const fetching = fetchOutside(local, limits);
    await expect(fetching(`${origin}/`, {})).rejects.toThrow('larger than 1000 bytes');
    answer = (_, response) => void response.write('a beginning');
    const soon = await askOutside(get(`${origin}/`), local, { ...limits, msMax: 50 });
    expect(soon).toEqual({ kind: 'unreachable', reason: 'It did not answer in time.' });
  });
});
