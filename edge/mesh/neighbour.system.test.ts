/**
 * A device without an uplink lives through its neighbours: it registers by a member's relay, is
 * approved, gets its records and sends its rows through a neighbour's broker, and each row is in
 * Postgres once, whatever happens to the neighbour. One that was away while the site key changed
 * comes back through a neighbour alone.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import '@signalbeam/launcher/rig/provided';
import { eventually } from '../link/cloud.fixture.ts';
import { readTrustCopy } from '../store/trust-tables.ts';
import {
  expectEventsOnce,
  type Member,
  meshPort,
  metricsInCloud,
  startTestSite,
  type TestSite,
} from './site.fixture.ts';
import { changeRoster } from './site-state.fixture.ts';

let site: TestSite;
/** The neighbour that is left, and the device without an uplink. */
let left: { stays: Member; c: Member } | null = null;
beforeAll(async () => {
  site = await startTestSite(inject('postgresUrl'), { hosts: ['a', 'b', 'c'], wan: ['a', 'b'] });
});
afterAll(() => site.stop());

const peers = (...members: Member[]): string[] => [
  '--mesh-peers',
  members.map(({ host }) => `${host.address}:${meshPort}`).join(','),
];

test('without an uplink it enrols by a relay and syncs through a neighbour, each row once', async () => {
  const { cloud } = site;
  const a = await site.enrol('a');
  await site.start(a, ['--gateway', 'never']);
  await site.untilLinked(a);
  const b = await site.enrol('b');
  await site.start(b, ['--gateway', 'never']);
  await site.untilLinked(b);

  const relay = `${a.host.address}:${meshPort}`;
  const c = await site.enrol('c', { relay, autoApprove: false });
  await site.start(c, ['--gateway', 'never', '--relay', relay, ...peers(a, b)]);
  await cloud.ask('POST', `/api/devices/${c.deviceId}/approve`);
  const linked = await site.untilLinked(c);
  expect(linked.via).toBe('neighbour');
  await eventually(
    () => metricsInCloud(cloud, c),
    (rows) => rows > 3,
  );
  expect(readFileSync(`${c.folder}.log`, 'utf8')).not.toContain(cloud.url);

  // The neighbour it goes through loses power: the other one takes its place.
  const through = linked.through ?? '';
  const [gone, stays] = through.includes(a.deviceId) ? [a, b] : [b, a];
  const log = (): string => readFileSync(`${c.folder}.log`, 'utf8');
  const loggedBefore = log().length;
  await site.kill(gone);
  left = { stays, c };
  await eventually(
    () => site.link(c),
    ({ state, through: by }) => state === 'connected' && (by ?? '').includes(stays.deviceId),
  );
  // It does not wait for a hub that it never reached.
  const [untilLinked] = log().slice(loggedBefore).split('The way to the cloud ');
  expect(untilLinked).not.toContain('through=the hub');
  const before = await metricsInCloud(cloud, c);
  await eventually(
    () => metricsInCloud(cloud, c),
    (rows) => rows > before + 3,
  );
  const { stored, written } = await expectEventsOnce(cloud, c);
  expect(stored).toEqual(written);
  expect(stored.length).toBeGreaterThan(1);
});

test('away while the site key changed twice, it is in again without the cloud and without a person', async () => {
  if (left === null) throw new Error('the site is not set up');
  const { stays, c } = left;
  const generationAt = async ({ folder }: Member) =>
    readTrustCopy(folder)?.trust.siteKeyGeneration ?? 0;
  const before = await generationAt(c);
  await site.kill(c);
  for (const name of ['leaver', 'another']) {
    await changeRoster(site.cloud, name);
    const file = readFileSync(join(site.cloud.dir, name, 'enrolment.json'), 'utf8');
    const { deviceId } = JSON.parse(file) as { deviceId: string };
    const held = await generationAt(stays);
    await site.cloud.ask('DELETE', `/api/devices/${deviceId}`);
    await eventually(
      () => generationAt(stays),
      (generation) => generation > held,
    );
  }
  stays.host.cutWan('unplugged');
  // It knows no key that anybody speaks under now, and nobody knows the one it speaks under.
  expect(await generationAt(c)).toBe(before);
  await site.start(c, ['--gateway', 'never', ...peers(stays)]);
  await eventually(
    () => generationAt(c),
    (generation) => generation === before + 2,
  );
  const isAlive = (shown: { members: { deviceId: string; status: string }[] } | null, of: Member) =>
    shown?.members.some(({ deviceId, status }) => deviceId === of.deviceId && status === 'alive');
  await eventually(
    () => site.link(c),
    (link) => isAlive(link.site, stays) === true,
  );
  await eventually(
    () => site.link(stays),
    (link) => isAlive(link.site, c) === true,
  );
});
