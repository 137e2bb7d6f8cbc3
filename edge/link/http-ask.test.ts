/** Redirects between real servers: few, for reading only, and without what proves who asks. */
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { httpAsk } from './http-ask.ts';
import { redirectOf } from './redirect.ts';

const open: Server[] = [];
afterEach(() => {
  for (const server of open.splice(0)) server.close().closeAllConnections();
});

/** A server of its own port, which is another origin, and what it was asked. */
const serve = async (listener: RequestListener) => {
  const calls: IncomingMessage[] = [];
  const server = createServer((call, reply) => {
    calls.push(call);
    listener(call, reply);
  });
  open.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, calls };
};
const sendTo =
  (location: string, status = 302): RequestListener =>
  (_, reply) => {
    // A page for people, as servers like to give.
    reply.writeHead(status, { location }).end('<a href>moved</a>'.repeat(10_000));
  };
const textOf = async (body: AsyncIterable<Uint8Array> | null): Promise<string> => {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body ?? []) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
};

const headers = {
  authorization: 'Bearer secret',
  'x-api-key': 'secret',
  'x-tenant-id': 'secret',
  cookie: 'secret',
  'X-Anything': 'secret',
  range: 'bytes=5-',
  'accept-encoding': 'identity',
};

test.each([301, 302, 303, 307, 308])(
  'by %i a reading goes to another origin, without credentials',
  async (status) => {
    const storage = await serve((call, reply) => reply.end(`blob ${call.headers.range}`));
    const cloud = await serve(sendTo(`${storage.url}/blob?sig=abc`, status));
    const answer = await httpAsk(new URL(`${cloud.url}/api/blob`), { headers });
    expect([answer.status, await textOf(answer.body)]).toEqual([200, 'blob bytes=5-']);
    expect(cloud.calls[0]?.headers).toMatchObject({ authorization: 'Bearer secret' });
    const [asked] = storage.calls;
    expect([asked?.method, asked?.url]).toEqual(['GET', '/blob?sig=abc']);
    expect(JSON.stringify(asked?.rawHeaders)).not.toContain('secret');
    expect(asked?.headers).toMatchObject({ range: 'bytes=5-', 'accept-encoding': 'identity' });
  },
);

test('at one origin credentials go along, and once left they stay away', async () => {
  const home = await serve((call, reply) => {
    if (call.url === '/a') return sendTo('b')(call, reply);
    if (call.url === '/b') return sendTo(`${other.url}/back`)(call, reply);
    return reply.end('home');
  });
  const other = await serve((call, reply) => sendTo(`${home.url}/home`)(call, reply));
  const answer = await httpAsk(new URL(`${home.url}/a`), { headers });
  expect(await textOf(answer.body)).toBe('home');
  const sent = home.calls.map(({ url, headers: { authorization } }) => [url, authorization]);
  expect(sent).toEqual([
    ['/a', 'Bearer secret'],
    ['/b', 'Bearer secret'],
    ['/home', undefined],
  ]);
});

test('a circle ends after three turns, with the answer as it is', async () => {
  const circle = await serve((call, reply) => sendTo('/again')(call, reply));
  const answer = await httpAsk(new URL(circle.url), {});
  expect([answer.ok, answer.status, circle.calls.length]).toEqual([false, 302, 4]);
  await answer.body?.cancel();
});

test('what changes something is not sent on', async () => {
  const other = await serve((_, reply) => reply.end('taken'));
  const cloud = await serve(sendTo(other.url, 307));
  const answer = await httpAsk(new URL(cloud.url), { method: 'POST', body: '{"secret":1}' });
  expect([answer.status, other.calls.length]).toEqual([307, 0]);
  await answer.body?.cancel();
});

test('a link that can’t be followed is the answer itself', async () => {
  for (const location of ['file:///etc/passwd', 'https://', 'http://a:b@127.0.0.1/']) {
    const cloud = await serve(sendTo(location));
    const answer = await httpAsk(new URL(cloud.url), { headers });
    expect([location, answer.status]).toEqual([location, 302]);
    await answer.body?.cancel();
  }
  const silent = await serve((_, reply) => reply.writeHead(304).end());
  expect((await httpAsk(new URL(silent.url), {})).status).toBe(304);
});

test('giving up reaches the second server too', async () => {
  const stop = new AbortController();
  const reason = new Error('the agent stops');
  const storage = await serve(() => stop.abort(reason));
  const cloud = await serve(sendTo(storage.url));
  await expect(httpAsk(new URL(cloud.url), { signal: stop.signal })).rejects.toBe(reason);
  expect(storage.calls.length).toBe(1);
});

test('never from TLS to plain', () => {
  const to = (from: string, location: string) =>
    redirectOf(
      { method: 'GET', url: new URL(from), headers },
      { status: 302, location },
    )?.url.toString();
  expect(to('https://cloud.example/a', 'http://cloud.example/b')).toBeUndefined();
  expect(to('https://cloud.example/a', '//other.example/b')).toBe('https://other.example/b');
  expect(to('http://cloud.example/a', 'https://cloud.example/b')).toBe('https://cloud.example/b');
});
