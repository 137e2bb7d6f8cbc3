/** Where an engine is looked for, in which order, and what is said where there is none. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { candidatePaths, detectEngine } from './detect.ts';

test('tries only the socket that was configured', () => {
  const given = { prefer: 'auto', dockerHost: 'unix:///other' } as const;
  expect(candidatePaths({ ...given, socketPath: 'unix:///run/x.sock' })).toEqual(['/run/x.sock']);
});

test('looks for the system’s engines first, then for the user’s own', () => {
  const runtimeDirectory = '/run/user/1000';
  expect(candidatePaths({ prefer: 'auto', runtimeDirectory })).toEqual([
    '/var/run/docker.sock',
    '/run/user/1000/docker.sock',
    '/run/podman/podman.sock',
    '/run/user/1000/podman/podman.sock',
  ]);
  expect(candidatePaths({ prefer: 'podman' })).toEqual(['/run/podman/podman.sock']);
});

test('heeds DOCKER_HOST if it names a socket', () => {
  const of = (dockerHost: string) => candidatePaths({ prefer: 'docker', dockerHost });
  expect(of('unix:///home/u/docker.sock')[0]).toBe('/home/u/docker.sock');
  expect(of('tcp://10.0.0.1:2375')).toEqual(['/var/run/docker.sock']);
});

test('says of each socket why it will not do', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'sb-detect-'));
  const file = join(dir, 'file');
  await writeFile(file, '');
  const missing = join(dir, 'missing');
  expect(await detectEngine({ prefer: 'auto', socketPath: missing })).toEqual({
    kind: 'none',
    tried: [{ path: missing, reason: 'there is no such socket' }],
  });
  expect(await detectEngine({ prefer: 'auto', socketPath: file })).toEqual({
    kind: 'none',
    tried: [{ path: file, reason: 'nothing listens there' }],
  });
  await rm(dir, { recursive: true });
});
