/**
 * `up` when something is in its way, as a person meets it: no engine, twice at once, Ctrl-C, a
 * killed supervisor, a taken port, no room. Each time it says what is so and what to do, and leaves
 * the machine in order. In a home of its own, without containers.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { repositoryDir } from '../places.ts';

const folder = mkdtempSync(join(tmpdir(), 'sb-mishaps-'));
const home = join(folder, 'home');

const start = (args: readonly string[], where = home) => {
  const child = spawn(process.execPath, [join(repositoryDir, 'launcher/main.ts'), ...args], {
    env: { ...process.env, SIGNALBEAM_HOME: where },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let out = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      out += chunk;
    });
  }
  const done = once(child, 'close').then(([code]) => ({ code: code as number, out }));
  return { child, done, said: () => out };
};
const signalbeam = (...args: string[]) => start(args).done;
const noEngine = ['--engine', 'docker', '--engine-socket', join(folder, 'no.sock')];

const runSchema = z.object({
  pid: z.int(),
  ports: z.object({ api: z.int() }),
  processes: z.array(z.object({ pid: z.int().nullable() })),
});
const readRun = async () => {
  const { code, out } = await signalbeam('status', '--json');
  return code === 0 ? runSchema.parse(JSON.parse(out)) : null;
};
const isGone = (pid: number | null): boolean => {
  try {
    process.kill(pid ?? 0, 0);
    return false;
  } catch {
    return true;
  }
};

beforeAll(() => mkdirSync(home));
afterAll(async () => {
  await signalbeam('down', '--wipe', '--yes');
  rmSync(folder, { recursive: true, force: true });
}, 60_000);

test('without an engine it says so, offers one, and starts the rest; twice at once is once', async () => {
  const [first, second] = await Promise.all([
    signalbeam('up', ...noEngine),
    signalbeam('up', ...noEngine),
  ]);
  const told = `${first.out}\n${second.out}`;
  expect([first.code, second.code], told).toEqual([0, 0]);
  expect(told).toContain('No container engine answers');
  expect(told).toContain('--install-engine');
  expect(told).toContain('Waiting for another `up`');
  expect(told.match(/Ready in/g)).toHaveLength(1);
  const addresses = [first.out, second.out].map((out) => /Console +(\S+)/.exec(out)?.[1]);
  expect(addresses[0]).toBe(addresses[1]);
  const health = await fetch(`${addresses[0]}/readyz`);
  expect(health.status).toBe(200);
});

test('a killed supervisor is told of, leaves no process, and the next up starts anew', async () => {
  const run = await readRun();
  process.kill(run?.pid ?? 0, 'SIGKILL');
  await vi.waitFor(() => {
    for (const { pid } of run?.processes ?? []) expect(isGone(pid)).toBe(true);
  }, 20_000);
  const { code, out } = await signalbeam('status');
  expect(code).toBe(3);
  expect(out).toContain(`process ${run?.pid} is gone`);
  expect(await signalbeam('up')).toMatchObject({ code: 0 });
  expect((await readRun())?.pid).not.toBe(run?.pid);
  expect(await signalbeam('down')).toMatchObject({ code: 0 });
});

test('Ctrl-C leaves it starting and says how to go on', async () => {
  const up = start(['up']);
  await vi.waitFor(() => expect(readFileSync(join(home, 'run.json'), 'utf8')).toContain('pid'), {
    timeout: 20_000,
    interval: 20,
  });
  up.child.kill('SIGINT');
  const { code, out } = await up.done;
  expect(code).toBe(130);
  expect(out).toContain('./signalbeam down stops it');
  expect(await signalbeam('up')).toMatchObject({ code: 0 });
  expect(await signalbeam('down')).toMatchObject({ code: 0 });
});

test('a port that devices know and another program has stops the start, in words', async () => {
  const ports = JSON.parse(readFileSync(join(home, 'ports.json'), 'utf8')) as { api: number };
  const other = createServer().listen(ports.api, '127.0.0.1');
  await once(other, 'listening');
  const { code, out } = await signalbeam('up');
  other.close();
  expect(code).toBe(1);
  expect(out).toContain(`Port ${ports.api} (api) is used by another program`);
  expect(out).toContain('down --wipe');
  const status = await signalbeam('status');
  expect(status.code).toBe(3);
  expect(status.out).toContain('The last start failed: Port');
});

test('a disk without room stops the start before anything is written', async () => {
  const small = join(folder, 'small');
  mkdirSync(small);
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64m', 'tmpfs', small]);
  try {
    const { code, out } = await start(['up', ...noEngine], small).done;
    expect(code, out).toBe(1);
    expect(out).toContain('(disk-nearly-full)');
    expect(out).toContain('64 MB free');
    expect(execFileSync('ls', ['-A', small], { encoding: 'utf8' })).toBe('');
  } finally {
    execFileSync('umount', [small]);
  }
});

test('a wrong command line is refused with a hint and does nothing', async () => {
  for (const [args, hint] of [
    [['upp'], 'Did you mean up?'],
    [['up', '--engien', 'docker'], 'Did you mean --engine?'],
    [['up', '--engine', 'rkt'], 'docker, podman, none'],
    [['up', 'now'], 'one word too many'],
    [['status', '--jsn'], 'Did you mean --json?'],
    [['down', '--wipe'], '--yes'],
  ] as const) {
    const { code, out } = await signalbeam(...args);
    expect([args, code]).toEqual([args, 2]);
    expect(out).toContain(hint);
  }
  expect(await readRun()).toBe(null);
});
