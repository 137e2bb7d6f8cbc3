/**
 * Revocation and site keys as a real site lives them: three agents, a real cloud and hub. A member
 * is deleted while others are online, and another one while they are cut off.
 */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { timeFloorMs } from '@signalbeam/sync/core/time-floor';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import '@signalbeam/launcher/rig/provided';
import { freePort } from '@signalbeam/launcher/infra/ports';
import { readTrust } from '../store/trust-tables.ts';
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

const enrol = async (name: string) => {
  const folder = join(cloud.dir, name);
  const { token } = (await cloud.ask('POST', '/api/registration-tokens', {
    site: 'plant-7',
    autoApprove: true,
  })) as { token: string };
  const args = ['register', '--url', cloud.url, '--name', name, '--state', folder];
  expect(await agentCommand(args, { SIGNALBEAM_TOKEN: token })).toMatchObject({ code: 0 });
  const { deviceId } = JSON.parse(readFileSync(join(folder, 'enrolment.json'), 'utf8')) as {
    deviceId: string;
  };
  const { nkey } = JSON.parse(readFileSync(join(folder, 'identity.json'), 'utf8')) as {
    nkey: string;
  };
  return { folder, deviceId, nkey };
};

/** Null while the agent has not come so far. */
const storedOf = async (folder: string) => {
  if (!existsSync(join(folder, 'trust.json'))) return null;
  const database = new Database(join(folder, 'state.db'), { readonly: true });
  try {
    return readTrust(database, folder);
  } finally {
    database.close();
  }
};
/** What the agent of this folder believes, as it is on its disk. */
const believes = async ({ folder }: { folder: string }) => {
  const stored = await eventually(
    () => storedOf(folder),
    (found) => found !== null,
  );
  if (stored === null) throw new Error('nothing is believed');
  return stored.trust;
};

const quiet = ['--heartbeat-ms', '1000', '--engine-socket', '/nonexistent.sock'];

test('a removed member is out: revoked, off the roster, without the new site key', async () => {
  const [gateway, leaving, later] = [await enrol('gateway'), await enrol('b'), await enrol('c')];
  const port = await freePort();
  const agent = await startAgent({
    folder: gateway.folder,
    name: 'gateway',
    args: ['--gateway', '--leaf-listen', `127.0.0.1:${port}`, ...quiet],
  });
  const linked = () =>
    fetch(`${agent.console}/api/local/link`).then(
      (reply) => reply.json() as Promise<{ state: string }>,
    );
  await eventually(linked, ({ state }) => state === 'connected');
  const before = await eventually(
    () => believes(gateway),
    ({ members, snapshot }) => members.size === 3 && snapshot !== null,
  );
  expect(before.members.get(leaving.deviceId)).toBe(leaving.nkey);
  expect(before.siteKeyGeneration).toBe(1);
  // The cloud's signed time is the floor; this machine's clock had no part in it.
  expect(Object.keys(before.time.said).toSorted()).toEqual(
    expect.arrayContaining(['membership', 'root']),
  );
  expect(timeFloorMs(before.time)).toBeGreaterThan(Date.now() - 3_600_000);

  await cloud.ask('DELETE', `/api/devices/${leaving.deviceId}`);
  const after = await eventually(
    () => believes(gateway),
    ({ revoked, members }) => revoked.has(leaving.nkey) && members.size === 2,
    60_000,
  );
  expect(after.siteKeyGeneration).toBe(2);

  cloud.wan.cut('clean');
  await eventually(linked, ({ state }) => state === 'offline');
  await cloud.ask('DELETE', `/api/devices/${later.deviceId}`);
  cloud.wan.heal();
  const contact = await eventually(
    () => believes(gateway),
    ({ revoked }) => revoked.has(later.nkey),
    60_000,
  );
  expect([...contact.members.keys()]).toEqual([gateway.deviceId]);
  expect(contact.siteKeyGeneration).toBe(3);
  for (const [name, { version }] of before.floors) {
    expect(contact.floors.get(name)?.version).toBeGreaterThanOrEqual(version);
  }
  await agent.stop();
});

test('a device that is moved goes on at its new site: same id, same lanes, new records', async () => {
  const mover = await enrol('mover');
  const agent = await startAgent({ folder: mover.folder, name: 'mover', args: [...quiet] });
  const rows = async () => {
    const { rows: found } = await cloud.owner.query<{ epoch: string; count: number }>(
      `SELECT epoch, count(*)::int AS count FROM telemetry.events WHERE device_id = $1 GROUP BY 1`,
      [mover.deviceId],
    );
    return found;
  };
  const before = await eventually(rows, ([lane]) => (lane?.count ?? 0) > 0);
  await eventually(
    () => believes(mover),
    ({ members }) => members.has(mover.deviceId),
  );
  await cloud.ask('PATCH', `/api/devices/${mover.deviceId}`, { site: 'plant-9' });
  const after = await eventually(
    () => believes(mover),
    ({ members, snapshot }) =>
      members.size === 1 && members.has(mover.deviceId) && snapshot !== null,
  );
  expect(after.siteKeyGeneration).toBe(1);
  const linked = () =>
    fetch(`${agent.console}/api/local/link`).then(
      (reply) => reply.json() as Promise<{ state: string }>,
    );
  await eventually(linked, ({ state }) => state === 'connected');
  await agentCommand(['status', '--state', mover.folder]);
  const { rows: refusals } = await cloud.owner.query(
    `SELECT message FROM telemetry.events WHERE type = 'record-refused'`,
  );
  expect(refusals).toEqual([]);
  await agent.stop();
  const [lane] = await rows();
  expect(lane?.epoch).toBe(before[0]?.epoch);
  expect(JSON.parse(readFileSync(join(mover.folder, 'enrolment.json'), 'utf8'))).toMatchObject({
    site: 'plant-9',
    deviceId: mover.deviceId,
  });
});

test('an enrolment of before there were root records is renewed, and its trust goes on', async () => {
  const device = await enrol('old');
  const run = () => startAgent({ folder: device.folder, name: 'old', args: [...quiet] });
  const first = await run();
  await eventually(
    () => believes(device),
    ({ snapshot }) => snapshot !== null,
  );
  await first.stop();
  const path = join(device.folder, 'enrolment.json');
  const file = JSON.parse(readFileSync(path, 'utf8')) as {
    enrolment: { records?: { root: string; keyset: string } };
  };
  const { records, ...rest } = file.enrolment;
  const payload = (text: string) =>
    JSON.parse(
      Buffer.from(JSON.parse(Buffer.from(text, 'base64').toString()).payload, 'base64').toString(),
    );
  const [rootKey] = payload(records?.root ?? '').keys;
  const before = { ...file, enrolment: { ...rest, rootKey, keyset: records?.keyset } };
  writeFileSync(path, JSON.stringify(before));
  // Nothing but the pinned key: as an agent of before left it.
  rmSync(join(device.folder, 'trust.json'));
  const database = new Database(join(device.folder, 'state.db'));
  database.exec('DELETE FROM trust; DELETE FROM records');
  database.close();
  const second = await run();
  await eventually(
    () => believes(device),
    ({ root, members }) => root.version === 1 && members.has(device.deviceId),
  );
  await eventually(
    async () => JSON.parse(readFileSync(path, 'utf8')).enrolment.records,
    (now) => now?.root !== undefined,
  );
  await second.stop();
});
