/**
 * What the simulator breaks, broken on real parts: hosts of their own, real datagrams, leafs, hub
 * and Postgres. Whatever happens, in the end all are linked again with one gateway, have the newest
 * desired state, and each row of each lane is in Postgres exactly once or said to be gone.
 */
import { cpSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createDisk, type Disk } from '@signalbeam/launcher/infra/loop-disk';
import type { WanCut } from '@signalbeam/launcher/infra/network';
import { afterAll, beforeAll, beforeEach, expect, inject, test } from 'vitest';
import '@signalbeam/launcher/rig/provided';
import { eventually } from '../link/cloud.fixture.ts';
import {
  type Member,
  meshPort,
  metricsInCloud,
  startTestSite,
  type TestSite,
} from './site.fixture.ts';
import {
  changeRoster,
  createWishes,
  laneOnBothSides,
  recordVersion,
  untilSettled,
  type Wishes,
} from './site-state.fixture.ts';

const full = process.env['SIGNALBEAM_FULL'] === '1';
/** Minutes all together: the ordinary run has the first of them. */
const slow = test.each(full ? ['in the full run'] : []);

let site: TestSite;
let disk: Disk;
let wishes: Wishes;
/** The fifth is there in the full run only: another one without an uplink. */
let members: [Member, Member, Member, Member, ...Member[]];
beforeAll(async () => {
  disk = createDisk(24);
  const hosts = full ? ['a', 'b', 'c', 'd', 'e'] : ['a', 'b', 'c', 'd'];
  site = await startTestSite(inject('postgresUrl'), { hosts, wan: ['a', 'b', 'd'] });
  const a = await site.enrol('a');
  await site.start(a, []);
  await site.untilLinked(a);
  const b = await site.enrol('b');
  const c = await site.enrol('c', { relay: `${a.host.address}:${meshPort}` });
  const d = await site.enrol('d', { folder: join(disk.mountPoint, 'd') });
  members = [a, b, c, d];
  if (full) members.push(await site.enrol('e', { relay: `${a.host.address}:${meshPort}` }));
  for (const member of members.slice(1)) await site.start(member, argumentsOf(member));
  wishes = await createWishes(site.cloud);
}, 180_000);
const ballast = (): string => join(disk.mountPoint, 'ballast');
/** A trouble that failed is not to fail all that come after it. */
beforeEach(() => {
  site.network.heal();
  rmSync(ballast(), { force: true });
});
afterAll(async () => {
  try {
    await site.stop();
  } finally {
    disk.remove();
  }
});

const hasUplink = ({ host }: Member): boolean => host.name !== 'c' && host.name !== 'e';

/** Those without an uplink were told of a member that relays. */
const argumentsOf = (member: Member): string[] =>
  !hasUplink(member) ? ['--relay', `${members[0].host.address}:${meshPort}`] : [];

const flows = async (member: Member, rowsMore = 2, timeoutMs = 90_000): Promise<void> => {
  const before = await metricsInCloud(site.cloud, member);
  await eventually(
    () => metricsInCloud(site.cloud, member),
    (rows) => rows >= before + rowsMore,
    timeoutMs,
  );
};

/** Under how many epochs the cloud has samples of this device. */
const epochsOf = async ({ deviceId }: Member): Promise<number> => {
  const text = 'SELECT DISTINCT epoch FROM telemetry.metrics WHERE device_id = $1';
  return (await site.cloud.owner.query(text, [deviceId])).rowCount ?? 0;
};

const all = (): Promise<Member> => untilSettled(site, members, 180_000);

/** After the trouble: one gateway, everybody linked, rows flow, and what was wished meanwhile is in force. */
const isWellAgain = async (): Promise<void> => {
  site.network.heal();
  await all();
  for (const member of members) await flows(member);
  for (const member of members) await wishes.untilNewest(site, member);
};

test('the hub is killed, comes back without its store, and a wish was made meanwhile', async () => {
  await all();
  await site.cloud.killHub();
  await wishes.wish(members);
  await site.cloud.startHub({ withStore: false });
  await isWellAgain();
}, 300_000);

slow(
  'the hub is killed and comes back with its store',
  async () => {
    await all();
    await site.cloud.killHub();
    await wishes.wish(members);
    await site.cloud.startHub({ withStore: true });
    await isWellAgain();
  },
  300_000,
);

