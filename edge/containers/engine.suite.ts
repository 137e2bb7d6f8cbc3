/**
 * How every real engine behaves towards containers: what is asked for is what is seen (each field
 * that drift compares), and processes run, end and are counted. Run on real Docker and Podman.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort } from '@signalbeam/launcher/infra/ports';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ContainerSpec, labels } from '../core/container.ts';
import { memoryFolder, openSecretFiles } from '../host/secret-files.ts';
import { type EngineUnderTest, openSite, type Site, until } from './engine-site.suite.ts';

export const engineSuite = (under: EngineUnderTest) => {
  describe(`${under.kind}: containers`, () => {
    let site: Site;
    beforeAll(async () => {
      site = await openSite(under);
    });
    afterAll(() => site?.close());

    test('describes itself and what limits it can hold', async () => {
      const description = await site.engine.describe();
      expect(description).toMatchObject({
        kind: under.kind,
        os: 'linux',
        rootless: false,
        socketPath: under.socketPath,
        limits: { memory: true, cpu: true },
      });
      expect(description.version).toMatch(/^\d+\./);
      expect(description.apiVersion).toMatch(/^\d+\./);
      expect(description.cgroupVersion).toMatch(/^[12]$/);
    });

    test('creates, starts, lists and removes a container with what its image says', async () => {
      const id = await site.create('plain');
      expect(await site.see(id)).toMatchObject({
        id,
        name: `${site.deviceId}-plain`,
        state: 'created',
        exitCode: null,
        startedAt: null,
        restartCount: 0,
        finishedAt: null,
        oomKilled: false,
        imageId: site.base.imageId,
        imageDigest: site.base.digest,
        entrypoint: [],
        command: ['sh', '-c', expect.stringContaining('trap')],
        imageDefaults: { entrypoint: [], command: ['sh', '-c', expect.stringContaining('trap')] },
        ports: [],
        mounts: [],
        restart: 'no',
        resources: {},
      });
      const before = Date.now();
      await site.engine.start(id);
      const running = await site.see(id);
      expect(running.state).toBe('running');
      expect(running.startedAt).toBeGreaterThan(before - 5_000);
      expect(running.address).toMatch(/^\d+\.\d+\.\d+\.\d+$/);
      await site.engine.remove(id, { volumes: false });
      expect((await site.engine.list(site.deviceId)).map((each) => each.id)).not.toContain(id);
    });

    test('finds its containers again by label after a restart of the agent', async () => {
      const extra = { [labels.bundle]: 'b-1', [labels.container]: 'web', [labels.spec]: 'abc' };
      const id = await site.start('adopted', { labels: extra });
      const later = under.open(under.socketPath);
      const found = (await later.list(site.deviceId)).find((each) => each.id === id);
      await later.close();
      expect(found?.labels).toMatchObject({ ...extra, [labels.device]: site.deviceId });
    });

    describe('sees as asked', () => {
      const fields: [string, Partial<ContainerSpec>][] = [
        ['command', { command: ['sh', '-c', 'echo "two  words" && sleep 9'] }],
        ['entrypoint', { entrypoint: ['/bin/sh', '-c'], command: ['sleep 1  00'] }],
        ['resources', { resources: { memoryBytes: 32 * 1024 * 1024, cpus: 1.5 } }],
      ];
      test.each(fields)('%s of %j', async (_field, change) => {
        const id = await site.create(`field-${Math.random().toString(36).slice(2)}`, change);
        const seen = await site.see(id);
        for (const [name, value] of Object.entries(change))
          expect(seen).toHaveProperty(name, value);
        await site.engine.start(id);
        const running = await site.see(id);
        for (const [name, value] of Object.entries(change)) {
          expect(running).toHaveProperty(name, value);
        }
        await site.engine.remove(id, { volumes: false });
      });

      test('the environment, with blanks, equals signs and an empty value', async () => {
        const environment = {
          PLAIN: 'a',
          BLANKS: ' b  c ',
          EQUALS: 'x=y=z',
          EMPTY: '',
          PATH: '/x',
        };
        const id = await site.create('environment', { environment });
        expect((await site.see(id)).environment).toMatchObject(environment);
      });

      test('ports of both protocols and one address', async () => {
        const [first, second, third] = [await freePort(), await freePort(), await freePort()];
        const ports: ContainerSpec['ports'] = [
          { containerPort: 80, hostPort: first, protocol: 'tcp', hostAddress: '0.0.0.0' },
          { containerPort: 53, hostPort: second, protocol: 'udp', hostAddress: '0.0.0.0' },
          { containerPort: 80, hostPort: third, protocol: 'tcp', hostAddress: '127.0.0.1' },
        ];
        const id = await site.start('ports', { ports });
        const seen = await site.see(id);
        expect([...seen.ports].sort(byHostPort)).toEqual([...ports].sort(byHostPort));
      });

      test('mounts: a named volume, a folder, each read-only or not', async () => {
        const folder = join(site.dir, 'folder');
        await mkdir(folder, { recursive: true });
        const volume = `${site.deviceId}-data`;
        await site.engine.ensureVolume(volume, { [labels.device]: site.deviceId });
        const mounts: ContainerSpec['mounts'] = [
          { kind: 'volume', name: volume, containerPath: '/data', readOnly: false },
          { kind: 'volume', name: volume, containerPath: '/data-ro', readOnly: true },
          { kind: 'bind', hostPath: folder, containerPath: '/host', readOnly: false },
          { kind: 'bind', hostPath: folder, containerPath: '/host-ro', readOnly: true },
        ];
        const id = await site.start('mounts', { mounts });
        const seen = await site.see(id);
        expect([...seen.mounts].sort(byPath)).toEqual([...mounts].sort(byPath));
        const write = async (path: string) =>
          (await site.engine.exec(id, ['touch', `${path}/x`], { timeoutMs: 5_000 })).exitCode === 0;
        expect(await Promise.all(mounts.map((mount) => write(mount.containerPath)))).toEqual([
          true,
          false,
          true,
          false,
        ]);
      });

      test('a file in memory, read-only, whose content no inspection tells', async () => {
        const root = await memoryFolder();
        const files = openSecretFiles(root, site.deviceId);
        const [hostPath = ''] = await files.place('secret-file', ['hunter2 \n']);
        const containerPath = '/run/secrets/deep/password';
        const mounts = [{ kind: 'bind', hostPath, containerPath, readOnly: true }] as const;
        const id = await site.start('secret-file', { mounts });
        const seen = await site.see(id);
        expect(seen.mounts).toEqual(mounts);
        expect(JSON.stringify(seen)).not.toContain('hunter2');
        const exec = (...argv: string[]) => site.engine.exec(id, argv, { timeoutMs: 5_000 });
        expect((await exec('cat', containerPath)).output).toBe('hunter2 \n');
        // Whoever the container runs as may read it; nobody may write it, nor take it away.
        expect((await exec('stat', '-c', '%a', containerPath)).output.trim()).toBe('444');
        expect((await exec('sh', '-c', `echo x > ${containerPath}`)).exitCode).not.toBe(0);
        expect((await exec('rm', containerPath)).exitCode).not.toBe(0);
        // Memory is empty after the power was away: put back, the same container starts again.
        await site.engine.stop(id, { graceMs: 0 });
        await files.keepOnly(() => new Set());
        await expect(site.engine.start(id)).rejects.toThrow();
        expect(await files.place('secret-file', ['hunter2 \n'])).toEqual([hostPath]);
        await site.engine.start(id);
        expect((await exec('cat', containerPath)).output).toBe('hunter2 \n');
        await site.engine.remove(id, { volumes: false });
        await files.keepOnly(() => new Set());
      });

      test('another image, by its digest', async () => {
        const other = await site.pull(
          site.build({
            name: 'other',
            entrypoint: ['sh', '-c'],
            command: ['exec sleep 500'],
            environment: { FROM_IMAGE: 'yes' },
          }),
          `other-${site.run}`,
        );
        const id = await site.start('other-image', { image: other.reference });
        expect(await site.see(id)).toMatchObject({
          imageDigest: other.digest,
          imageId: other.imageId,
          entrypoint: ['sh', '-c'],
          command: ['exec sleep 500'],
          imageDefaults: { entrypoint: ['sh', '-c'], command: ['exec sleep 500'] },
          environment: expect.objectContaining({ FROM_IMAGE: 'yes' }),
        });
        const dropped = await site.create('own-entrypoint', {
          image: other.reference,
          entrypoint: ['sleep', '7'],
        });
        expect(await site.see(dropped)).toMatchObject({ entrypoint: ['sleep', '7'], command: [] });
      });
    });

    test('stops a container even while someone else starts it again and again', async () => {
      const id = await site.create('wanted');
      await site.engine.start(id);
      let over = false;
      const starting = (async () => {
        while (!over) await site.engine.start(id).catch(() => undefined);
      })();
      try {
        for (let round = 0; round < 20; round += 1) await site.engine.stop(id, { graceMs: 0 });
      } finally {
        over = true;
        await starting;
      }
      await site.engine.stop(id, { graceMs: 0 });
      expect((await site.see(id)).state).toBe('exited');
    });

    test('gives a container its grace to end by itself', async () => {
      const id = await site.start('graceful');
      await until(async () => (await site.engine.logs(id, { tail: 5 })).length > 0);
      await site.engine.stop(id, { graceMs: 10_000 });
      expect(await site.see(id)).toMatchObject({ state: 'exited', exitCode: 0 });
      expect((await site.engine.logs(id, { tail: 5 })).map((line) => line.text)).toContain('bye');
    });

    test('kills a container that does not end in its grace', async () => {
      const command = ['sh', '-c', 'trap "" TERM; echo deaf; while :; do sleep 1; done'];
      const id = await site.start('deaf', { command });
      await until(async () => (await site.engine.logs(id, { tail: 5 })).length > 0);
      const before = Date.now();
      await site.engine.stop(id, { graceMs: 1_000 });
      const tookMs = Date.now() - before;
      expect(tookMs).toBeGreaterThan(900);
      expect(tookMs).toBeLessThan(8_000);
      expect(await site.see(id)).toMatchObject({ state: 'exited', exitCode: 137 });
    });

    test('counts restarts by the engine and keeps the exit code', async () => {
      const failing = await site.start('failing', {
        command: ['sh', '-c', 'sleep 0.2; exit 3'],
        restart: 'always',
      });
      await until(async () => (await site.see(failing)).restartCount >= 1);
      await site.engine.remove(failing, { volumes: false });
      const once = await site.start('exits', { command: ['sh', '-c', 'exit 42'] });
      const ended = await until(async () => {
        const seen = await site.see(once);
        return seen.state === 'exited' ? seen : false;
      });
      expect(ended.exitCode).toBe(42);
      // Who ends at once may have ended, by the engine's own account, before it had started.
      const lastedMs = (ended.finishedAt ?? Number.NaN) - (ended.startedAt ?? Number.NaN);
      expect(Math.abs(lastedMs)).toBeLessThan(60_000);
    });

    test('reads counters of running containers only', async () => {
      const id = await site.start('counted', { resources: { memoryBytes: 64 * 1024 * 1024 } });
      const [stats] = await site.engine.stats([id]);
      expect(stats).toMatchObject({ id, memoryLimitBytes: 64 * 1024 * 1024 });
      expect(stats?.cpuTotalNs).toBeGreaterThan(0);
      expect(stats?.memoryBytes).toBeGreaterThan(0);
      expect(stats?.memoryBytes).toBeLessThan(64 * 1024 * 1024);
      expect(await site.engine.stats([])).toEqual([]);
    });
  });
};

const byHostPort = (a: { hostPort: number }, b: { hostPort: number }) => a.hostPort - b.hostPort;
const byPath = (a: { containerPath: string }, b: { containerPath: string }) =>
  a.containerPath < b.containerPath ? -1 : 1;
