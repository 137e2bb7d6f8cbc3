/** A container's log as the technician follows it, over real HTTP, from real Docker and Podman. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import '@signalbeam/launcher/rig/provided';
import { Hono } from 'hono';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { openDocker } from '../containers/docker.ts';
import type { LogLine } from '../containers/engine.ts';
import { openSite, type Site, until } from '../containers/engine-site.suite.ts';
import { openPodman } from '../containers/podman.ts';
import type { ObservedContainer } from '../core/container.ts';
import { createLogs } from './logs.ts';

type Told = { event: string; lines: LogLine[]; dropped: number; reason: string };

/** Each event of the stream, as a page would take it, until the reader goes away. */
async function* told(reply: Response): AsyncGenerator<Told> {
  let rest = '';
  if (reply.body === null) throw new Error('a stream without a body');
  for await (const piece of reply.body.pipeThrough(new TextDecoderStream())) {
    const blocks = (rest + piece).split('\n\n');
    rest = blocks.pop() ?? '';
    for (const block of blocks) {
      const event = /^event: (.*)$/m.exec(block)?.[1];
      const data = /^data: (.*)$/m.exec(block)?.[1];
      if (event === undefined || data === undefined) continue;
      yield { event, lines: [], dropped: 0, reason: '', ...(JSON.parse(data) as object) };
    }
  }
}

describe.each([
  { kind: 'docker', socketPath: inject('dockerSocket'), open: openDocker },
  { kind: 'podman', socketPath: inject('podmanSocket'), open: openPodman },
] as const)('the log stream of $kind', (under) => {
  let site: Site;
  let server: Server;
  let url: string;
  let containers: readonly ObservedContainer[] = [];
  let answers = true;

  beforeAll(async () => {
    site = await openSite({ ...under, registryUrl: inject('registryUrl') });
    const logs = createLogs({
      containers: () => containers,
      bundleIdOf: () => undefined,
      engine: () => (answers ? site.engine : null),
    });
    const app = new Hono();
    app.get('/:name', (context) => logs.follow(context, context.req.param('name')));
    server = createServer(getRequestListener(app.fetch));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(async () => {
    server?.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await site?.close();
  });

  /** Runs a script in a container that the reconciler would show under this name. */
  const start = async (name: string, script: string): Promise<string> => {
    const id = await site.start(name, { command: ['sh', '-c', script] });
    containers = await site.engine.list(site.deviceId);
    return id;
  };
  const path = (name: string, query = '') => `${url}/${site.deviceId}-${name}${query}`;
  const refusal = async (address: string) => {
    const reply = await fetch(address);
    return { status: reply.status, code: ((await reply.json()) as { code: string }).code };
  };

  test('gives the last lines, then each new one, none twice and none left out', async () => {
    const id = await start('ticks', 'i=0; while :; do i=$((i+1)); echo $i; sleep 0.1; done');
    await until(async () => (await site.engine.logs(id, { tail: 5 })).length === 5);
    const seen: number[] = [];
    let first: Told | undefined;
    for await (const each of told(await fetch(path('ticks', '?tail=3')))) {
      first ??= each;
      seen.push(...each.lines.map(({ text }) => Number(text)));
      if (seen.length > 12) break;
    }
    expect(first).toMatchObject({ event: 'tail', lines: { length: 3 } });
    expect(seen).toEqual(seen.map((_, index) => (seen[0] ?? 0) + index));
  });

  test('refuses what it does not know, and says when no engine answers', async () => {
    expect(await refusal(path('nobody'))).toEqual({ status: 404, code: 'container-not-found' });
    for (const query of ['?tail=0', '?tail=2001', '?tail=many', '?lines=5'])
      expect(await refusal(path('ticks', query))).toEqual({ status: 400, code: 'invalid-query' });
    answers = false;
    expect(await refusal(path('ticks'))).toEqual({ status: 503, code: 'engine-unreachable' });
    answers = true;
  });

  /** A place is free a moment after its reader has gone away. */
  const opened = (signal: AbortSignal): Promise<boolean> =>
    until(async () => {
      const { status, body } = await fetch(path('ticks'), { signal });
      if (status !== 200) await body?.cancel();
      return status === 200;
    });

  test('has room for eight, and has it again when they go away', async () => {
    const leave = new AbortController();
    for (let page = 0; page < 8; page += 1) await opened(leave.signal);
    expect(await refusal(path('ticks'))).toEqual({ status: 503, code: 'too-many-streams' });
    leave.abort();
    await opened(AbortSignal.timeout(30_000));
  });

  test('holds so many lines and no more, and counts what it dropped before the newest', async () => {
    const wanted = 20_000;
    const wait = 'while [ ! -e /go ]; do sleep 0.1; done';
    const id = await start('flood', `${wait}; seq 1 ${wanted}; sleep 600`);
    let dropped = 0;
    const seen: string[] = [];
    for await (const each of told(await fetch(path('flood')))) {
      if (each.event === 'tail')
        await site.engine.exec(id, ['touch', '/go'], { timeoutMs: 30_000 });
      expect(each.lines.length).toBeLessThanOrEqual(500);
      dropped += each.dropped;
      seen.push(...each.lines.map(({ text }) => text));
      if (seen.at(-1) === String(wanted)) break;
    }
    expect(dropped).toBeGreaterThan(0);
    expect(seen.length + dropped).toBe(wanted);
  });

  test('says that the container has stopped', async () => {
    const id = await start('short', 'echo last words; sleep 600');
    for await (const each of told(await fetch(path('short')))) {
      if (each.event === 'tail') await site.engine.stop(id, { graceMs: 0 });
      if (each.event !== 'ended') continue;
      expect(each.reason).toBe('stopped');
      break;
    }
  });
});
