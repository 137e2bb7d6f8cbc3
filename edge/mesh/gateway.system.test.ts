/**
 * The gateway role on real parts: hosts of their own, real leafs, hub and Postgres. The role is
 * given, taken over when its holder loses power or its uplink, held by both halves of a split site
 * and given up again; every event is in Postgres once, and nobody alive is called dead.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Child } from '@signalbeam/launcher/infra/child';
import type { WanCut } from '@signalbeam/launcher/infra/network';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import '@signalbeam/launcher/rig/provided';
import { eventually } from '../link/cloud.fixture.ts';
import {
  expectEventsOnce,
  type LinkShown,
  type Member,
  meshPort,
  metricsInCloud,
  startTestSite,
  type TestSite,
} from './site.fixture.ts';

const full = process.env['SIGNALBEAM_FULL'] === '1';
/** Samples are taken twice a second: what was taken before the end may still have got through. */
const rowsOnTheirWay = 2;

let site: TestSite;
let members: [Member, Member, Member];
beforeAll(async () => {
  site = await startTestSite(inject('postgresUrl'), { hosts: ['a', 'b', 'c'], wan: ['a', 'b'] });
  const a = await site.enrol('a');
  await site.start(a, []);
  await site.untilLinked(a);
  const b = await site.enrol('b');
  await site.start(b, []);
  const c = await site.enrol('c', { relay: `${a.host.address}:${meshPort}` });
  await site.start(c, ['--relay', `${a.host.address}:${meshPort}`]);
  members = [a, b, c];
});
afterAll(() => site.stop());

/** All of them agree on one gateway, and are linked through its leaf. */
const untilSettled = async (among: readonly Member[], timeoutMs = 60_000): Promise<Member> => {
  const shown = await eventually(
    () => Promise.all(among.map((member) => site.link(member))),
    (links) =>
      links.every(({ state, via }) => state === 'connected' && via === 'leaf') &&
      new Set(links.map((each) => each.site?.gateway.holder)).size === 1 &&
      links.filter(({ gateway }) => gateway.role).length === 1,
    timeoutMs,
  );
  const holder = among.find((_, at) => shown[at]?.gateway.role);
  if (holder === undefined) throw new Error('nobody holds the role');
  return holder;
};

const isWhole = (shown: LinkShown['site']): boolean =>
  shown?.members.length === members.length - 1 &&
  shown.members.every(({ status }) => status === 'alive');

/** How often each has called another dead so far. */
const lostOf = async (among: readonly Member[]): Promise<(number | undefined)[]> =>
  (await Promise.all(among.map((member) => site.link(member)))).map(
    ({ site: shown }) => shown?.counters['lost'],
  );

const flows = async (member: Member, rowsMore = 1): Promise<void> => {
  const before = await metricsInCloud(site.cloud, member);
  await eventually(
    () => metricsInCloud(site.cloud, member),
    (rows) => rows >= before + rowsMore,
  );
};

test('members find each other by beacon alone and one of them runs the leaf', async () => {
  const holder = await untilSettled(members);
  expect(['a', 'b']).toContain(holder.host.name);
  await eventually(
    () => Promise.all(members.map((member) => site.link(member))),
    (links) => links.every(({ site: shown }) => isWhole(shown)),
  );
  for (const member of members) await flows(member);
});

/** Of a crash the others are told by their broken connections; of a power cut by nobody. */
const ends = [
  'power cut',
  ...(full ? (['crash', 'power cut', 'power cut'] as const) : []),
] as const;

test.each(ends)(
  'the gateway ends (%s): another takes over, and rows flow within seconds',
  async (how) => {
    const holder = await untilSettled(members, 120_000);
    const others = members.filter((each) => each !== holder);
    const far = members[2];
    const before = await metricsInCloud(site.cloud, far);
    const endedAt = performance.now();
    if (how === 'crash') await site.kill(holder);
    else await site.cutPower(holder);
    await eventually(
      () => metricsInCloud(site.cloud, far),
      (rows) => rows > before + rowsOnTheirWay,
    );
    const tookMs = Math.round(performance.now() - endedAt);
    const next = await untilSettled(others);
    expect(next).not.toBe(holder);
    process.stdout.write(`gateway: ${how} → new rows of a device without uplink: ${tookMs} ms\n`);
    site.network.heal();
    await site.start(holder, []);
    await untilSettled(members, 120_000);
  },
);

