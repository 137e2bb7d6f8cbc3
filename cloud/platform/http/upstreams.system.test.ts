import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createUpstreams } from './upstreams.ts';

const servers: Server[] = [];
const urls: string[] = [];
beforeAll(async () => {
  for (let index = 0; index < 2; index += 1) {
    const server = createServer((_, answer) => answer.end('{}'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    servers.push(server);
    urls.push(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  }
});
afterAll(() => {
  for (const server of servers) server.close();
});

/** Who is asked by each of `times` requests. */
const asked = async (upstreams: ReturnType<typeof createUpstreams>, times: number) => {
  const seen: string[] = [];
  for (let time = 0; time < times; time += 1)
    await upstreams.send('GET', async (url) => {
      seen.push(url);
      return new Response();
    });
  return seen.toSorted();
};

it('asks nobody else for a client that went away, and trusts who was asked as before', async () => {
  const upstreams = createUpstreams(urls, () => 0);
  const tried: string[] = [];
  const broken = upstreams.send('GET', async (url) => {
    tried.push(url);
    return fetch(url, { signal: AbortSignal.abort() });
  });
  await expect(broken).rejects.toThrow('aborted');
  expect(tried).toHaveLength(1);
  expect(await asked(upstreams, 2)).toEqual(urls.toSorted());
});

it('goes on with another where one can not be reached', async () => {
  const upstreams = createUpstreams(urls, () => 0);
  const tried: string[] = [];
  const answer = await upstreams.send('POST', async (url) => {
    tried.push(url);
    if (tried.length === 1) throw Object.assign(new Error('refused'), { code: 'ECONNREFUSED' });
    return new Response(null, { status: 204 });
  });
  expect([answer.status, tried.toSorted()]).toEqual([204, urls.toSorted()]);
});
