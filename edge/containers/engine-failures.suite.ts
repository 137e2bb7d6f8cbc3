/** How a real engine fails: by a stable code, with the next step, and never by hanging. */
import { createServer as createHttpServer } from 'node:http';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { detectEngine } from './detect.ts';
import { type EngineUnderTest, openSite, type Site } from './engine-site.suite.ts';

export const engineFailuresSuite = (under: EngineUnderTest) => {
  describe(`${under.kind}: failures`, () => {
    let site: Site;
    const servers: Server[] = [];
    beforeAll(async () => {
      site = await openSite(under);
    });
    afterAll(async () => {
      for (const server of servers) server.close();
      await site?.close();
    });

    const listen = async (server: Server, name: string): Promise<string> => {
      const path = join(site.dir, name);
      servers.push(server);
      await new Promise<void>((resolve) => server.listen(path, resolve));
      return path;
    };

    test('refuses a folder of the host that is not there, and makes none', async () => {
      const hostPath = join(site.dir, 'missing');
      const mounts = [{ kind: 'bind', hostPath, containerPath: '/x', readOnly: false }] as const;
      await expect(site.start('no-folder', { mounts })).rejects.toMatchObject({
        code: 'engine-refused',
        message: expect.stringContaining(hostPath),
      });
    });

    test('refuses a command that the image does not have', async () => {
      const act = site.start('no-binary', { entrypoint: ['/no/such/binary'] });
      await expect(act).rejects.toMatchObject({ code: 'engine-refused' });
    });

    test('says that nobody listens at the socket', async () => {
      const nowhere = join(site.dir, 'nowhere.sock');
      const engine = under.open(nowhere);
      const unreachable = { code: 'engine-unreachable', message: expect.stringContaining(nowhere) };
      await expect(engine.list('d')).rejects.toMatchObject(unreachable);
      await expect(engine.describe()).rejects.toMatchObject(unreachable);
      await expect(engine.pull('a/b@sha256:00', { tlsVerify: true })).rejects.toMatchObject(
        unreachable,
      );
      const watching = async () => {
        for await (const _event of engine.events('d', AbortSignal.timeout(5_000)));
      };
      await expect(watching()).rejects.toMatchObject(unreachable);
      await engine.close();
    });

    test('does not wait for ever on a daemon that hangs', async () => {
      const hung = await listen(
        createServer(() => undefined),
        'hung.sock',
      );
      const engine = under.open(hung, { callTimeoutMs: 300 });
      const late = { code: 'engine-timeout' };
      await expect(engine.list('d')).rejects.toMatchObject(late);
      await expect(engine.start('c')).rejects.toMatchObject(late);
      await expect(engine.exec('c', ['true'], { timeoutMs: 100 })).rejects.toMatchObject(late);
      const watching = async () => {
        for await (const _event of engine.events('d', AbortSignal.timeout(5_000)));
      };
      await expect(watching()).rejects.toMatchObject(late);
      await engine.close();
      const detected = await detectEngine({ prefer: 'auto', socketPath: hung, timeoutMs: 300 });
      expect(detected).toEqual({
        kind: 'none',
        tried: [{ path: hung, reason: 'it did not answer within 0.3 s' }],
      });
    });

    test('does not believe an answer that is none', async () => {
      const odd = createHttpServer((_call, reply) => reply.end('{"odd":true}'));
      const engine = under.open(await listen(odd, 'odd.sock'), { callTimeoutMs: 2_000 });
      const invalid = { code: 'engine-reply-invalid' };
      await expect(engine.list('d')).rejects.toMatchObject(invalid);
      await expect(engine.describe()).rejects.toMatchObject(invalid);
      await expect(engine.images()).rejects.toMatchObject(invalid);
      await engine.close();
    });

    test('tells when the daemon goes away while we watch', async () => {
      const dying = createHttpServer((_call, reply) => {
        reply.writeHead(200, { 'content-type': 'application/json' });
        reply.flushHeaders();
        setTimeout(() => reply.destroy(), 200);
      });
      const engine = under.open(await listen(dying, 'dying.sock'));
      const watching = async () => {
        for await (const _event of engine.events('d', new AbortController().signal));
      };
      await expect(watching()).rejects.toMatchObject({ code: 'engine-unreachable' });
      await engine.close();
    });

    test('is found by what answers at the socket, and only if it is wanted', async () => {
      const { socketPath, kind } = under;
      const found = await detectEngine({ prefer: 'auto', socketPath });
      expect(found).toMatchObject({ kind: 'found', socketPath, engine: { kind } });
      if (found.kind === 'found') await found.engine.close();
      const other = kind === 'docker' ? 'podman' : 'docker';
      expect(await detectEngine({ prefer: other, socketPath })).toEqual({
        kind: 'none',
        tried: [{ path: socketPath, reason: `it is ${kind}, and ${other} is asked for` }],
      });
    });
  });
};