const cuts: readonly WanCut[] = full ? ['unplugged', 'silent', 'deaf', 'mute'] : [];
test.each(cuts)(
  'the whole site is cut off (%s): it goes on, and all it took arrives',
  async (how) => {
    await all();
    for (const { host } of members.filter(hasUplink)) host.cutWan(how);
    await wishes.wish(members);
    await eventually(
      () => Promise.all(members.map((member) => site.link(member))),
      (links) => links.every(({ state }) => state !== 'connected'),
      180_000,
    );
    const backlog = async (): Promise<number> => {
      const { lanes } = await site.link(members[2]);
      return lanes.find(({ lane }) => lane === 'metrics')?.backlogRows ?? 0;
    };
    await eventually(backlog, (rows) => rows > 20);
    await isWellAgain();
  },
  400_000,
);

slow(
  'the LAN carries one direction only between the gateway and another',
  async () => {
    const holder = await all();
    const other = members.find((each) => each !== holder && hasUplink(each)) as Member;
    holder.host.ignore([other.host]);
    await wishes.wish(members);
    for (const member of members) await flows(member, 10);
    await isWellAgain();
  },
  300_000,
);

slow(
  'the gateway hears nobody on the LAN while all hear it',
  async () => {
    const holder = await all();
    const others = members.filter((each) => each !== holder);
    holder.host.ignore(others.map(({ host }) => host));
    await wishes.wish(members);
    for (const member of others) await flows(member, 5);
    await isWellAgain();
  },
  300_000,
);

slow(
  'the site is split in two: each half has one gateway, and one gives way after it',
  async () => {
    await all();
    const [a, b, c, d, ...more] = members;
    const halves: Member[][] = [
      [a, c],
      [b, d, ...more],
    ];
    site.network.split(halves.map((half) => half.map(({ host }) => host)));
    await wishes.wish(members);
    for (const half of halves) await untilSettled(site, half, 120_000);
    for (const member of members) await flows(member);
    for (const member of members) await wishes.untilNewest(site, member);
    await isWellAgain();
  },
  400_000,
);

slow(
  'the gateway loses power while a third of what the LAN carries is lost',
  async () => {
    const holder = await all();
    const others = members.filter((each) => each !== holder);
    for (const { host } of members) host.lose(0.3);
    await site.cutPower(holder);
    await wishes.wish(members);
    for (const member of others) await flows(member, 10, 180_000);
    holder.host.healLan();
    holder.host.healWan();
    holder.host.lose(0.3);
    await site.start(holder, argumentsOf(holder));
    for (const member of members) await flows(member, 2, 180_000);
    await isWellAgain();
  },
  400_000,
);

slow(
  'the leaf is killed again and again while a fifth of what the LAN carries is lost',
  async () => {
    for (const { host } of members) host.lose(0.2);
    for (let round = 0; round < 4; round += 1) {
      const { folder } = await all();
      process.kill(Number(readFileSync(join(folder, 'leaf/nats-server.pid'), 'utf8')), 'SIGKILL');
      await wishes.wish(members);
      for (const member of members) await flows(member);
    }
    await isWellAgain();
  },
  400_000,
);

slow(
  'a disk fills up: nothing dies, and what could not be stored yet is stored later',
  async () => {
    const d = members[3];
    // What its files took up before has room within it for samples; its start leaves no such log. More samples than
    // one slot takes go to the table at once, which has to grow: what fits slots alone would last a quarter of an hour.
    await d.agent?.stop();
    await site.start(d, [...argumentsOf(d), '--metrics-interval-ms', '200']);
    await all();
    const pid = d.agent?.pid;
    const fill = (bytes: number): void => {
      try {
        for (;;) writeFileSync(ballast(), Buffer.alloc(bytes), { flag: 'a' });
      } catch (cause) {
        if ((cause as NodeJS.ErrnoException).code !== 'ENOSPC') throw cause;
      }
    };
    // Cut off: what the cloud confirms makes room for as much again within the files there are.
    site.network.split([[d.host], members.filter((each) => each !== d).map(({ host }) => host)]);
    d.host.cutWan('unplugged');
    for (const bytes of [1_048_576, 4_096, 1]) fill(bytes);
    // Its log and its file are used up when no group of samples was stored for two groups' time.
    let last = { seq: -1, at: 0 };
    await eventually(
      async () => (await site.link(d)).lanes.find(({ lane }) => lane === 'metrics')?.lastSeq ?? 0,
      (seq) => {
        if (seq !== last.seq) last = { seq, at: performance.now() };
        return performance.now() - last.at > 5_000;
      },
      300_000,
    );
    site.network.heal();
    // What is decided still finds the room that was set aside for it.
    await wishes.wish(members);
    await wishes.untilNewest(site, d);
    rmSync(ballast());
    await wishes.wish(members);
    await isWellAgain();
    expect(d.agent?.pid).toBe(pid);
  },
  600_000,
);

