import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { createServer as createHttpsServer, request } from 'node:https';
import { type AddressInfo, connect as connectTcp, createServer } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { type RecordName, recordNameOf } from '@signalbeam/sync/core/records';
import { mutantsOf } from '@signalbeam/sync/wire/mutants.fixture';
import { createDeviceKey, signerFromNkeySeed } from '@signalbeam/sync/wire/nkey';
import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { openCloud } from '../link/cloud.ts';
import { createDeviceCertificate } from './certificate.ts';
import { createPeerClient } from './peer-client.ts';
import { type PeerServerParts, startPeerServer } from './peer-server.ts';
import { connectToPeer } from './peer-tls.ts';
import { createRelay } from './relay.ts';
import { createRelayFetch } from './relay-fetch.ts';
import { openTunnel } from './tunnel.ts';

const device = () => {
  const { seed } = createDeviceKey();
  return { own: createDeviceCertificate(seed), publicKey: signerFromNkeySeed(seed).publicKey };
};
const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const roster: RecordName = 'site/roster';
const envelope = Buffer.from('{"exact": "bytes"}\n');

const startSite = async (more: Partial<PeerServerParts> = {}) => {
  const [server, member, stranger] = [device(), device(), device()];
  const members = new Map([[member.publicKey, 'member']]);
  const peers = await startPeerServer({
    listen: { host: '127.0.0.1', port: 0 },
    own: server.own,
    memberOf: (key) => members.get(key) ?? null,
    records: {
      versions: () => new Map([[roster, 7]]),
      read: (name) => (name === roster ? envelope : null),
      root: () => null,
    },
    broker: () => null,
    relay: null,
    now: () => performance.now(),
    log: () => undefined,
    ...more,
  });
  closers.push(peers.stop);
  const address = { host: '127.0.0.1', port: peers.port };
  return {
    server,
    peers,
    members,
    member,
    stranger,
    peer: { address, publicKey: server.publicKey },
    client: createPeerClient({ own: member.own }),
  };
};

const listen = async (server: { listen(port: number, host: string): unknown }): Promise<number> => {
  const listening = once(server as never, 'listening');
  server.listen(0, '127.0.0.1');
  await listening;
  return ((server as unknown as { address(): AddressInfo }).address() as AddressInfo).port;
};

describe('between agents', () => {
  test('a member reads versions and the exact bytes of a record', async () => {
    const { client, peer, server } = await startSite();
    expect(await client.versions(peer)).toEqual(new Map([[roster, 7]]));
    const taken: [RecordName, string][] = [];
    const names: RecordName[] = ['tenant/root', roster, roster];
    await client.records(peer, names, (name, bytes) => {
      taken.push([name, Buffer.from(bytes).toString()]);
    });
    expect(taken).toEqual([
      [roster, envelope.toString()],
      [roster, envelope.toString()],
    ]);
    expect(await client.broker(peer)).toBeNull();
    expect(await client.certificate(peer)).toBe(server.own.certificate);
  });

  test('a stranger is cut off, and so is a member that the roster no longer names', async () => {
    const { peers, peer, stranger, member, members } = await startSite();
    await expect(createPeerClient({ own: stranger.own }).versions(peer)).rejects.toThrow();
    expect(peers.counters()).toMatchObject({ strangers: 1, refused: 1 });
    const socket = await connectToPeer({ ...peer, own: member.own });
    members.clear();
    peers.recheck();
    await once(socket, 'close');
  });

  test('nothing is sent to a device that does not hold the key', async () => {
    const { client, peer, stranger } = await startSite();
    const other = { ...peer, publicKey: stranger.publicKey };
    await expect(client.versions(other)).rejects.toMatchObject({ code: 'peer-not-proven' });
  });

  test('a refusal without end is not heard to its end', async () => {
    const [hostile, member] = [device(), device()];
    const { certificate: cert, privateKey: key } = hostile.own;
    const server = createHttpsServer({ cert, key }, (_, response) => {
      response.writeHead(404);
      const drip = setInterval(() => response.write('x'.repeat(1_024)), 5);
      response.once('close', () => clearInterval(drip));
    });
    const port = await listen(server);
    closers.push(() => server.close());
    const peer = { address: { host: '127.0.0.1', port }, publicKey: hostile.publicKey };
    const asked = createPeerClient({ own: member.own }).versions(peer);
    await expect(asked).rejects.toMatchObject({ code: 'peer-answer-invalid' });
  });

  test('a connection that ends without a word is no refusal', async () => {
    const { client, peer, peers } = await startSite();
    for (let count = 0; count < 3; count += 1) {
      const socket = connectTcp(peer.address.port, '127.0.0.1');
      await once(socket, 'connect');
      socket.resume().end();
      await once(socket, 'close');
    }
    expect(await client.versions(peer)).toEqual(new Map([[roster, 7]]));
    expect(peers.counters().refused).toBe(0);
  });

  test('one member that floods is held to its share', async () => {
    const { client, peer, peers } = await startSite({ now: () => 0 });
    const answers = await Promise.allSettled(
      Array.from({ length: 4 }, async () => {
        for (let count = 0; count < 30; count += 1) await client.versions(peer);
      }),
    );
    expect(answers.some(({ status }) => status === 'rejected')).toBe(true);
    expect(peers.counters().limited).toBeGreaterThan(0);
  });
});