/** How the uplink is cut: a clean cut is found at once, a silent one after two missed pings. */
const cuts: readonly WanCut[] = full ? ['unplugged', 'reset', 'silent', 'deaf', 'mute'] : [];

test.each(cuts)('the uplink of the gateway is cut (%s): the role moves', async (how) => {
  const holder = await untilSettled(members, 120_000);
  holder.host.cutWan(how);
  const rest = members.filter((each) => each !== holder);
  await eventually(
    () => Promise.all(rest.map((member) => site.link(member))),
    (links) => links.every(({ site: shown }) => shown?.gateway.holder !== holder.deviceId),
    90_000,
  );
  const next = await untilSettled(members, 90_000);
  expect(next).not.toBe(holder);
  for (const member of members) await flows(member);
  holder.host.healWan();
});

/** Half a minute each: the ordinary run has the gateway's death and the leaf's. */
const splits = full ? ['the gateway from the others'] : [];

test.each(splits)(
  'the site is split (%s) and healed: both halves go on, then one gives way',
  async () => {
    await untilSettled(members, 120_000);
    const [a, b, c] = members;
    site.network.split([[a.host], [b.host, c.host]]);
    await eventually(
      () => Promise.all([site.link(a), site.link(b)]),
      (links) => links.every(({ gateway, state }) => gateway.role && state === 'connected'),
      60_000,
    );
    for (const member of members) await flows(member);
    site.network.heal();
    await untilSettled(members, 90_000);
    for (const member of members) await flows(member);
  },
);

/** A leaf that is killed alone is in `edge/link/agent`, a lossy LAN in the simulator and `mesh-shell`. */
test.each(full ? [0.25] : [])(
  'a leaf that is killed comes back, and at a loss of %f on the LAN nobody alive is called dead',
  async (loss) => {
    const holder = await untilSettled(members, 120_000);
    const lostBefore = await lostOf(members);
    for (const { host } of members) host.lose(loss);
    const pid = Number(readFileSync(join(holder.folder, 'leaf/nats-server.pid'), 'utf8'));
    process.kill(pid, 'SIGKILL');
    for (const member of members) await flows(member, 20);
    await untilSettled(members, 90_000);
    expect(await lostOf(members)).toEqual(lostBefore);
    site.network.heal();
  },
);

/** Shorter than what a stall may take by the mesh's reckoning (3.7 s), so that a busy machine may add to it. */
test.each(full ? [1, 2, 3, 4] : [])(
  'an agent that stands still for two seconds is called dead by nobody (%i)',
  async (round) => {
    await untilSettled(members, 120_000);
    const lostBefore = await lostOf(members);
    const still = members[round % members.length]?.agent as Child;
    process.kill(still.pid, 'SIGSTOP');
    await sleep(2_000);
    process.kill(still.pid, 'SIGCONT');
    for (const member of members) await flows(member, 5);
    await eventually(
      () => Promise.all(members.map((member) => site.link(member))),
      (links) => links.every(({ site: shown }) => isWhole(shown)),
    );
    expect(await lostOf(members)).toEqual(lostBefore);
  },
  300_000,
);

test('each event of each device is in Postgres once', async () => {
  for (const member of members) {
    await member.agent?.stop();
    member.agent = null;
  }
  for (const member of members) await site.start(member, []);
  for (const member of members) {
    await site.untilLinked(member);
    const { stored, written } = await expectEventsOnce(site.cloud, member);
    expect(stored).toEqual(written);
    expect(stored.length).toBeGreaterThan(2);
  }
});
