/** A small fleet against a real cloud: it comes in, takes a rollout and fails where it shall, and comes back. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runHere } from '@signalbeam/cli/here.fixture';
import { eventually, startTestCloud, type TestCloud } from '@signalbeam/edge/link/cloud.fixture';
import { type Child, startChild } from '@signalbeam/launcher/infra/child';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { temperOf } from './temper.ts';

const devices = 12;
const seed = 3;
let cloud: TestCloud;
let dir: string;
let fleet: Child;
let starts = 0;

const environment = (): Record<string, string> => ({
  SIGNALBEAM_TOKEN: cloud.token,
  SIGNALBEAM_URL: cloud.url,
});
const sb = (...line: string[]) => runHere(dir, line, { environment: environment() });
const startFleet = (): string => {
  starts += 1;
  const logFile = join(dir, `fleet-${starts}.log`);
  fleet = startChild({
    ...{ name: 'fleet', command: process.execPath, logFile },
    args: [
      ...[join(import.meta.dirname, 'main.ts'), '--devices', String(devices), '--site-size', '6'],
      ...['--seed', String(seed), '--bad-version', '25', '--pace', '0.05', '--beat', '2'],
      ...['--sample-every', '1', '--folder', join(dir, 'fleet')],
    ],
    env: { PATH: process.env['PATH'] ?? '', HOME: dir, ...environment() },
  });
  return logFile;
};
const count = async (query: string): Promise<number> =>
  Number((await sb('devices', 'count', '--query', query)).out);
const untilOnline = () =>
  eventually(
    () => count('status=online'),
    (online) => online === devices,
  );

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'fleet-'));
  cloud = await startTestCloud(inject('postgresUrl'));
});
afterAll(async () => {
  await fleet?.stop();
  await cloud?.stop();
  rmSync(dir, { recursive: true, force: true });
});

it('comes in, is there, takes a rollout, fails where the seed says, and is the same fleet again', async () => {
  const log = startFleet();
  await untilOnline();
  expect(await count('site=fleet-1')).toBe(6);
  await sb('bundles', 'create', 'hello');
  const image = `registry.example/web@sha256:${'a'.repeat(64)}`;
  const containers = JSON.stringify([{ name: 'web', image }]);
  const released = await runHere(
    dir,
    ['bundles', 'release', 'hello', '1.0.0', '--containers', '-', '--json'],
    {
      ...{ environment: environment(), input: containers },
    },
  );
  const { releaseDigest } = JSON.parse(released.out);
  const behaviour = { seed, leave: 0, flap: 0, badVersion: 25 };
  const bad = Array.from({ length: devices }, (_, index) => index).filter((index) =>
    temperOf(behaviour, index, 1).isBad(releaseDigest),
  );
  const rollout = ['rollouts', 'start', 'hello', '1.0.0', '--query', 'site=fleet-*'];
  const waited = await sb(...rollout, '--wait', '--timeout', '60s', '--json');
  const { progress, id } = JSON.parse(waited.out);
  expect(progress).toMatchObject({
    total: devices,
    failed: bad.length,
    succeeded: devices - bad.length,
  });
  expect(waited.code).toBe(bad.length === 0 ? 0 : 7);
  const told = JSON.parse((await sb('rollouts', 'devices', id, '--json')).out) as {
    status: string;
    reason: string | null;
  }[];
  for (const { reason } of told.filter(({ status }) => status === 'failed')) {
    expect(reason).toContain('not healthy');
  }
  const sampled = 'SELECT count(DISTINCT device_id)::int AS count FROM telemetry.metrics';
  await eventually(
    () => cloud.owner.query<{ count: number }>(sampled),
    ({ rows: [row] }) => row?.count === devices,
  );
  await fleet.stop();
  expect(readFileSync(log, 'utf8')).toMatch(/Ready: 12 devices in \d+ MiB of memory/);
  startFleet();
  await eventually(
    () => sb('devices', 'list', '--all', '--json'),
    ({ out }) =>
      (JSON.parse(out) as { presence: string }[]).every(({ presence }) => presence === 'online'),
  );
  expect(await count('site=fleet-*')).toBe(devices);
});