slow(
  'a disk comes back from an old copy: its lanes begin anew, and say so',
  async () => {
    await all();
    const b = members[1];
    const stop = async (): Promise<void> => {
      await b.agent?.stop();
      b.agent = null;
    };
    await stop();
    const copy = `${b.folder}.copy`;
    cpSync(b.folder, copy, { recursive: true });
    await site.start(b, argumentsOf(b));
    await site.untilLinked(b, 120_000);
    await flows(b, 10);
    await stop();
    rmSync(b.folder, { recursive: true });
    renameSync(copy, b.folder);
    const epochsBefore = await epochsOf(b);
    await site.start(b, argumentsOf(b));
    await site.untilLinked(b, 120_000);
    // What it takes now has numbers that the cloud has under the old epoch already.
    await flows(b, 10);
    expect(await epochsOf(b)).toBeGreaterThan(epochsBefore);
    const told = 'SELECT 1 FROM telemetry.events WHERE device_id = $1 AND type = $2';
    await eventually(
      async () => (await site.cloud.owner.query(told, [b.deviceId, 'new-epoch'])).rowCount ?? 0,
      (events) => events > 0,
    );
    await isWellAgain();
  },
  300_000,
);

slow(
  'records reach devices sideways while no device has an uplink',
  async () => {
    await all();
    const [a, b, c, d, ...more] = members;
    const others = [b, c, d, ...more];
    site.network.split([[a.host], others.map(({ host }) => host)]);
    for (const { host } of [b, d]) host.cutWan('unplugged');
    // A new member changes the roster; only the device that still has a link can hear of it.
    const roster = async (member: Member): Promise<number> => recordVersion(member, 'site/roster');
    const before = await roster(c);
    await changeRoster(site.cloud, 'newcomer');
    await eventually(
      () => roster(a),
      (version) => version > before,
    );
    expect(await roster(c)).toBe(before);
    a.host.cutWan('unplugged');
    for (const { host } of members) host.healLan();
    for (const member of others) {
      await eventually(
        () => roster(member),
        (version) => version > before,
        120_000,
      );
    }
    await isWellAgain();
  },
  400_000,
);

test('in the end each row of each lane is in Postgres once, or covered by one gap', async () => {
  site.network.heal();
  for (const member of members) {
    await member.agent?.stop();
    member.agent = null;
  }
  const atRest = ['--metrics-interval-ms', '3600000'];
  for (const member of members) await site.start(member, [...argumentsOf(member), ...atRest]);
  for (const member of members) {
    await site.untilLinked(member, 120_000);
    for (const lane of ['events', 'reported', 'metrics', 'backfill'] as const) {
      const { stored, written } = await laneOnBothSides(site, member, lane);
      expect(stored).toEqual(written);
    }
  }
}, 300_000);

slow(
  'without any leaf a tunnel whose neighbour is cut off in silence gives way to another',
  async () => {
    for (const member of members) await member.agent?.stop();
    const never = ['--gateway', 'never'];
    for (const member of members) await site.start(member, [...argumentsOf(member), ...never]);
    const c = members[2];
    const linked = await site.untilLinked(c, 120_000);
    expect(linked.via).toBe('neighbour');
    const through = members.find(({ deviceId }) => linked.through?.includes(deviceId)) as Member;
    through.host.cutWan('silent');
    await eventually(
      () => site.link(c),
      ({ state, through: by }) => state === 'connected' && !by?.includes(through.deviceId),
      300_000,
    );
    await flows(c);
    site.network.heal();
    const { stored, written } = await laneOnBothSides(site, c, 'events');
    expect(stored).toEqual(written);
  },
  400_000,
);
