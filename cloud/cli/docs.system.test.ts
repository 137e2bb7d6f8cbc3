/** What docs/cli.md shows is run here, line by line, against a real cloud. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { makeDevice } from '@signalbeam/device-manager/rig.suite';
import { startTestCloud, type TestCloud } from '@signalbeam/edge/link/cloud.fixture';
import { buildImageTar } from '@signalbeam/launcher/rig/image';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { linesOf, runHere } from './here.fixture.ts';

const image = `registry.example/web@sha256:${'a'.repeat(64)}`;
let cloud: TestCloud;
let home: string;

/** The words as a shell would hand them over. */
const wordsOf = async (line: string): Promise<string[]> => {
  const { stdout } = await promisify(execFile)('bash', ['-c', `printf '%s\\0' ${line}`]);
  return stdout.split('\0').slice(1, -1);
};

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'cli-docs-'));
  cloud = await startTestCloud(inject('postgresUrl'));
  const tar = buildImageTar({ name: 'app', tag: '1', command: ['sleep', '1'] }).tar;
  writeFileSync(join(home, 'web.tar'), tar);
  writeFileSync(join(home, 'containers.json'), JSON.stringify([{ name: 'web', image }]));
  writeFileSync(join(home, 'compose.yaml'), `services: {web: {image: '${image}'}}\n`);
  const wish = { site: 'plant-7', maxUses: 2 };
  const { token } = (await cloud.ask('POST', '/api/registration-tokens', wish)) as {
    token: string;
  };
  for (const name of ['gateway-1', 'gateway-2']) {
    await cloud.ask('POST', '/api/devices', { ...makeDevice().registration(token), name });
  }
});
afterAll(async () => {
  await cloud?.stop();
  rmSync(home, { recursive: true, force: true });
});

it('every command of docs/cli.md works as it stands there', async () => {
  const lines = linesOf('docs/cli.md');
  expect(lines.length).toBeGreaterThan(30);
  for (const line of lines) {
    const [, command = '', code = '0'] = /^(.*?)(?: # exits (\d+))?$/.exec(line) ?? [];
    const plain = command
      .replace('https://fleet.example', cloud.url)
      .replace('ops@fleet.example', 'admin@plant.example')
      .replace(/ [<>] \S+$/, '')
      .replace(/\b(web\.tar|containers\.json|compose\.yaml)\b/g, join(home, '$1'));
    const ran = await runHere(home, await wordsOf(plain), { input: 'correct horse battery\n' });
    expect([line, ran.code, ran.err]).toEqual([line, Number(code), expect.anything()]);
    expect(ran.out + ran.err, line).not.toBe('');
  }
});
