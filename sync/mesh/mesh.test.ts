import { describe, expect, test } from 'vitest';
import { datagramBytesMax, fetchesMax, rumoursMax } from './limits.ts';
import type { Rumour } from './message.ts';
import { membersOf } from './seen.ts';
import {
  addressOf,
  allHold,
  cheapSeal,
  claimOf,
  createSite,
  deviceId,
  type Site,
  timeUntil,
} from './site.fixture.ts';

const settled = (options: { members: number; seed: number; loss?: number }): Site => {
  const site = createSite(options);
  site.startAll();
  site.runFor(40_000);
  expect(site.agrees(), 'all found each other').toBe(true);
  return site;
};

const knownDead = (site: Site, index: number): boolean =>
  site.processes.every(
    (process) => !process.running || site.statusOf(process.index, index) === 'dead',
  );

describe.each([
  { members: 2, loss: 0 },
  { members: 8, loss: 0.2 },
  { members: 20, loss: 0.3 },
  { members: 50, loss: 0 },
])('$members members, loss $loss', ({ members, loss }) => {
  test('a record reaches all, a crash is known to all, a restart is believed', () => {
    const site = settled({ members, loss, seed: 7 });
    site.write(members - 1, 'plan/1', 3);
    timeUntil(site, 5_000, () => allHold(site, 'plan/1', 3));
    site.crash(1);
    timeUntil(site, 12_000, () => knownDead(site, 1));
    const deaths = site.deaths().length;
    expect(deaths, 'only the crash').toBe(members - 1);
    site.start(1);
    timeUntil(site, 30_000, () => site.agrees() && allHold(site, 'plan/1', 3));
    expect(site.network.largest).toBeLessThanOrEqual(datagramBytesMax);
  });
});

test('stalls of seconds call nobody dead, neither the stalled nor the others', () => {
  for (const seed of [1, 2, 3]) {
    const site = settled({ members: 10, loss: 0.1, seed });
    for (let round = 0; round < 40; round += 1) {
      site.pause(Math.floor(site.random() * 10), 500 + site.random() * 2_900);
      site.runFor(5_000);
    }
    expect(site.deaths()).toEqual([]);
  }
});

test('what a process did not live through is not held against others', () => {
  const site = settled({ members: 6, seed: 4 });
  site.pause(2, 60_000);
  site.runFor(62_000);
  const blamed = site.deaths().filter(({ observer }) => observer === 2);
  expect(blamed).toEqual([]);
  timeUntil(site, 20_000, () => site.agrees());
});

test('a suspicion does not run out while its holder stands still', () => {
  const site = settled({ members: 6, seed: 13 });
  site.pause(3, 3_400);
  timeUntil(site, 3_300, () => site.statusOf(2, 3) === 'suspect');
  site.pause(2, 60_000);
  site.runFor(62_000);
  expect(site.deaths().filter(({ observer }) => observer === 2)).toEqual([]);
});

test('who hears no helper doubts itself: its health falls, and comes back', () => {
  const site = settled({ members: 8, seed: 14 });
  const { mesh } = site.process(0);
  site.network.cut = (from, to) => from === 0 || to === 0;
  timeUntil(site, 10_000, () => mesh.healthScore >= 3);
  site.network.cut = () => false;
  timeUntil(site, 60_000, () => mesh.healthScore === 0 && site.agrees());
  site.tell(site.process(0), { kind: 'lag', lagMs: 2_000 });
  expect(mesh.healthScore).toBe(2);
});

test('two halves find each other again, and compare what rumours could not tell', () => {
  for (const seed of [1, 2]) {
    const site = settled({ members: 12, loss: 0.2, seed });
    site.network.cut = (from, to) => from % 2 !== to % 2;
    site.runFor(60_000);
    expect(site.statusOf(0, 1)).toBe('dead');
    site.write(0, 'plan/1', 9);
    site.runFor(5_000);
    site.network.cut = () => false;
    timeUntil(site, 90_000, () => site.agrees() && allHold(site, 'plan/1', 9));
  }
});

test('who was silent under another site key is tried again at once when the key changes', () => {
  const site = settled({ members: 2, seed: 4 });
  site.network.cut = () => true;
  site.runFor(300_000);
  expect([site.statusOf(0, 1), site.statusOf(1, 0)]).toEqual(['dead', 'dead']);
  site.network.cut = () => false;
  site.tell(site.process(0), { kind: 'rekeyed' });
  timeUntil(site, 1_000, () => site.agrees());
});

test('a one-way cut between two kills nobody while others reach both', () => {
  const site = settled({ members: 8, seed: 5 });
  site.network.cut = (from, to) => from === 2 && to === 5;
  site.runFor(120_000);
  expect(site.deaths()).toEqual([]);
});

test('leaving is no death, and another address is found', () => {
  const site = settled({ members: 8, seed: 6 });
  site.tell(site.process(3), { kind: 'leave' });
  site.runFor(2_000);
  site.crash(3);
  site.runFor(20_000);
  expect(site.deaths()).toEqual([]);
  expect(site.statusOf(0, 3)).toBe('left');
  site.start(3, { address: addressOf(90) });
  timeUntil(site, 20_000, () => site.agrees());
  const seen = membersOf(site.process(0).mesh).find(({ device }) => device === deviceId(3));
  expect(seen?.claim?.addresses).toEqual([addressOf(90)]);
});