describe('bytes that were changed on their way', () => {
  const lines = (...each: string[]): Buffer => Buffer.from([...each, '', ''].join('\r\n'));

  test('to a device: it answers or cuts off, counts, and goes on serving', async () => {
    const { client, peer, peers, member } = await startSite();
    const asked = ['/records', `/records/${roster}`, '/roots/3', '/broker'].map((path) =>
      lines(`GET ${path} HTTP/1.1`, 'Host: peer', 'Connection: close'),
    );
    const upgrade = lines(
      'GET /broker HTTP/1.1',
      'Host: peer',
      'Connection: upgrade',
      'Upgrade: x',
    );
    const mutants = fc.sample(mutantsOf([...asked, upgrade]), 60);
    for (const bytes of mutants) {
      const socket = await connectToPeer({ ...peer, own: member.own });
      socket.on('error', () => undefined);
      socket.resume().end(bytes);
      await once(socket, 'close');
    }
    const { requests, refused } = peers.counters();
    expect(requests + refused).toBeGreaterThan(mutants.length / 2);
    expect(refused).toBeGreaterThan(0);
    expect(await client.versions(peer)).toEqual(new Map([[roster, 7]]));
  });

  test('from a device: versions as they are, or an error with its code; nothing else', async () => {
    const [hostile, member] = [device(), device()];
    const body = JSON.stringify([[roster, 7]]);
    const head = [`Content-Length: ${body.length}`, 'Connection: close'];
    const reply = Buffer.concat([lines('HTTP/1.1 200 OK', ...head), Buffer.from(body)]);
    let next: Uint8Array = reply;
    const { certificate: cert, privateKey: key } = hostile.own;
    const server = createTlsServer({ cert, key }, (socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => socket.end(next));
    });
    const port = await listen(server);
    closers.push(() => server.close());
    const peer = { address: { host: '127.0.0.1', port }, publicKey: hostile.publicKey };
    const client = createPeerClient({ own: member.own });
    expect(await client.versions(peer)).toEqual(new Map([[roster, 7]]));
    for (const bytes of fc.sample(mutantsOf([reply]), 60)) {
      next = bytes;
      const answer = await client.versions(peer).catch((cause: unknown) => cause);
      if (answer instanceof Map) {
        for (const [name, version] of answer) {
          expect(recordNameOf(name)).toBe(name);
          expect(Number.isSafeInteger(version)).toBe(true);
        }
      } else {
        expect(answer).toMatchObject({
          code: expect.stringMatching(/^peer-(?:unreachable|refused|answer-invalid)$/),
        });
      }
    }
  });
});

describe('the way through a neighbour', () => {
  test('carries bytes both ways to the broker, and ends with it', async () => {
    const broker = createServer((socket) => socket.pipe(socket));
    const port = await listen(broker);
    closers.push(() => broker.close());
    const way = { kind: 'hub' as const, host: '127.0.0.1', port, certificate: null };
    const { member, peer, client } = await startSite({ broker: () => way });
    expect(await client.broker(peer)).toEqual({ kind: 'hub', certificate: null });
    const tunnel = await openTunnel({ peer, own: member.own });
    closers.push(tunnel.stop);
    const near = connectTcp(tunnel.port, '127.0.0.1');
    const sent = Buffer.alloc(700_000, 'x');
    near.write(sent);
    let received = 0;
    for await (const chunk of near) {
      received += chunk.byteLength;
      if (received === sent.byteLength) break;
    }
    expect(received).toBe(sent.byteLength);
  });

  test('is refused while the neighbour reaches no broker', async () => {
    const { member, peer } = await startSite();
    const tunnel = await openTunnel({ peer, own: member.own });
    closers.push(tunnel.stop);
    const near = connectTcp(tunnel.port, '127.0.0.1');
    near.on('error', () => undefined);
    await once(near, 'close');
  });
});

