/** Real sockets: a taken port, a slow client, an unread body, a stop in the middle, the path router. */
import { once } from 'node:events';
import { Agent, request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { requestBytesMax } from '@signalbeam/sync/core/limits';
import { Hono } from 'hono';
import { afterEach, describe, expect, it } from 'vitest';
import { createLog } from '../logging/log.ts';
import { createApi } from './app.ts';
import { requireUser } from './caller.ts';
import { createMetrics } from './metrics.ts';
import { createPathRouter } from './path-router.ts';
import { type Served, serve } from './serve.ts';
import type { StaticFiles } from './static.ts';

const open: Served[] = [];
const start = async (app: Parameters<typeof serve>[0]['app'], port = 0): Promise<Served> => {
  const served = await serve({ app, host: '127.0.0.1', port });
  open.push(served);
  return served;
};
afterEach(async () => {
  await Promise.all(open.splice(0).map((served) => served.stop()));
});

describe('a server', () => {
  it('says so when its port is taken', async () => {
    const { port } = await start(new Hono());
    await expect(start(new Hono(), port)).rejects.toMatchObject({
      code: 'port-in-use',
      message: expect.stringContaining(String(port)),
    });
  });

  it('finishes what it took on when it stops, and takes nothing new', async () => {
    const app = new Hono();
    app.get('/slow', async (c) => {
      await sleep(400);
      return c.text('done');
    });
    const served = await start(app);
    const startedMs = performance.now();
    const slow = fetch(`${served.url}/slow`);
    await sleep(100);
    const stopped = served.stop();
    expect(await (await slow).text()).toBe('done');
    await stopped;
    // Its client would keep the connection open for more; that must not hold the stop up.
    expect(performance.now() - startedMs).toBeLessThan(3_000);
    await expect(fetch(`${served.url}/slow`)).rejects.toThrow();
    open.length = 0;
  });

  it('refuses headers beyond its limit', async () => {
    const served = await start(new Hono());
    const response = await fetch(served.url, { headers: { 'x-large': 'x'.repeat(20_000) } });
    expect(response.status).toBe(431);
  });

  it('survives a client that breaks off in the middle of a body', async () => {
    const app = new Hono();
    app.post('/api/x', async (c) => c.text(await c.req.text()));
    app.get('/', (c) => c.text('alive'));
    const served = await start(app);
    const socket = connect(served.port, '127.0.0.1');
    await once(socket, 'connect');
    socket.write('POST /api/x HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nhalf');
    await sleep(50);
    socket.destroy();
    await sleep(50);
    expect(await (await fetch(served.url)).text()).toBe('alive');
  });

  it('cuts off a client whose body trickles, and no upload', async () => {
    const app = new Hono();
    app.post('*', async (c) => c.text(String((await c.req.text()).length)));
    const served = await serve({ app, host: '127.0.0.1', port: 0, bodyTimeoutMs: 300 });
    open.push(served);
    const trickle = async (path: string): Promise<string> => {
      const socket = connect(served.port, '127.0.0.1');
      let answer = '';
      socket.on('data', (chunk) => {
        answer += chunk;
      });
      socket.on('error', () => {});
      await once(socket, 'connect');
      socket.write(
        `POST ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 8\r\n\r\n`,
      );
      for (let count = 0; count < 8 && socket.writable; count += 1) {
        socket.write('x');
        await sleep(100);
      }
      socket.destroy();
      return answer.split('\r\n')[0] ?? '';
    };
    const [slow, upload] = await Promise.all([trickle('/api/auth'), trickle('/api/artifacts')]);
    expect(slow).not.toContain('200');
    expect(upload).toContain('200');
  });
});

describe('the path router', () => {
  const page: StaticFiles = { answer: async () => new Response('console') };
  const service = async (name: string): Promise<string> => {
    const app = new Hono();
    app.get('/readyz', (c) => c.text('ok'));
    app.get('/openapi.json', (c) =>
      c.json({
        openapi: '3.1.0',
        info: { title: name, version: '1' },
        paths: { [`/api/${name}`]: { get: { summary: name } } },
      }),
    );
    app.all('*', async (c) =>
      c.json({
        name,
        path: c.req.path,
        query: c.req.query(),
        host: c.req.header('x-forwarded-host'),
        forwarded: c.req.header('x-forwarded-for'),
        body: await c.req.text(),
      }),
    );
    return (await start(app)).url;
  };
  const startRouter = async (): Promise<Served> => {
    const targets = {
      'device-manager': [await service('device-manager')],
      'bundle-orchestrator': [await service('bundle-orchestrator')],
      'telemetry-processor': [await service('telemetry-processor')],
    };
    return start(createPathRouter({ targets, console: page }));
  };

  it('passes requests on whole, names the client and the host', async () => {
    const router = await startRouter();
    const response = await fetch(`${router.url}/api/bundles/x/versions?limit=3`, {
      method: 'POST',
      body: 'content',
      headers: { 'x-forwarded-for': '6.6.6.6', 'x-forwarded-host': 'evil.example' },
    });
    expect(await response.json()).toEqual({
      name: 'bundle-orchestrator',
      path: '/api/bundles/x/versions',
      query: { limit: '3' },
      host: `127.0.0.1:${router.port}`,
      forwarded: '127.0.0.1',
      body: 'content',
    });
    const beat = await fetch(`${router.url}/api/devices/1/heartbeat`);
    expect(await beat.json()).toMatchObject({ name: 'telemetry-processor' });
  });

  it('describes all services, serves the console, knows who is ready', async () => {
    const router = await startRouter();
    const response = await fetch(`${router.url}/openapi.json`);
    const document = (await response.json()) as { paths: object };
    expect(Object.keys(document.paths)).toHaveLength(3);
    expect(await (await fetch(`${router.url}/fleet`)).text()).toBe('console');
    expect((await fetch(`${router.url}/readyz`)).status).toBe(200);
    expect((await fetch(`${router.url}/api/nobody`)).status).toBe(404);
    await open.shift()?.stop();
    expect((await fetch(`${router.url}/readyz`)).status).toBe(503);
    const gone = await fetch(`${router.url}/api/devices`);
    expect(gone.status).toBe(503);
    expect(await gone.json()).toMatchObject({ code: 'service-unavailable' });
  });
});

describe('a body', () => {
  it.each(['Content-Length: 1000', 'Transfer-Encoding: chunked'])(
    'that breaks off (%s) is no failure of ours, neither in the log nor in the metrics',
    async (length) => {
      const lines: string[] = [];
      const write = (line: string): void => void lines.push(line);
      const metrics = createMetrics();
      const api = createApi({
        log: createLog({ name: 'test', level: 'info', destination: { write } }),
        authenticate: (_, next) => next(),
        measure: metrics.measure,
        streamedPaths: ['/api/artifacts'],
      });
      api.post('/api/:kind', async (c) => c.text(String((await c.req.arrayBuffer()).byteLength)));
      const { port } = await start(api);
      for (const kind of ['things', 'artifacts']) {
        const socket = connect(port, '127.0.0.1');
        await once(socket, 'connect');
        socket.write(`POST /api/${kind} HTTP/1.1\r\nHost: x\r\n${length}\r\n\r\n4\r\nhalf\r\n`);
        await sleep(50);
        socket.destroy();
      }
      const counted = 'duration_seconds_count{method="POST",route="/api/:kind",status="499"} 2';
      await expect.poll(() => metrics.registry.metrics()).toContain(counted);
      expect(lines.map((line) => JSON.parse(line))).toMatchObject([
        { level: 'info', route: '/api/:kind', path: '/api/things' },
        { level: 'info', route: '/api/:kind', path: '/api/artifacts' },
      ]);
    },
  );

  it('that is refused unread leaves the connection good for what comes next', async () => {
    const api = createApi({
      log: createLog({ name: 'test', level: 'silent' }),
      authenticate: async (c, next) => {
        c.set('authentication', { kind: 'none' });
        await next();
      },
    });
    api.post('/api/bundles', requireUser('operator'), (c) => c.text('done'));
    const served = await start(api);
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const ports = new Set<number | undefined>();
    const send = (size: number): Promise<number | undefined> =>
      new Promise((resolve, reject) => {
        const headers = { 'content-type': 'application/json', 'content-length': size };
        const options = { method: 'POST', agent, headers };
        const request = httpRequest(`${served.url}/api/bundles`, options, (response) => {
          response.resume().once('end', () => resolve(response.statusCode));
        });
        request.once('socket', (socket) => {
          if (socket.connecting) socket.once('connect', () => ports.add(socket.localPort));
        });
        request.once('error', reject);
        request.end('x'.repeat(size));
      });
    // Longer than the server's patience with a body that nobody reads.
    const end = performance.now() + 800;
    while (performance.now() < end) {
      expect(await send(requestBytesMax * 3)).toBe(413);
      expect(await send(requestBytesMax)).toBe(401);
    }
    expect(ports.size).toBe(1);
    agent.destroy();
  });
});
