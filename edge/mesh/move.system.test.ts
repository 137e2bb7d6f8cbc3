/**
 * Devices that are moved to another site of their tenant, on hosts of their own: one without an
 * uplink, which hears of it through a device of the site it left, and the gateway itself, whose
 * site goes on with another.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import '@signalbeam/launcher/rig/provided';
import { eventually } from '../link/cloud.fixture.ts';
import {
  expectEventsOnce,
  type Member,
  meshPort,
  startTestSite,
  type TestSite,
} from './site.fixture.ts';

let site: TestSite;
let [a, b, c]: Member[] = [];
beforeAll(async () => {
  site = await startTestSite(inject('postgresUrl'), { hosts: ['a', 'b', 'c'], wan: ['a', 'b'] });
  a = await site.enrol('a');
  await site.start(a, []);
  await site.untilLinked(a);
  b = await site.enrol('b');
  await site.start(b, []);
  const relay = `${a.host.address}:${meshPort}`;
  c = await site.enrol('c', { relay });
  const peers = `${relay},${b.host.address}:${meshPort}`;
  await site.start(c, ['--gateway', 'never', '--mesh-peers', peers]);
  for (const member of [a, b, c]) await site.untilLinked(member);
});
afterAll(() => site.stop());

const siteOf = ({ folder }: Member): string =>
  (JSON.parse(readFileSync(join(folder, 'enrolment.json'), 'utf8')) as { site: string }).site;
const move = (member: Member, to: string) =>
  site.cloud.ask('PATCH', `/api/devices/${member.deviceId}`, { site: to });
const untilAt = (member: Member, where: string) =>
  eventually(
    async () => siteOf(member),
    (at) => at === where,
    120_000,
  );
const known = (member: Member | undefined): Member => {
  if (member === undefined) throw new Error('the site is not set up');
  return member;
};

test('without an uplink a device hears of its move through the site that it leaves', async () => {
  const moved = known(c);
  await move(moved, 'plant-9');
  await untilAt(moved, 'plant-9');
  // Nobody of plant-9 is there, and nobody of plant-7 lets it in any more.
  await eventually(
    () => site.link(moved),
    ({ state, site: shown }) => state !== 'connected' && shown?.members.length === 0,
  );
  await move(moved, 'plant-7');
  await untilAt(moved, 'plant-7');
  const back = await site.untilLinked(moved);
  expect(['leaf', 'neighbour']).toContain(back.via);
});

test('the gateway moves: its site goes on with another, and it serves its new one', async () => {
  const among = [known(a), known(b)];
  const holderOf = async () => {
    const links = await Promise.all(among.map((member) => site.link(member)));
    return among.find((_, at) => links[at]?.gateway.role);
  };
  const gateway = known(await eventually(holderOf, (found) => found !== undefined));
  const other = known(among.find((member) => member !== gateway));
  await move(gateway, 'plant-9');
  await untilAt(gateway, 'plant-9');
  await eventually(
    () => site.link(gateway),
    ({ state, site: shown }) => state === 'connected' && shown?.members.length === 0,
  );
  await eventually(
    () => site.link(other),
    ({ state, via, gateway: own }) => state === 'connected' && via === 'leaf' && own.role,
    120_000,
  );
  await eventually(
    () => site.link(known(c)),
    ({ state, via, site: shown }) =>
      state === 'connected' && via === 'leaf' && shown?.gateway.holder === other.deviceId,
    120_000,
  );
  for (const member of [gateway, other, known(c)]) {
    const { stored, written } = await expectEventsOnce(site.cloud, member);
    expect(stored).toEqual(written);
  }
});