describe('the relay', () => {
  const startCloud = async () => {
    const asked: string[] = [];
    const cloud = createHttpServer((incoming, response) => {
      asked.push(`${incoming.method} ${incoming.url} ${incoming.headers.authorization ?? '-'}`);
      incoming.resume();
      response.setHeader('content-type', 'application/json');
      response.end('{"status":"pending"}');
    });
    const port = await listen(cloud);
    closers.push(() => cloud.close());
    return { asked, url: `http://127.0.0.1:${port}` };
  };
  const ask = async (
    site: Awaited<ReturnType<typeof startSite>>,
    method: string,
    path: string,
    body?: Buffer,
  ): Promise<number> => {
    const { own } = site.stranger;
    const call = request({
      ...site.peer.address,
      method,
      path,
      agent: false,
      cert: own.certificate,
      key: own.privateKey,
      rejectUnauthorized: false,
      headers: { authorization: 'Bearer its-own' },
    });
    call.end(body);
    const [reply] = (await once(call, 'response')) as [import('node:http').IncomingMessage];
    reply.resume();
    return reply.statusCode ?? 0;
  };
  const id = '4b6f1f2e-7c0d-4a68-9a3e-6f1f0f6e1a11';

  test('lets a pending device register and ask, and do nothing else', async () => {
    const cloud = await startCloud();
    const site = await startSite({ relay: createRelay({ cloudUrl: cloud.url, now: () => 0 }) });
    expect(await ask(site, 'POST', '/enrolment/devices', Buffer.from('{}'))).toBe(200);
    expect(await ask(site, 'GET', `/enrolment/devices/${id}`)).toBe(200);
    expect(cloud.asked).toEqual([
      'POST /api/devices Bearer its-own',
      `GET /api/devices/${id}/enrolment Bearer its-own`,
    ]);
    for (const path of ['/records', `/records/${roster}`, '/broker', '/enrolment/../users', '/']) {
      expect(await ask(site, 'GET', path), path).toBeGreaterThanOrEqual(403);
    }
    expect(await ask(site, 'POST', '/enrolment/devices', Buffer.alloc(5_000))).toBe(413);
    expect(cloud.asked).toHaveLength(2);
  });

  test('is a way to the cloud for those two calls', async () => {
    const cloud = await startCloud();
    const { stranger, peer } = await startSite({
      relay: createRelay({ cloudUrl: cloud.url, now: () => 0 }),
    });
    const relayed = openCloud({
      url: 'https://fleet.invalid',
      fetch: createRelayFetch({ address: peer.address, own: stranger.own }),
    });
    expect(await relayed.enrolment(id, null)).toEqual({ status: 'pending' });
    await expect(relayed.fetchRelease(`sha256:${'0'.repeat(64)}`)).rejects.toMatchObject({
      code: 'not-relayed',
    });
    expect(cloud.asked).toEqual([`GET /api/devices/${id}/enrolment -`]);
  });

  test('lets nothing else through, however a registration is changed on its way', async () => {
    const cloud = await startCloud();
    let now = 0;
    const later = (): number => {
      now += 10_000;
      return now;
    };
    const relay = createRelay({ cloudUrl: cloud.url, now: later });
    const { peer, peers, stranger, client } = await startSite({ relay, now: later });
    const body = JSON.stringify({
      token: 't'.repeat(40),
      name: 'pump-3',
      publicKey: 'k'.repeat(56),
    });
    const head = (first: string, ...more: string[]): Buffer =>
      Buffer.from([first, 'Host: peer', 'Connection: close', ...more, '', ''].join('\r\n'));
    const register = Buffer.concat([
      head('POST /enrolment/devices HTTP/1.1', `Content-Length: ${body.length}`),
      Buffer.from(body),
    ]);
    const chunked = Buffer.concat([
      head('POST /enrolment/devices HTTP/1.1', 'Transfer-Encoding: chunked'),
      Buffer.from(`${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`),
    ]);
    const status = head(`GET /enrolment/devices/${id}?rootsAfter=3 HTTP/1.1`);
    for (const bytes of fc.sample(mutantsOf([register, chunked, status]), 40)) {
      const socket = await connectToPeer({ ...peer, own: stranger.own });
      socket.on('error', () => undefined);
      socket.resume().end(bytes);
      await once(socket, 'close');
    }
    expect(cloud.asked.length).toBeGreaterThan(0);
    const one = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}';
    const calls = [
      'POST /api/devices -',
      `GET /api/devices/${one}/enrolment(\\?rootsAfter=\\d{1,7})? -`,
      `DELETE /api/devices/${one}/enrolment -`,
    ];
    for (const asked of cloud.asked) expect(asked).toMatch(new RegExp(`^(${calls.join('|')})$`));
    expect(peers.counters().refused).toBeGreaterThan(0);
    expect(await client.versions(peer)).toEqual(new Map([[roster, 7]]));
  });

  test('is limited in rate', async () => {
    const cloud = await startCloud();
    const site = await startSite({ relay: createRelay({ cloudUrl: cloud.url, now: () => 0 }) });
    const path = `/enrolment/devices/${id}`;
    const answers: number[] = [];
    for (let count = 0; count < 8; count += 1) answers.push(await ask(site, 'GET', path));
    expect(answers).toEqual([200, 200, 200, 200, 200, 429, 429, 429]);
    expect(cloud.asked).toHaveLength(5);
  });
});
