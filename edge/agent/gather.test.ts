/** What a failed look at the containers means: an engine that is gone, or one that refused. */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openDocker } from '../containers/docker.ts';
import type { Engine } from '../containers/engine.ts';
import { observe } from './gather.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'sb-gather-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const partsOf = (engine: Engine) => {
  const lost: Engine[] = [];
  const engines = {
    current: () => engine,
    describe: () => ({ kind: engine.kind, version: '1', reachable: true }),
    limits: () => ({ memory: true, cpu: true }),
    lost: (which: Engine) => void lost.push(which),
  };
  const identity = { deviceId: 'd', tenantId: 't' };
  return { parts: { identity, engines, log: () => undefined }, lost };
};

test('an engine at whose socket nobody listens is lost', async () => {
  const engine = openDocker(join(dir, 'nobody.sock'));
  const { parts, lost } = partsOf(engine);
  expect(await observe(parts, engine)).toBeNull();
  expect(lost).toEqual([engine]);
  await engine.close();
});

test('an engine that refuses once is kept, and the refusal goes on to the loop', async () => {
  const server = createServer((_, reply) => {
    reply.writeHead(500, { 'content-type': 'application/json' }).end('{"message":"a bad moment"}');
  });
  const socketPath = join(dir, 'refusing.sock');
  await new Promise<void>((resolve) => server.listen(socketPath, resolve));
  const engine = openDocker(socketPath);
  const { parts, lost } = partsOf(engine);
  await expect(observe(parts, engine)).rejects.toMatchObject({ code: 'engine-refused' });
  expect(lost).toEqual([]);
  await engine.close();
  server.close();
});
