/**
 * How records get about: small ones in datagrams, those of a few kilobytes in pieces, others by a fetch.
 * All of them reach all, whatever is lost; what is made up reaches nobody.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  datagramBytesMax,
  fetchPatienceMs,
  pieceBytesMax,
  piecesMax,
  pullAgainMs,
  pullTriesMax,
} from './limits.ts';
import type { Rumour } from './message.ts';
import { addressOf, allHold, createSite, timeUntil } from './site.fixture.ts';

test('more records than are announced one by one reach everybody by comparing', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 1_000_000 }),
      fc.integer({ min: 2, max: 9 }),
      (seed, n) => {
        const site = createSite({ members: n, seed, loss: 0.2 });
        site.startAll();
        site.runFor(30_000);
        // More than is announced one by one, on two members at once.
        for (const index of [0, 1]) {
          const process = site.process(index);
          for (let record = 0; record < 40; record += 1) {
            process.records.set(`device/${index}/${record}`, 1 + record);
          }
          site.tell(process, { kind: 'records', versions: process.records });
        }
        site.runFor(120_000, () => site.processes.every(({ records }) => records.size === 80));
        return site.processes.every(({ records }) => records.size === 80);
      },
    ),
    { numRuns: 25 },
  );
});

test('a small record goes round in datagrams alone; who misses it gets it by comparing', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 1_000_000 }),
      fc.integer({ min: 2, max: 30 }),
      fc.constantFrom(0, 0.2, 0.3),
      fc.integer({ min: 40, max: pieceBytesMax }),
      (seed, members, loss, recordBytes) => {
        const site = createSite({ members, seed, loss, recordBytes });
        site.startAll();
        site.runFor(40_000);
        site.network.largest = 0;
        site.network.unheard = (to, kind) => to === 1 && kind === 'record';
        site.write(0, 'plan/1', 3);
        const others = () => site.processes.filter(({ index }) => index !== 1);
        timeUntil(site, 10_000, () => others().every(({ records }) => records.has('plan/1')));
        expect(site.network.largest).toBeLessThanOrEqual(datagramBytesMax);
        // An older program does not know such messages; it is told otherwise, and fetches.
        timeUntil(site, 20_000, () => allHold(site, 'plan/1', 3));
        const writers = site.network.offers;
        site.runFor(30_000);
        expect(site.network.offers, 'it ends').toBe(writers);
      },
    ),
    { numRuns: 25 },
  );
});

test('while a record goes round nobody needs to fetch it, and 50 have it soon', () => {
  for (const loss of [0, 0.2]) {
    const sizes = { small: 700, large: 4_000 } as const;
    const recordBytes = (name: string) => sizes[name as keyof typeof sizes];
    const site = createSite({ members: 50, seed: 15, loss, recordBytes });
    site.startAll();
    site.runFor(90_000);
    site.write(8, 'large', 2);
    timeUntil(site, 1_000, () => allHold(site, 'large', 2));
    site.runFor(5_000);
    const { fetches, bytes } = site.network;
    site.write(7, 'small', 3);
    timeUntil(site, 600, () => allHold(site, 'small', 3));
    site.runFor(5_000);
    expect(site.network.fetches - fetches, 'but for one whose every copy was lost').toBeLessThan(3);
    const each = (site.network.bytes - bytes) / 50;
    expect(each, 'bytes of each member, five seconds of idling included').toBeLessThan(15_000);
  }
});

test('a record of up to 16 KB comes in pieces; a larger one, and one of an older peer, is fetched', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 1_000_000 }),
      fc.integer({ min: 2, max: 12 }),
      fc.constantFrom(0, 0.2, 0.3),
      fc.integer({ min: pieceBytesMax + 1, max: (piecesMax + 1) * pieceBytesMax }),
      fc.boolean(),
      (seed, members, loss, recordBytes, older) => {
        const site = createSite({ members, seed, loss, recordBytes });
        site.startAll();
        site.runFor(40_000);
        const { fetches } = site.network;
        site.network.unheard = (to, kind) => older && to === 0 && kind === 'want';
        site.write(0, 'plan/1', 3);
        timeUntil(site, 20_000, () => allHold(site, 'plan/1', 3));
        expect(site.network.largest).toBeLessThanOrEqual(datagramBytesMax);
        const fetched = site.network.fetches - fetches;
        if (older || recordBytes > piecesMax * pieceBytesMax) expect(fetched).toBeGreaterThan(0);
        else if (loss === 0) expect(fetched).toBe(0);
        for (const { mesh } of site.processes) expect(mesh.wants.size).toBe(0);
      },
    ),
    { numRuns: 40 },
  );
});

test('pieces that are made up come to nothing, and the record comes another way', () => {
  const site = createSite({ members: 4, seed: 18, recordBytes: 5_000 });
  site.startAll();
  site.runFor(40_000);
  // Holder and liar: it answers every question with a piece of something else at once.
  site.network.unheard = (to, kind) => {
    if (to === 0 && kind === 'want') {
      for (let index = 0; index < 5; index += 1) {
        const piece = { index, count: 5, bytes: Buffer.alloc(1_000, 'x') };
        const message = { kind: 'record', name: 'plan/1', version: 3, ...piece } as const;
        for (const to of [1, 2, 3]) site.send(site.process(0), addressOf(to), message, false);
      }
      return true;
    }
    return false;
  };
  site.write(0, 'plan/1', 3);
  timeUntil(site, 5_000, () => allHold(site, 'plan/1', 3));
  expect(site.network.fetches, 'who was deceived fetched it').toBeGreaterThan(0);
});

test('a record that was damaged on purpose is refused, goes no further, and costs its sender', () => {
  const site = createSite({ members: 6, seed: 16, recordBytes: 700 });
  site.startAll();
  site.runFor(40_000);
  site.write(0, 'plan/1', 3);
  site.runFor(5_000);
  const { offers } = site.network;
  for (let version = 4; version < 104; version += 1) {
    const bytes = Buffer.alloc(700, 'x');
    const message = {
      ...({ kind: 'record', name: 'plan/1', version, bytes } as const),
      ...{ index: 0, count: 1 },
    };
    site.send(site.process(5), addressOf(1), message, false);
    site.runFor(50);
  }
  expect(site.network.offers - offers, 'looked at once in ten seconds').toBeLessThanOrEqual(1);
  expect(site.network.fetches).toBeLessThan(10);
  expect(site.processes.every(({ records }) => records.get('plan/1') === 3)).toBe(true);
  site.write(2, 'plan/1', 200);
  timeUntil(site, 5_000, () => allHold(site, 'plan/1', 200));
});

test('when a fetch takes long another holder is asked too', () => {
  const site = createSite({ members: 3, seed: 17, recordBytes: 40_000 });
  site.startAll();
  site.runFor(40_000);
  site.network.cut = (from, to) => from === 0 && to === 1;
  site.network.fetchMs = () => 10;
  site.write(0, 'plan/1', 3);
  timeUntil(site, 5_000, () => allHold(site, 'plan/1', 3));
  site.network.cut = () => false;
  // Both tell of a newer one; the first is slow, and never fails.
  site.network.fetchMs = (holder) => (holder === 0 ? 8_000 : 20);
  const asked = site.process(1);
  for (const holder of [0, 2]) site.process(holder).records.set('plan/1', 4);
  for (const holder of [0, 2]) {
    const rumours: Rumour[] = [{ kind: 'holds', name: 'plan/1', version: 4 }];
    site.send(site.process(holder), addressOf(1), { kind: 'gossip', rumours }, false);
    site.runFor(20);
  }
  const tookMs = timeUntil(site, 5_000, () => asked.records.get('plan/1') === 4);
  expect(tookMs).toBeGreaterThan(fetchPatienceMs - 50);
  expect(tookMs).toBeLessThan(pullTriesMax * pullAgainMs + fetchPatienceMs + 200);
});
