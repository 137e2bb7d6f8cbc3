/** Probes against real containers on every engine: by HTTP, by TCP and by a command inside. */
import { type AddressInfo, createServer } from 'node:net';
import { freePort } from '@signalbeam/launcher/infra/ports';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ObservedContainer } from '../core/container.ts';
import { type EngineUnderTest, openSite, type Site, until } from './engine-site.suite.ts';
import { type ProbeCheck, probe } from './probe.ts';

export const engineProbeSuite = (under: EngineUnderTest) => {
  describe(`${under.kind}: probes`, () => {
    let site: Site;
    let web: ObservedContainer;
    let hostPort = 0;
    beforeAll(async () => {
      site = await openSite(under);
      const image = site.build({ name: 'web', files: { '/www/index.html': 'hello' } });
      const { reference } = await site.pull(image, `web-${site.run}`);
      hostPort = await freePort();
      const script = 'httpd -h /www -p 80; nc -lk -p 81 -e cat & sleep 1000';
      const published = { 80: hostPort, 82: await freePort() };
      const ports = Object.entries(published).map(([containerPort, port]) => ({
        containerPort: Number(containerPort),
        hostPort: port,
        protocol: 'tcp' as const,
        hostAddress: '127.0.0.1',
      }));
      const id = await site.start('web', {
        image: reference,
        ports,
        command: ['sh', '-c', script],
      });
      web = await site.see(id);
      await until(async () => (await ask({ kind: 'tcp', port: 80 })).kind === 'healthy' && true);
    });
    afterAll(() => site?.close());

    const ask = (
      how: ProbeCheck['probe'],
      container: ObservedContainer = web,
      timeoutMs = 2_000,
      signal = new AbortController().signal,
    ) => probe(site.engine, container, { probe: how, timeoutMs }, signal);
    /** As where the engine's own network can't be reached: rootless, or inside a virtual machine. */
    const byPublishedPort = () => ({ ...web, address: '' });
    const healthy = { kind: 'healthy' };
    const http = { kind: 'http', port: 80, path: '/', expectStatus: 200 } as const;

    test('by HTTP, on the address and on the published port', async () => {
      expect(await ask(http)).toEqual(healthy);
      expect(await ask(http, byPublishedPort())).toEqual(healthy);
      expect(await ask({ ...http, path: '/missing', expectStatus: 404 })).toEqual(healthy);
    });

    test('by HTTP says which status came and what is wrong', async () => {
      expect(await ask({ ...http, path: '/missing' })).toEqual({
        kind: 'unhealthy',
        reason: '/missing answered 404, not 200',
      });
      expect(await ask({ ...http, port: 85 })).toEqual({
        kind: 'unhealthy',
        reason: 'nothing listens on port 85',
      });
      expect(await ask({ ...http, port: 81 })).toMatchObject({ kind: 'unhealthy' });
    });

    test('by TCP, and is not taken in by the proxy of a published port', async () => {
      expect(await ask({ kind: 'tcp', port: 80 })).toEqual(healthy);
      expect(await ask({ kind: 'tcp', port: 80 }, byPublishedPort())).toEqual(healthy);
      expect(await ask({ kind: 'tcp', port: 82 })).toMatchObject({ kind: 'unhealthy' });
      expect(await ask({ kind: 'tcp', port: 82 }, byPublishedPort())).toMatchObject({
        kind: 'unhealthy',
      });
      expect(await ask({ kind: 'tcp', port: 99 }, byPublishedPort())).toEqual({
        kind: 'unhealthy',
        reason: "port 99 can't be reached from the host",
      });
    });

    test('falls back to the published port when the address leads nowhere', async () => {
      // A socket that takes connections and never answers stands for an address without a way back.
      const silent = createServer(() => undefined);
      await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
      const { port } = silent.address() as AddressInfo;
      const mapping = {
        containerPort: port,
        hostPort,
        protocol: 'tcp',
        hostAddress: '127.0.0.1',
      } as const;
      const lost = { ...web, address: '127.0.0.1', ports: [mapping] };
      expect(await ask({ ...http, port }, lost, 1_000)).toEqual(healthy);
      expect(await ask({ ...http, port }, { ...lost, ports: [] }, 300)).toEqual({
        kind: 'unhealthy',
        reason: `port ${port} gave no answer within 0.3 s`,
      });
      silent.close();
    });

    test('by a command, with its exit code and last words', async () => {
      expect(await ask({ kind: 'exec', command: ['true'] })).toEqual(healthy);
      const failing = { kind: 'exec', command: ['sh', '-c', 'echo no disk >&2; exit 4'] } as const;
      expect(await ask({ ...failing, command: [...failing.command] })).toEqual({
        kind: 'unhealthy',
        reason: 'the check ended with exit code 4: no disk',
      });
      expect(await ask({ kind: 'exec', command: ['sleep', '60'] }, web, 500)).toEqual({
        kind: 'unhealthy',
        reason: 'the check took over 0.5 s',
      });
      expect(await ask({ kind: 'exec', command: ['/no/such'] })).toMatchObject({
        kind: 'unhealthy',
      });
    });

    test('without a probe a running container is well, one that does not run never is', async () => {
      expect(await ask(null)).toEqual(healthy);
      const idle = await site.see(await site.create('idle'));
      expect(await ask(http, idle)).toEqual({ kind: 'unhealthy', reason: 'it is created' });
    });

    test('stops when it is told to, and blames no container for an engine that is away', async () => {
      const gone = AbortSignal.abort(new Error('enough'));
      await expect(ask(http, web, 1_000, gone)).rejects.toThrow('enough');
      const away = under.open('/nowhere/engine.sock');
      const check = { probe: { kind: 'exec' as const, command: ['true'] }, timeoutMs: 1_000 };
      await expect(probe(away, web, check, new AbortController().signal)).rejects.toMatchObject({
        code: 'engine-unreachable',
      });
      await away.close();
    });
  });
};
