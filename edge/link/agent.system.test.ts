/**
 * The agent as people and machines meet it: registered, pending, approved, connected through a leaf
 * of its own, cut off, healed, killed. Real cloud, real hub, real leaf; no engine is needed here.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import '@signalbeam/launcher/rig/provided';
import { freePort } from '@signalbeam/launcher/infra/ports';
import {
  agentCommand,
  eventually,
  startAgent,
  startTestCloud,
  type TestCloud,
} from './cloud.fixture.ts';

let cloud: TestCloud;
beforeAll(async () => {
  cloud = await startTestCloud(inject('postgresUrl'));
});
afterAll(() => cloud.stop());

const fast = [
  '--heartbeat-ms',
  '1000',
  '--metrics-interval-ms',
  '200',
  '--engine-socket',
  '/nonexistent.sock',
];

type LinkAnswer = {
  state: string;
  lanes: { lane: string; backlogRows: number }[];
  gateway: { leaf: { running: boolean; restarts: number } | null };
};
const linkOf = async (console: string): Promise<LinkAnswer> =>
  (await fetch(`${console}/api/local/link`)).json() as Promise<LinkAnswer>;

const enrol = async (name: string, autoApprove: boolean) => {
  const folder = join(cloud.dir, name);
  const { token } = (await cloud.ask('POST', '/api/registration-tokens', {
    site: 'plant-7',
    autoApprove,
  })) as { token: string };
  const answer = await agentCommand(
    ['register', '--url', cloud.url, '--name', name, '--state', folder],
    { SIGNALBEAM_TOKEN: token },
  );
  expect(answer).toMatchObject({ code: 0 });
  const { deviceId } = JSON.parse(readFileSync(join(folder, 'enrolment.json'), 'utf8')) as {
    deviceId: string;
  };
  return { folder, deviceId, said: answer.stdout, token };
};

const storedSequences = async (
  deviceId: string,
  table: 'metrics' | 'events',
): Promise<string[]> => {
  const { rows } = await cloud.owner.query<{ name: string }>(
    `SELECT epoch || ':' || seq AS name FROM telemetry.${table} WHERE device_id = $1 ORDER BY 1`,
    [deviceId],
  );
  return rows.map(({ name }) => name);
};

/** Every name the device ever gave out in a lane: its epoch, and all numbers up to the last. */
const writtenSequences = (folder: string, lane: 'metrics' | 'events'): string[] => {
  const database = new Database(join(folder, lane === 'metrics' ? 'queue.db' : 'state.db'), {
    readonly: true,
  });
  const { epoch, last } = database
    .prepare('SELECT epoch, last_seq AS last FROM lanes WHERE lane = ?')
    .get(lane) as { epoch: string; last: number };
  database.close();
  return Array.from({ length: last }, (_, index) => `${epoch}:${index + 1}`).sort();
};

/** A process that ended but was not yet collected has no command line any more. */
const runs = (pid: number): boolean => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8') !== '';
  } catch {
    return false;
  }
};

// Inventory §7.9
test('a device waits politely, is approved, and sends through its own leaf', async () => {
  const { folder, deviceId, said } = await enrol('gateway', false);
  expect(said).toContain('An operator has to approve it');
  const leaf = `127.0.0.1:${await freePort()}`;
  const agent = await startAgent({
    folder,
    name: 'gateway',
    args: ['--gateway', '--leaf-listen', leaf, ...fast],
  });
  const pending = await agentCommand(['status', '--state', folder]);
  expect(pending).toMatchObject({ code: 3 });
  expect(pending.stdout).toContain('Waiting for approval');
  await cloud.ask('POST', `/api/devices/${deviceId}/approve`);
  await eventually(
    () => linkOf(agent.console),
    ({ state }) => state === 'connected',
  );
  await eventually(
    () => storedSequences(deviceId, 'metrics'),
    (names) => names.length >= 5,
  );

  const second = await agentCommand(['run', '--state', folder, '--console', 'off']);
  expect(second).toMatchObject({ code: 1 });
  expect(second.stderr).toContain('Another agent runs');

  cloud.wan.cut('clean');
  await eventually(
    () => linkOf(agent.console),
    ({ state }) => state === 'offline',
  );
  const before = (await storedSequences(deviceId, 'metrics')).length;
  await eventually(
    () => linkOf(agent.console),
    ({ lanes }) => lanes.some(({ lane, backlogRows }) => lane === 'metrics' && backlogRows > 10),
  );
  expect((await agentCommand(['status', '--state', folder])).stdout).toContain('out of reach');
  cloud.wan.heal();
  await eventually(
    () => linkOf(agent.console),
    ({ state }) => state === 'connected',
    60_000,
  );
  await eventually(
    () => storedSequences(deviceId, 'metrics'),
    (names) => names.length > before + 10,
  );

  await agent.stop();
  for (const lane of ['metrics', 'events'] as const) {
    const stored = await storedSequences(deviceId, lane);
    expect(new Set(stored).size).toBe(stored.length);
    expect(writtenSequences(folder, lane)).toEqual(expect.arrayContaining(stored));
  }
  const again = await startAgent({
    folder,
    name: 'gateway',
    args: ['--gateway', '--leaf-listen', leaf, ...fast],
  });
  await eventually(
    () => linkOf(again.console),
    ({ state }) => state === 'connected',
  );
  await eventually(
    async () => ({
      stored: await storedSequences(deviceId, 'events'),
      written: writtenSequences(folder, 'events'),
    }),
    ({ stored, written }) => JSON.stringify([...stored].sort()) === JSON.stringify(written),
  );
  await again.stop();
});

