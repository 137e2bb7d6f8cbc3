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
import { openCarrier } from '@signalbeam/sync/nats/nats-carrier';
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

  const leaf = `nats://127.0.0.1:${port}`;
  // By the key that the roster names: a leaf asks for no credentials of the cloud's.
  const noCredentials = 'none';
  expect(await letsIn(leaving.folder, noCredentials, leaf)).toBe(true);
  await cloud.ask('DELETE', `/api/devices/${leaving.deviceId}`);
  const after = await eventually(
    () => believes(gateway),
    ({ revoked, members }) => revoked.has(leaving.nkey) && members.size === 2,
    60_000,
  );
  expect(after.siteKeyGeneration).toBe(2);
  // Its key is as it was; the leaf goes by the roster.
  await eventually(
    () => letsIn(leaving.folder, noCredentials, leaf),
    (isIn) => !isIn,
  );

  cloud.wan.cut('clean');
  await eventually(linked, ({ state }) => state === 'offline');
  await cloud.ask('DELETE', `/api/devices/${later.deviceId}`);
  cloud.wan.heal();
  const contact = await eventually(
    () => believes(gateway),
    ({ revoked, members }) => revoked.has(later.nkey) && members.size === 1,
    60_000,
  );
  expect([...contact.members.keys()]).toEqual([gateway.deviceId]);
  expect(contact.siteKeyGeneration).toBe(3);
  for (const [name, { version }] of before.floors) {
    expect(contact.floors.get(name)?.version).toBeGreaterThanOrEqual(version);
  }
  await agent.stop();
});

type Enrolled = { site: string; deviceId: string; enrolment: { nats: { deviceJwt: string } } };
const enrolmentOf = ({ folder }: { folder: string }): Enrolled =>
  JSON.parse(readFileSync(join(folder, 'enrolment.json'), 'utf8'));

/** Whether the hub, or a leaf, lets the device in by these credentials. */
const letsIn = async (folder: string, jwt: string, url = cloud.hubUrl): Promise<boolean> => {
  const { seed } = JSON.parse(readFileSync(join(folder, 'identity.json'), 'utf8'));
  const answer = Promise.withResolvers<boolean>();
  const carrier = openCarrier({
    urls: [url],
    credentials: () => ({ jwt, seed }),
    inboxPrefix: '_INBOX.test',
    name: 'a test',
    random: () => 0.5,
    log: () => {},
    refused: () => answer.resolve(false),
  });
  carrier.onStatus((status) => answer.resolve(status === 'connected'));
  const isIn = await answer.promise;
  await carrier.close();
  return isIn;
};

const linkStateOf = ({ console }: { console: string }) =>
  fetch(`${console}/api/local/link`).then((reply) => reply.json() as Promise<{ state: string }>);
const untilLinked = (agent: { console: string }) =>
  eventually(
    () => linkStateOf(agent),
    ({ state }) => state === 'connected',
  );
const generationOf = ({ console }: { console: string }) =>
  fetch(`${console}/api/local/device`).then(
    async (reply) => ((await reply.json()) as { generation: number }).generation,
  );

const asksToRun = async (deviceId: string, version: string): Promise<void> => {
  const bundles = (await cloud.ask('GET', '/api/bundles')) as {
    bundles: { id: string; name: string }[];
  };
  const known = bundles.bundles.find(({ name }) => name === 'moved');
  const { id } =
    known ?? ((await cloud.ask('POST', '/api/bundles', { name: 'moved' })) as { id: string });
  const image = `registry.example/web@sha256:${'a'.repeat(64)}`;
  await cloud.ask('POST', `/api/bundles/${id}/versions`, {
    version,
    containers: [{ name: 'web', image }],
  });
  await cloud.ask('POST', `/api/devices/${deviceId}/bundle`, { bundleId: id, version });
};

test('a device that is moved goes on at its new site: same id, lanes and generation, new records and credentials', async () => {
  const mover = await enrol('mover');
  const run = () => startAgent({ folder: mover.folder, name: 'mover', args: [...quiet] });
  let agent = await run();
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
  await asksToRun(mover.deviceId, '1.0.0');
  await eventually(
    () => generationOf(agent),
    (generation) => generation === 1,
  );
  const isAt = async (site: string) => {
    await eventually(
      async () => enrolmentOf(mover),
      (enrolled) => enrolled.site === site,
    );
    await eventually(
      () => believes(mover),
      ({ members, snapshot }) =>
        members.size === 1 && members.has(mover.deviceId) && snapshot !== null,
    );
    await untilLinked(agent);
  };
  const first = enrolmentOf(mover).enrolment.nats.deviceJwt;
  expect(await letsIn(mover.folder, first)).toBe(true);
  await cloud.ask('PATCH', `/api/devices/${mover.deviceId}`, { site: 'plant-9' });
  await isAt('plant-9');
  expect((await believes(mover)).siteKeyGeneration).toBe(1);
  // The site it left is closed to it, whoever kept a copy of its credentials.
  const second = enrolmentOf(mover).enrolment.nats.deviceJwt;
  expect(await letsIn(mover.folder, first)).toBe(false);
  expect(await letsIn(mover.folder, second)).toBe(true);
  expect(await generationOf(agent)).toBe(1);
  await asksToRun(mover.deviceId, '1.1.0');
  await eventually(
    () => generationOf(agent),
    (generation) => generation === 2,
  );

  // Moved again while it is off: it learns so at its next contact.
  await agent.stop();
  await cloud.ask('PATCH', `/api/devices/${mover.deviceId}`, { site: 'plant-10' });
  await eventually(
    () => letsIn(mover.folder, second),
    (isIn) => !isIn,
  );
  agent = await run();
  await isAt('plant-10');
  expect(await generationOf(agent)).toBe(2);
  const { rows: refusals } = await cloud.owner.query(
    `SELECT message FROM telemetry.events WHERE type IN ('record-refused', 'desired-refused')`,
  );
  expect(refusals).toEqual([]);
  await agent.stop();
  const after = await rows();
  expect(after.map(({ epoch }) => epoch)).toEqual([before[0]?.epoch]);
  expect(enrolmentOf(mover)).toMatchObject({ site: 'plant-10', deviceId: mover.deviceId });
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
