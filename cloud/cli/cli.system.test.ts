/** Each command against a real cloud's process, and each way in which one can end. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { makeDevice } from '@signalbeam/device-manager/rig.suite';
import { startTestCloud, type TestCloud } from '@signalbeam/edge/link/cloud.fixture';
import { compileCache } from '@signalbeam/launcher/infra/compile-cache';
import { freePort } from '@signalbeam/launcher/infra/ports';
import { buildImageTar } from '@signalbeam/launcher/rig/image';
import { uploadPartBytes } from '@signalbeam/sync/core/limits';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { commands } from './commands/all.ts';
import { type Here, linesOf, type Ran, runHere } from './here.fixture.ts';

const email = 'admin@plant.example';
const password = 'correct horse battery';
const main = join(import.meta.dirname, 'main.ts');
const containers = [{ name: 'web', image: `registry.example/web@sha256:${'a'.repeat(64)}` }];
let cloud: TestCloud;
let home: string;
const used = new Set<string>();

const sb = (line: string[], here: Here = {}): Promise<Ran> => {
  const named = [2, 1].map((count) => line.slice(0, count).join(' '));
  const name = named.find((each) => commands.some((command) => command.name === each));
  if (name !== undefined) used.add(name);
  return runHere(home, line, here);
};
const ok = async (line: string[], here: Here = {}): Promise<string> => {
  const ran = await sb(line, here);
  expect([line.join(' '), ran.code, ran.err]).toEqual([line.join(' '), 0, expect.anything()]);
  return ran.out;
};
const json = async <T>(line: string[]): Promise<T> =>
  JSON.parse(await ok([...line, '--json'])) as T;
const register = async (token: string, name: string): Promise<string> => {
  const registration = { ...makeDevice().registration(token), name };
  return ((await cloud.ask('POST', '/api/devices', registration)) as { deviceId: string }).deviceId;
};

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'cli-'));
  cloud = await startTestCloud(inject('postgresUrl'));
  writeFileSync(join(home, 'containers.json'), JSON.stringify(containers));
  const login = ['login', '--url', cloud.url, '--email', email];
  await ok([...login, '--password-stdin'], { input: `${password}\n` });
  const { token } = await json<{ token: string }>(['tokens', 'create', 'plant-7', '--uses', '9']);
  for (const name of ['gateway-1', 'gateway-2', 'pump', 'twin', 'twin'])
    await register(token, name);
});
afterAll(async () => {
  await cloud?.stop();
  rmSync(home, { recursive: true, force: true });
});

describe('signing in', () => {
  it('keeps the token in a file of its own, and shows it nowhere', async () => {
    const path = join(home, '.config/signalbeam/credentials.json');
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const { token } = JSON.parse(readFileSync(path, 'utf8')).profiles.default;
    const asked = await sb(['login', '--url', cloud.url, '--profile', 'second'], {
      answers: [email, password],
    });
    expect(asked).toMatchObject({ code: 0, out: expect.stringContaining('Signed in to plant') });
    expect(asked.out + asked.err).not.toMatch(new RegExp(`${token}|${password}`));
    expect(await ok(['profiles', 'list'])).toMatch(/\* +second/);
    await ok(['profiles', 'use', 'default']);
    expect(await ok(['whoami'])).toContain(email);
    await ok(['logout', '--profile', 'second']);
    expect((await sb(['whoami', '--profile', 'second'])).code).toBe(3);
    expect((await sb(['whoami'])).code).toBe(0);
  });

  it('is by the environment too, and a token goes to no other address', async () => {
    const { token } = cloud;
    const environment = {
      HOME: '/nonexistent',
      SIGNALBEAM_TOKEN: token,
      SIGNALBEAM_URL: cloud.url,
    };
    expect(await ok(['whoami', '--json'], { environment })).toContain(email);
    const elsewhere = await sb(['whoami', '--url', 'http://127.0.0.2:1']);
    expect(elsewhere).toMatchObject({ code: 3, err: expect.stringContaining('not-signed-in') });
    const wrong = await sb(['login', '--email', email, '--password-stdin'], { input: 'wrong' });
    expect(wrong).toMatchObject({ code: 3, err: expect.stringContaining('invalid-credentials') });
  });
});

describe('a sign-in whose token is over', () => {
  it('is renewed without the password, and kept', async () => {
    const path = join(home, '.config/signalbeam/credentials.json');
    const read = () => JSON.parse(readFileSync(path, 'utf8'));
    const before = read();
    before.profiles.default.token = `${before.profiles.default.token.slice(0, -6)}xxxxxx`;
    writeFileSync(path, JSON.stringify(before));
    expect(await ok(['whoami'])).toContain(email);
    const after = read().profiles.default;
    expect(after.refreshToken).not.toBe(before.profiles.default.refreshToken);
    expect(after.token).not.toBe(before.profiles.default.token);
  });
});

describe('devices', () => {
  it('are listed, counted, shown and told apart', async () => {
    expect(await ok(['devices', 'list'])).toMatch(/NAME +SITE.*\ngateway-1 +plant-7 +pending/);
    expect((await json<unknown[]>(['devices', 'list', '--query', 'name=gateway*'])).length).toBe(2);
    const lines = await ok(['devices', 'list', '--all', '--jsonl']);
    expect(
      lines
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).site),
    ).toEqual(Array(5).fill('plant-7'));
    const first = await sb(['devices', 'list', '--limit', '2']);
    expect(first.out.trim().split('\n')).toHaveLength(3);
    expect(first.err).toContain('first 2');
    expect(await ok(['devices', 'count', '--status', 'pending'])).toBe('5\n');
    expect(await ok(['devices', 'show', 'pump'])).toMatch(/^name +pump/);
    expect(await sb(['devices', 'show', 'twin'])).toMatchObject({ code: 5 });
    expect(await sb(['devices', 'show', 'nobody'])).toMatchObject({ code: 4, out: '' });
  });

  it('fit the terminal, in colour only there and only if wanted', async () => {
    const wide = await ok(['devices', 'list'], { columns: 60 });
    expect(wide).toContain('\u001b[');
    const bare = await ok(['devices', 'list'], { columns: 60, environment: { NO_COLOR: '1' } });
    expect(bare).not.toContain('\u001b');
    for (const line of bare.trimEnd().split('\n')) expect(line.length).toBeLessThanOrEqual(60);
    expect(await ok(['devices', 'list'])).not.toContain('\u001b');
  });

  it('show where a query can’t be read', async () => {
    const refused = await sb(['devices', 'list', '--query', 'site=plant-7 AND ring=']);
    expect(refused.code).toBe(2);
    const [, text = '', marks = ''] = refused.err.split('\n');
    expect(text).toContain('site=plant-7 AND ring=');
    expect(marks.indexOf('^')).toBeGreaterThanOrEqual(text.indexOf('ring='));
  });

  it('are let in, turned away, changed one by one and many at once', async () => {
    expect(await ok(['devices', 'approve', 'gateway-1', 'gateway-2'])).toContain(
      '2 devices changed',
    );
    expect(await ok(['devices', 'approve', '--query', 'name=pump'])).toContain('1 device changed');
    const rejected = await sb(['devices', 'reject', '--query', 'status=pending', '--reason', 'no']);
    expect(rejected).toMatchObject({ code: 0, out: expect.stringContaining('2 devices changed') });
    const again = await sb(['devices', 'reject', 'pump']);
    expect(again).toMatchObject({ code: 1, out: expect.stringContaining('refused') });
    const many = ['devices', 'tag', '--query', 'name=gateway*', 'ring=canary', 'fast'];
    expect(await ok([...many, '--dry-run'])).toContain('2 devices');
    expect(await ok(['devices', 'count', '--query', 'ring=canary'])).toBe('0\n');
    expect(await ok(many)).toContain('2 devices changed');
    expect(await ok(['devices', 'tag', '--device', 'gateway-2', '--remove', 'fast'])).toContain(
      '1 device',
    );
    expect(await ok(['tags', 'list', '--key', 'ring'])).toMatch(/ring=canary +2/);
    await ok(['devices', 'edit', 'pump', '--name', 'Pump house']);
    expect(await ok(['devices', 'activity', 'Pump house', '--jsonl'])).toContain('device.approve');
    await ok(['devices', 'events', 'gateway-1']);
    expect(await sb(['devices', 'tag', 'ring=late'])).toMatchObject({ code: 2 });
  });

  it('are deleted only when somebody says so', async () => {
    const line = ['devices', 'delete', '--query', 'status=rejected'];
    const nobody = await sb(line);
    expect(nobody).toMatchObject({ code: 2, err: expect.stringContaining('--yes') });
    expect(await sb(line, { answers: ['no'] })).toMatchObject({ code: 1 });
    expect(await ok(['devices', 'count', '--status', 'rejected'])).toBe('2\n');
    expect(await ok(line, { answers: ['yes'] })).toContain('2 devices changed');
    expect(await ok(['devices', 'count', '--status', 'rejected'])).toBe('0\n');
  });
});

describe('groups, tokens and sites', () => {
  it('are made, seen, changed and deleted', async () => {
    await ok(['groups', 'create', 'canaries', '--query', 'ring=canary']);
    await ok(['groups', 'create', 'night', '--description', 'Night shift']);
    expect(await sb(['groups', 'create', 'night'])).toMatchObject({ code: 5 });
    expect(await ok(['groups', 'list'])).toMatch(/canaries +dynamic +ring=canary/);
    expect(await ok(['groups', 'show', 'canaries'])).toMatch(/members +2/);
    const spread = await sb(['groups', 'metrics', 'canaries', '--range', '7d', '--step', '1d']);
    expect(spread).toMatchObject({
      code: 0,
      err: expect.stringContaining('Over 2 devices, from days'),
    });
    const ofSite = [
      'sites',
      'metrics',
      'plant-7',
      '--metric',
      'temperatureCelsius',
      '--each',
      'max',
    ];
    expect((await sb(ofSite)).err).toContain('from minutes; a point is 300 s.');
    await ok(['groups', 'add', 'night', 'gateway-1', 'Pump house']);
    await ok(['groups', 'remove', 'night', 'gateway-1']);
    expect(await ok(['groups', 'members', 'night'])).toMatch(/Pump house +plant-7/);
    await ok(['groups', 'edit', 'night', '--name', 'late']);
    expect(await ok(['groups', 'show', 'late'])).toContain('Night shift');
    await ok(['groups', 'delete', 'late', '--yes']);
    expect(await sb(['groups', 'show', 'late'])).toMatchObject({ code: 4 });
    await ok(['sites', 'create', 'plant-9', '--title', 'Nine']);
    await ok(['sites', 'edit', 'plant-9', '--title', 'Plant nine']);
    expect(await ok(['sites', 'list'])).toMatch(/plant-9 +Plant nine +0/);
    await ok(['sites', 'delete', 'plant-9', '--yes']);
    const { prefix } = await json<{ prefix: string }>([
      ...['tokens', 'create', 'plant-7', '--days', '2', '--approve', '--tag', 'ring=late'],
    ]);
    await ok(['tokens', 'revoke', prefix, '--yes']);
    expect(await ok(['tokens', 'list'])).toMatch(new RegExp(`${prefix} +plant-7 +revoked`));
  });
});

describe('bundles and rollouts', () => {
  it('go from an image to devices, watched or not', async () => {
    const tar = join(home, 'image.tar');
    writeFileSync(tar, buildImageTar({ name: 'app', tag: '1', command: ['sleep', '1'] }).tar);
    expect(await ok(['images', 'upload', tar, '--name', 'team/app'])).toContain('sha256:');
    expect(await ok(['images', 'list'])).toContain('team/app');
    const copy = join(home, 'copy.tar');
    expect(await ok(['images', 'download', 'team/app:1', '--to', copy])).toContain('bytes');
    expect(await ok(['images', 'upload', copy, '--name', 'team/app'])).toBe(
      await ok(['images', 'upload', tar, '--name', 'team/app']),
    );
    expect(await sb(['images', 'download', 'team/app', '--to', copy])).toMatchObject({ code: 2 });
    expect(await sb(['images', 'download', 'team/none'])).toMatchObject({ code: 4 });
    const opened = await fetch((await ok(['images', 'link', 'team/app', '--minutes', '1'])).trim());
    expect([opened.status, (await opened.arrayBuffer()).byteLength]).toEqual([
      ...[200, readFileSync(copy).byteLength],
    ]);
    // Larger than one part: what follows the end of an archive is nothing.
    writeFileSync(tar, Buffer.alloc(uploadPartBytes), { flag: 'a' });
    const cut = new AbortController();
    cut.abort();
    expect(await sb(['images', 'upload', tar], { stopped: cut.signal })).toMatchObject({
      ...{ code: 130, err: expect.stringContaining('same command again') },
    });
    const inParts = await sb(['images', 'upload', tar, '--name', 'team/large']);
    expect(inParts).toMatchObject({ code: 0, err: expect.stringContaining('2 of 2 parts') });
    const file = ['--containers', join(home, 'containers.json')];
    await ok(['bundles', 'create', 'hello']);
    expect(await ok(['bundles', 'validate', ...file])).toContain('could be released');
    const bad = await sb(['bundles', 'validate', '--containers', '-'], { input: '[{"name":"x"}]' });
    expect(bad).toMatchObject({ code: 1, out: expect.stringContaining('containers') });
    const compose = 'services: {web: {image: "10.0.0.1/web:1"}}';
    const tagged = ['bundles', 'import-compose', '-', '--resolve-tags'];
    expect(await sb(tagged, { input: compose })).toMatchObject({
      ...{ code: 1, err: expect.stringContaining('10.0.0.1 can’t be asked from here') },
    });
    for (const version of ['1.0.0', '1.1.0'])
      await ok(['bundles', 'release', 'hello', version, ...file]);
    expect(await ok(['bundles', 'versions', 'hello'])).toMatch(/1\.1\.0[\s\S]*1\.0\.0/);
    expect(await ok(['bundles', 'list'])).toMatch(/hello +1\.1\.0 +2/);
    await ok(['devices', 'assign', 'Pump house', 'hello', '1.0.0']);
    const start = ['rollouts', 'start', 'hello', '1.1.0', '--query', 'ring=canary'];
    const waited = await sb([...start, '--wait', '--timeout', '1s', '--json']);
    expect(waited.code).toBe(8);
    const { id } = JSON.parse(waited.out);
    expect(await ok(['rollouts', 'list'])).toContain(id);
    const dry = await sb(['rollouts', 'start', 'hello', '1.1.0', 'gateway-2', '--dry-run']);
    expect(dry).toMatchObject({ code: 5 });
    expect(dry.out).toContain('would start  no: Another rollout');
    expect(await ok(['rollouts', 'devices', id])).toContain('gateway-2');
    expect((await sb(['rollouts', 'failures', id])).err).toContain('No device has failed.');
    expect(await ok(['rollouts', 'show', id])).toContain('0 of 2 devices done');
    expect(await sb(['rollouts', 'retry', id])).toMatchObject({ code: 5 });
    const stop = new AbortController();
    const watching = sb(['rollouts', 'show', id, '--wait'], { answers: [], stopped: stop.signal });
    stop.abort();
    expect(await watching).toMatchObject({ code: 130 });
    expect(await ok(['rollouts', 'pause', id])).toContain('paused');
    expect(await sb(['rollouts', 'show', id, '--wait'])).toMatchObject({ code: 8 });
    expect(await ok(['rollouts', 'resume', id])).toContain('in-progress');
    const ignore = ['rollouts', 'ignore-site-windows', id];
    expect(await sb(ignore)).toMatchObject({ code: 2 });
    expect(await ok([...ignore, '--reason', 'A hole'])).toContain('waited for: A hole');
    expect(await ok(['rollouts', 'heed-site-windows', id])).not.toContain('A hole');
    expect(await sb(['rollouts', 'approve', id])).toMatchObject({ code: 5 });
    expect(await sb(['rollouts', 'advance', id, '--yes'])).toMatchObject({ code: 5 });
    const asked = await sb(['rollouts', 'cancel', id]);
    expect(asked).toMatchObject({ code: 2 });
    expect(asked.err).toContain('2 devices have not finished and go back to what they ran before.');
    expect(await ok(['rollouts', 'cancel', id, '--yes'])).toContain('cancelled');
    expect(await sb(['rollouts', 'rollback', id, '--yes'])).toMatchObject({ code: 5 });
    expect(await sb(['rollouts', 'show', id, '--wait'])).toMatchObject({ code: 7 });
  });
});

describe('people, the audit log, and whatever has no command', () => {
  it('are within reach', async () => {
    expect(await ok(['users', 'list'])).toMatch(new RegExp(`${email}.*admin`));
    expect(await ok(['users', 'edit', email, '--name', 'Ann'])).toContain('is admin');
    expect(await sb(['users', 'edit', email, '--disable'])).toMatchObject({ code: 5 });
    expect(await ok(['audit', 'list', '--limit', '3', '--jsonl'])).toContain('"action"');
    const signedIn = ['audit', 'list', '--action', 'user.sign-in', '--jsonl'];
    expect(await ok(signedIn)).toContain(email);
    expect(await ok(['audit', 'verify'])).toContain(' 0 faults');
    expect(await ok(['users', 'invite', 'bea@plant.example', '--role', 'viewer'])).not.toBe('');
    expect(await ok(['api', 'get', '/api/devices/count'])).toContain('"devices"');
    const made = await ok(['api', 'post', '/api/sites', '--body', '-'], {
      input: '{"name":"x-1"}',
    });
    expect(JSON.parse(made).name).toBe('x-1');
    expect(await sb(['api', 'delete', '/api/sites/x-2'])).toMatchObject({ code: 4 });
  });
});

describe('alerts', () => {
  it('are silenced and told again; one that is not there is not found', async () => {
    const silence = ['silences', 'create', 'The switch is replaced', '--site', 'plant-7'];
    const { id } = await json<{ id: string }>([...silence, '--for', '2h']);
    expect(await ok(['silences', 'end', id])).toContain('The silence is over.');
    for (const verb of ['show', 'resolve'])
      expect([verb, (await sb(['alerts', verb, id])).code]).toEqual([verb, 4]);
  });
});

describe('dead letters', () => {
  it('that are not there are not found', async () => {
    for (const verb of ['show', 'replay'])
      expect([verb, (await sb(['dead-letters', verb, 'ingest-1'])).code]).toEqual([verb, 4]);
    expect((await sb(['dead-letters', 'discard', 'ingest-1'])).code).toBe(2);
    expect((await sb(['dead-letters', 'discard', 'ingest-1', '--yes'])).code).toBe(4);
    expect((await sb(['dead-letters', 'replay'])).code).toBe(2);
  });
});

describe('the program', () => {
  const program = promisify(execFile);
  const started = (args: string[], environment: Record<string, string> = {}) =>
    program(process.execPath, [main, ...args], {
      env: { PATH: process.env['PATH'], HOME: home, ...compileCache(), ...environment },
    }).then(
      ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
      (error: { code: number; stdout: string; stderr: string }) => error,
    );

  it('runs alone against any cloud by its address, and ends with the code of what happened', async () => {
    const [good, usage, away] = await Promise.all([
      started(['devices', 'count', '--json']),
      started(['devices', 'list', '--colour', 'red']),
      started(['whoami'], {
        SIGNALBEAM_TOKEN: 'x',
        SIGNALBEAM_URL: `http://127.0.0.1:${await freePort()}`,
      }),
    ]);
    expect(good).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/"devices": 3/),
      stderr: '',
    });
    expect(usage).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringContaining('--colour'),
    });
    expect(away).toMatchObject({ code: 6, stderr: expect.stringContaining("can't be reached") });
  });

  it('is one file that needs nothing beside it', async () => {
    const vite = join(import.meta.dirname, '../../node_modules/.bin/vite');
    await program(vite, ['build', '--outDir', join(home, 'alone')], { cwd: import.meta.dirname });
    const file = join(home, 'alone/signalbeam.mjs');
    const { stdout } = await program(process.execPath, [file, 'whoami', '--json'], {
      env: { HOME: home, PATH: '/usr/bin:/bin' },
    });
    expect(JSON.parse(stdout).email).toBe(email);
  });

  it('completes in bash', async () => {
    const script = await ok(['completion', 'bash']);
    // Those are run by themselves in shells.test.ts. zsh reads the first line, and the last one answers.
    expect(await ok(['completion', 'fish'])).toContain('__complete');
    const ofZsh = (await ok(['completion', 'zsh'])).trim().split('\n');
    expect([ofZsh[0], ofZsh.at(-1)]).toEqual([
      '#compdef signalbeam',
      `if [ "\${funcstack[1]}" = _signalbeam ]; then _signalbeam "$@"; fi`,
    ]);
    const ask = `signalbeam() { '${process.execPath}' '${main}' "$@"; }
${script}
COMP_WORDS=(signalbeam rollouts st); COMP_CWORD=2; _signalbeam; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const { stdout } = await program('bash', ['-c', ask]);
    expect(stdout).toBe('start\n');
  });

  it('has no command that was not run here or in its document, and describes the served API', async () => {
    // Those of the document are run line by line in docs.system.test.ts.
    for (const line of linesOf('docs/cli.md')) {
      const words = line.split(' ').slice(1);
      for (const count of [2, 1]) used.add(words.slice(0, count).join(' '));
    }
    expect(commands.map(({ name }) => name).filter((name) => !used.has(name))).toEqual([]);
    const { apiDocument } = await import('@signalbeam/cloud/api-document');
    expect(await (await fetch(`${cloud.url}/openapi.json`)).json()).toEqual(
      JSON.parse(JSON.stringify(apiDocument())),
    );
  });
});
