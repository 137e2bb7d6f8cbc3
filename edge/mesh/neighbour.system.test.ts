/**
 * A device without an uplink lives through its neighbours: it registers by a member's relay, is
 * approved, gets its records and sends its rows through a neighbour's broker, and each row is in
 * Postgres once, whatever happens to the neighbour.
 */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import '@signalbeam/launcher/rig/provided';
import { eventually } from '../link/cloud.fixture.ts';
import {
  expectEventsOnce,
  type Member,
  meshPort,
  metricsInCloud,
  startTestSite,
  type TestSite,
} from './site.fixture.ts';

let site: TestSite;
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
  await site.kill(gone);
  await eventually(
    () => site.link(c),
    ({ state, through: by }) => state === 'connected' && (by ?? '').includes(stays.deviceId),
  );
  const before = await metricsInCloud(cloud, c);
  await eventually(
    () => metricsInCloud(cloud, c),
    (rows) => rows > before + 3,
  );
  const { stored, written } = await expectEventsOnce(cloud, c);
  expect(stored).toEqual(written);
  expect(stored.length).toBeGreaterThan(1);
});
