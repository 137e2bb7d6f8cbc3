/**
 * A tenant leaves the development root, and rotates its keys under the real one: the commands of
 * docs/keys.md over a real cloud, followed by a real agent that was enrolled before.
 */
import { execFile } from 'node:child_process';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import {
  agentCommand,
  eventually,
  startAgent,
  startTestCloud,
  type TestCloud,
} from '@signalbeam/edge/link/cloud.fixture';
import { readTrustCopy } from '@signalbeam/edge/store/trust-tables';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import '@signalbeam/launcher/rig/provided';
import { repositoryDir } from '../places.ts';

let cloud: TestCloud;
let token: string;
beforeAll(async () => {
  cloud = await startTestCloud(inject('postgresUrl'));
  const login = { email: 'admin@plant.example', password: 'correct horse battery' };
  ({ token } = (await cloud.ask('POST', '/api/auth/login', login)) as { token: string });
});
afterAll(() => cloud.stop());

/** `./signalbeam keys …` as a person runs it. */
const keys = async (...args: string[]): Promise<{ code: number; text: string }> => {
  const main = join(repositoryDir, 'launcher/main.ts');
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [main, 'keys', ...args], {
      env: { PATH: process.env['PATH'] ?? '', SIGNALBEAM_TOKEN: token },
    });
    return { code: 0, text: stdout };
  } catch (cause) {
    const { code = -1, stderr = '' } = cause as { code?: number; stderr?: string };
    return { code, text: stderr };
  }
};
const online = () => ['--url', cloud.url];

const enrolAndRun = async () => {
  const folder = join(cloud.dir, 'gateway');
  const made = (await cloud.ask('POST', '/api/registration-tokens', {
    site: 'plant-7',
    autoApprove: true,
  })) as { token: string };
  const args = ['register', '--url', cloud.url, '--name', 'gateway', '--state', folder];
  expect(await agentCommand(args, { SIGNALBEAM_TOKEN: made.token })).toMatchObject({ code: 0 });
  const agent = await startAgent({
    folder,
    name: 'gateway',
    args: ['--heartbeat-ms', '1000', '--engine-socket', '/nonexistent.sock'],
  });
  const believes = async () => readTrustCopy(folder)?.trust ?? null;
  return { agent, believes };
};

test('a tenant leaves the development root and rotates under its own', async () => {
  const { agent, believes } = await enrolAndRun();
  const before = await eventually(believes, (trust) => trust?.snapshot != null);
  expect(before?.root).toMatchObject({ version: 1, threshold: 1 });

  const tenant = join(cloud.dir, 'tenant.json');
  const dir = join(cloud.dir, 'root');
  const passphraseFile = join(cloud.dir, 'passphrase');
  writeFileSync(passphraseFile, 'a long enough passphrase\n');
  const locked = ['--passphrase-file', passphraseFile];
  const shown = await keys('show', ...online(), '--out', tenant);
  expect(shown.text).toContain('development root 1: 1 of 1');
  const made = await keys('init', '--tenant', tenant, '--dir', dir, ...locked);
  expect(made.text).toContain('Made 3 root keys, 2 of which are needed');
  const keyFile = (index: number) => join(dir, `root-key-${index}.json`);
  expect(statSync(keyFile(1)).mode & 0o777).toBe(0o600);
  expect(readFileSync(keyFile(1), 'utf8')).not.toContain('seed');
  // Root keys are never written over.
  expect(await keys('init', '--tenant', tenant, '--dir', dir)).toMatchObject({ code: 1 });

  expect((await keys('send', ...online(), '--dir', dir)).text).toContain('root 2: 2 of 3');
  const real = await eventually(believes, (trust) => trust?.root.version === 2);
  expect(real?.root.threshold).toBe(2);
  await eventually(believes, (trust) => trust?.keyset?.version === 3);

  // The cloud can't sign key sets any more: a rotation waits for two of the three.
  await keys('show', ...online(), '--out', tenant);
  const waiting = await keys('rotate', 'membership', ...online(), '--withdraw-old');
  expect(waiting.text).toContain('key set 3\n');
  expect(waiting.text).toContain('waits to be signed');
  await keys('show', ...online(), '--out', tenant);
  const signed = (index: number) =>
    keys('sign', '--tenant', tenant, '--dir', dir, '--key', keyFile(index), ...locked);
  expect((await signed(1)).text).toContain('1 of 2 signatures; 1 to go');
  expect(await keys('send', ...online(), '--dir', dir)).toMatchObject({
    code: 1,
    text: expect.stringContaining('threshold-not-met'),
  });
  expect((await signed(3)).text).toContain('2 signatures that it needs');
  expect((await keys('send', ...online(), '--dir', dir)).text).toContain('key set 4\n');

  const rotated = await eventually(
    believes,
    (trust) =>
      trust?.keyset?.version === 4 &&
      trust.floors.get('site/roster')?.keyIds[0] === trust.keyset.roles.membership[0]?.keyId,
  );
  expect(rotated?.keyset?.roles.membership).toHaveLength(1);
  expect(rotated?.keyset?.roles.membership[0]).not.toEqual(real?.keyset?.roles.membership[0]);
  expect(rotated?.members.size).toBe(1);

  // The next root: signed by two of the old keys and by its own.
  await keys('show', ...online(), '--out', tenant);
  const second = join(cloud.dir, 'root-2');
  const alone = await keys('init', '--tenant', tenant, '--dir', join(cloud.dir, 'alone'));
  expect(alone.code).toBe(0);
  expect(await keys('send', ...online(), '--dir', join(cloud.dir, 'alone'))).toMatchObject({
    text: expect.stringContaining('unknown-signer'),
  });
  const old = ['--key', keyFile(1), '--key', keyFile(2)];
  expect(await keys('init', '--tenant', tenant, '--dir', second, ...old, ...locked)).toMatchObject({
    code: 0,
  });
  expect((await keys('send', ...online(), '--dir', second)).text).toContain('root 3: 2 of 3');
  await eventually(believes, (trust) => trust?.root.version === 3);
  await agent.stop();

  expect(await keys('sign', '--tenant', tenant, '--dir', dir, '--key', keyFile(1))).toMatchObject({
    code: 1,
    text: expect.stringContaining('root-key-locked'),
  });
  expect(await keys('rotate', 'root', ...online())).toMatchObject({ code: 2 });
});