test('a killed leaf is started again, and one left by a killed agent is stopped', async () => {
  const { folder } = await enrol('gateway-b', true);
  const leaf = `127.0.0.1:${await freePort()}`;
  const args = ['--gateway', '--leaf-listen', leaf, ...fast];
  const agent = await startAgent({ folder, name: 'gateway-b', args });
  await eventually(
    () => linkOf(agent.console),
    ({ state }) => state === 'connected',
  );
  const pidOf = () => Number(readFileSync(join(folder, 'leaf/nats-server.pid'), 'utf8'));
  const first = pidOf();
  process.kill(first, 'SIGKILL');
  await eventually(
    async () => pidOf(),
    (pid) => pid !== first && pid > 0,
  );
  await eventually(
    () => linkOf(agent.console),
    ({ state }) => state === 'connected',
  );

  const orphan = pidOf();
  agent.kill('SIGKILL');
  await agent.exited;
  const again = await startAgent({ folder, name: 'gateway-b', args });
  await eventually(
    () => linkOf(again.console),
    ({ state }) => state === 'connected',
  );
  expect(pidOf()).not.toBe(orphan);
  expect(runs(orphan)).toBe(false);
  await again.stop();
});

test('a leaf that runs and does not answer is noticed, killed and started again', async () => {
  const { folder } = await enrol('gateway-c', true);
  const leaf = `127.0.0.1:${await freePort()}`;
  const args = ['--gateway', '--leaf-listen', leaf, ...fast];
  const agent = await startAgent({ folder, name: 'gateway-c', args });
  await eventually(
    () => linkOf(agent.console),
    ({ state }) => state === 'connected',
  );
  const pidOf = () => Number(readFileSync(join(folder, 'leaf/nats-server.pid'), 'utf8'));
  const stuck = pidOf();
  process.kill(stuck, 'SIGSTOP');
  await eventually(
    () => linkOf(agent.console),
    ({ gateway }) => (gateway.leaf?.restarts ?? 0) > 0,
  );
  await eventually(
    () => linkOf(agent.console),
    ({ state }) => state === 'connected',
  );
  expect(runs(stuck)).toBe(false);
  await agent.stop();
});

test('SIGKILL at any moment loses no committed event, and stores none twice', async () => {
  const { folder, deviceId } = await enrol('killed', true);
  const args = fast;
  for (let round = 0; round < 5; round += 1) {
    const agent = await startAgent({ folder, name: 'killed', args });
    await sleep(200 + 300 * round);
    agent.kill('SIGKILL');
    await agent.exited;
  }
  const agent = await startAgent({ folder, name: 'killed', args });
  await eventually(
    async () => ({
      stored: await storedSequences(deviceId, 'events'),
      written: writtenSequences(folder, 'events'),
    }),
    ({ stored, written }) =>
      written.length >= 6 && JSON.stringify([...stored].sort()) === JSON.stringify(written),
  );
  await agent.stop();
  expect((await agentCommand(['logs', '--state', folder, '--lines', '5'])).stdout).toContain(
    'Stopped',
  );
});

test('a wrong token is refused with the reason and the next step', async () => {
  const folder = join(cloud.dir, 'nobody');
  const answer = await agentCommand([
    'register',
    '--url',
    cloud.url,
    '--state',
    folder,
    '--token',
    'sbt_notatokenatall0000',
  ]);
  expect(answer.code).toBe(1);
  expect(answer.stderr).toContain('The cloud refused');
  expect(answer.stderr).not.toContain('sbt_notatokenatall');
  expect(await agentCommand(['run', '--state', folder])).toMatchObject({ code: 1 });
});