test('a cloned identity is reported, and all settle on one of the two', () => {
  const site = settled({ members: 6, seed: 8 });
  const original = site.process(2);
  const clone = site.start(2, { address: addressOf(77) });
  site.processes[6] = original;
  site.runFor(60_000);
  expect(site.warnings.some(({ code }) => code === 'cloned-identity')).toBe(true);
  const boots = [0, 1, 3, 4, 5].map(
    (observer) => site.process(observer).mesh.members.get(deviceId(2))?.signed?.claim.bootId,
  );
  expect(new Set(boots).size).toBe(1);
  expect([original.bootId, clone.bootId]).toContain(boots[0]);
  const changed = site.changes.length;
  site.runFor(60_000);
  expect(site.changes.length - changed, 'no flapping').toBeLessThan(20);
});

describe('a hostile member', () => {
  const accuse = (by: number, about: number, incarnation: number): Rumour => ({
    kind: 'suspect',
    device: deviceId(about),
    by: deviceId(by),
    incarnation,
  });

  test('calls everybody dead all the time, in the name of all, and nobody is', () => {
    const site = settled({ members: 8, loss: 0.1, seed: 9 });
    const before = site.process(1).mesh.incarnation;
    for (let round = 0; round < 200; round += 1) {
      const rumours = [1, 2, 3, 4, 5, 6].flatMap((about) =>
        [0, 1, 2, 3, 4, 5, 6, 7]
          .filter((by) => by !== about)
          .slice(0, 3)
          .map((by) => accuse(by, about, site.process(about).mesh.incarnation)),
      );
      for (let to = 0; to < 7; to += 1) {
        site.send(site.process(7), addressOf(to), { kind: 'gossip', rumours }, false);
      }
      site.runFor(100);
    }
    expect(site.deaths()).toEqual([]);
    const risen = site.process(1).mesh.incarnation - before;
    expect(risen, 'at most two a second').toBeLessThanOrEqual(42);
  });

  test('invents an incarnation, a claim, a member and a version: none spreads', () => {
    const site = settled({ members: 6, seed: 10 });
    const forged = cheapSeal('key-5').sign({
      ...claimOf(1, { addresses: ['10.9.9.9:1'] }),
      device: deviceId(1),
      bootId: 'ffffffffffffffff',
      incarnation: 4_000_000_000,
      seq: 1,
      leaving: true,
    });
    const nobody = cheapSeal('key-5').sign({ ...forged.claim, device: deviceId(99) });
    const rumours: Rumour[] = [
      accuse(5, 1, 4_000_000_000),
      { kind: 'claim', signed: forged, dead: false },
      { kind: 'claim', signed: nobody, dead: false },
      { kind: 'holds', name: 'site/roster', version: 99 },
    ];
    site.send(site.process(5), addressOf(0), { kind: 'gossip', rumours }, false);
    site.runFor(60_000);
    expect(site.deaths()).toEqual([]);
    expect(site.agrees()).toBe(true);
    expect(site.process(1).mesh.incarnation).toBeLessThan(5);
    const codes = new Set(site.warnings.map(({ code }) => code));
    expect(codes).toContain('forged-claim');
    expect(codes).toContain('unknown-member');
    for (const { mesh } of site.processes) {
      expect(mesh.members.size).toBe(5);
      expect(mesh.wants.size, 'a lie is not wanted for ever').toBe(0);
    }
    expect(site.network.fetches).toBeLessThan(30);
  });

  test('floods, and everything stays within its limit', () => {
    const site = settled({ members: 4, seed: 11 });
    const { mesh } = site.process(0);
    for (let round = 0; round < 800; round += 1) {
      site.send(
        site.process(3),
        addressOf(0),
        {
          kind: 'gossip',
          rumours: Array.from({ length: 10 }, (_, index) => ({
            kind: 'holds' as const,
            name: `plan/${round * 10 + index}`,
            version: 1,
          })),
        },
        false,
      );
      site.runFor(1);
      expect(mesh.fetches.size).toBeLessThanOrEqual(fetchesMax);
    }
    expect(mesh.rumours.size).toBeLessThanOrEqual(rumoursMax);
    expect(mesh.wants.size).toBeLessThanOrEqual(2_048);
    expect(mesh.contacts.size).toBeLessThanOrEqual(256);
  });
});

test('the same seed gives the same history', () => {
  const history = (): string => {
    const site = settled({ members: 9, loss: 0.3, seed: 12 });
    site.crash(4);
    site.runFor(20_000);
    return JSON.stringify([site.changes, site.network.bytes, site.network.packets]);
  };
  expect(history()).toBe(history());
});

test('a member in doubt is looked at now: its crash is known sooner', () => {
  const untilSuspected = (doubted: boolean): number => {
    const site = settled({ members: 50, seed: 21 });
    site.crash(9);
    if (doubted) site.tell(site.process(0), { kind: 'doubt', device: deviceId(9) });
    return timeUntil(site, 10_000, () => site.statusOf(0, 9) === 'suspect');
  };
  expect(untilSuspected(true)).toBeLessThan(Math.min(1_300, untilSuspected(false)));
});

test('a gateway that is gone is suspected within a second and a round', () => {
  for (let seed = 1; seed <= 6; seed += 1) {
    const site = createSite({ members: 20, seed });
    site.startAll();
    site.start(9, { claim: { gateway: true } });
    site.runFor(40_000);
    site.crash(9);
    const suspected = () =>
      site.processes.some(({ running, index }) => running && site.statusOf(index, 9) === 'suspect');
    expect(timeUntil(site, 10_000, suspected)).toBeLessThan(1_100 + 1_200 + 100);
  }
});
