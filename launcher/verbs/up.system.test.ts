/**
 * `up`, `status` and `down` as a person runs them, in a home of their own: everything comes up, the
 * sample bundle runs on real containers, killed parts come back, data survives, nothing is left.
 */
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { z } from 'zod';
import { signIn } from '../demo/api.ts';
import { unixHttp } from '../infra/unix-http.ts';
import { repositoryDir } from '../places.ts';

const home = mkdtempSync(join(tmpdir(), 'sb-up-'));

const signalbeam = (...args: string[]): Promise<{ code: number; out: string }> =>
  new Promise((resolve) => {
    execFile(
      process.execPath,
      [join(repositoryDir, 'launcher/main.ts'), ...args],
      { env: { ...process.env, SIGNALBEAM_HOME: home } },
      (error, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === 'number' ? error.code : 1;
        resolve({ code, out: stdout + stderr });
      },
    );
  });

const statusSchema = z.object({
  pid: z.int(),
  url: z.string(),
  processes: z.array(
    z.object({ name: z.string(), pid: z.int().nullable(), state: z.string(), restarts: z.int() }),
  ),
});
const readStatus = async () =>
  statusSchema.parse(JSON.parse((await signalbeam('status', '--json')).out));

const account = () =>
  z
    .object({ email: z.string(), password: z.string() })
    .parse(JSON.parse(readFileSync(join(home, 'admin.json'), 'utf8')));

const openApi = async () => {
  const { email, password } = account();
  return signIn((await readStatus()).url, email, password);
};

const listContainers = async (): Promise<string[]> => {
  const ids = readdirSync(join(home, 'site')).flatMap((name) => {
    const file = join(home, 'site', name, 'enrolment.json');
    return existsSync(file) ? [/"deviceId": ?"([^"]+)/.exec(readFileSync(file, 'utf8'))?.[1]] : [];
  });
  const { body } = await unixHttp(inject('dockerSocket'), 'GET', '/v1.41/containers/json');
  return z
    .array(z.object({ Id: z.string(), Labels: z.record(z.string(), z.string()) }))
    .parse(JSON.parse(body))
    .filter(({ Labels }) => ids.includes(Labels['io.signalbeam.device']))
    .map(({ Id }) => Id)
    .sort();
};

beforeAll(async () => {
  const up = await signalbeam(
    'up',
    '--engine',
    'docker',
    '--engine-socket',
    inject('dockerSocket'),
  );
  expect(up.code, up.out).toBe(0);
  expect(up.out).toContain(account().password);
}, 240_000);

afterAll(async () => {
  await signalbeam('down', '--wipe', '--yes');
  rmSync(home, { recursive: true, force: true });
}, 120_000);

test('the demo site is enrolled and runs the sample bundle', async () => {
  const api = await openApi();
  const { devices } = await api.call(
    'GET',
    '/api/devices',
    z.object({ devices: z.array(z.object({ name: z.string(), registrationStatus: z.string() })) }),
  );
  expect(devices.map(({ name }) => name).sort()).toEqual(['gateway-1', 'gateway-2', 'gateway-3']);
  expect(devices.every(({ registrationStatus }) => registrationStatus === 'approved')).toBe(true);
  const { rollouts } = await api.call(
    'GET',
    '/api/rollouts',
    z.object({ rollouts: z.array(z.object({ version: z.string(), status: z.string() })) }),
  );
  expect(rollouts).toEqual([{ version: '1.0.0', status: 'succeeded' }]);
  expect(await listContainers()).toHaveLength(3);
});

test('the agents run the bundle that a gateway has', async () => {
  const { processes } = await readStatus();
  const commandLines = processes
    .filter(({ name }) => name.startsWith('gateway-'))
    .map(({ pid }) => readFileSync(`/proc/${pid}/cmdline`, 'utf8'));
  expect(commandLines).toHaveLength(3);
  for (const line of commandLines) {
    expect(line).toContain(join(repositoryDir, 'edge/dist/agent.cjs'));
  }
});

test('a part that is killed comes back by itself', async () => {
  const before = await readStatus();
  const cloud = before.processes.find(({ name }) => name === 'cloud');
  process.kill(cloud?.pid ?? 0, 'SIGKILL');
  const deadline = performance.now() + 30_000;
  for (;;) {
    const now = (await readStatus()).processes.find(({ name }) => name === 'cloud');
    if (now?.state === 'running' && now.restarts === 1) break;
    if (performance.now() > deadline)
      throw new Error(`cloud did not come back: ${JSON.stringify(now)}`);
    await sleep(200);
  }
  await openApi();
});

test('a second up while it runs only tells', async () => {
  const { pid } = await readStatus();
  const again = await signalbeam('up');
  expect(again.code).toBe(0);
  expect(again.out).toContain('Technician');
  expect((await readStatus()).pid).toBe(pid);
});

test('down leaves containers running; up is back in ten seconds with its data', async () => {
  const containers = await listContainers();
  const down = await signalbeam('down');
  expect(down).toMatchObject({ code: 0 });
  expect(down.out).toContain('Containers go on running');
  expect((await signalbeam('status')).code).toBe(3);
  expect(await listContainers()).toEqual(containers);
  const took: number[] = [];
  // What it takes is its best of three: other tests have the machine, too.
  for (let round = 0; round < 3 && (took.at(-1) ?? 10_000) >= 10_000; round += 1) {
    if (round > 0) expect((await signalbeam('down')).code).toBe(0);
    const began = performance.now();
    expect((await signalbeam('up')).code).toBe(0);
    took.push(performance.now() - began);
  }
  expect(Math.min(...took), `each took ${took.join(', ')}`).toBeLessThan(10_000);
  await openApi();
  expect(await listContainers()).toEqual(containers);
});

test('a killed supervisor takes its processes with it, and up starts anew', async () => {
  const { pid, processes } = await readStatus();
  process.kill(pid, 'SIGKILL');
  const deadline = performance.now() + 20_000;
  const alive = () => processes.filter((one) => existsSync(`/proc/${one.pid}`));
  while (alive().length > 0 && performance.now() < deadline) await sleep(100);
  expect(alive()).toEqual([]);
  expect((await signalbeam('up')).code).toBe(0);
});

test('wipe removes containers and data', async () => {
  const containers = await listContainers();
  expect(containers).toHaveLength(3);
  const wiped = await signalbeam('down', '--wipe', '--yes');
  expect(wiped, wiped.out).toMatchObject({ code: 0 });
  expect(existsSync(join(home, 'site'))).toBe(false);
  const { body } = await unixHttp(inject('dockerSocket'), 'GET', '/v1.41/containers/json?all=true');
  for (const id of containers) expect(body).not.toContain(id);
  expect(existsSync(join(home, 'admin.json'))).toBe(false);
});
