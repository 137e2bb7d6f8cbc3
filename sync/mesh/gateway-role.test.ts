/**
 * The gateway role as each member chooses it alone: who gets it, that it stays, when it moves, and
 * that all who know the same end with the same holder, wherever each of them began.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  betterForMs,
  type Candidate,
  chooseGateway,
  type Held,
  listenFirstMs,
  neighboursOf,
  nobodyHolds,
  rivalForMs,
  twoForMs,
} from './gateway-role.ts';
import { hash32 } from './hash.ts';
import type { OwnClaim } from './message.ts';
import { claimOf, deviceId } from './site.fixture.ts';

const candidate = (index: number, uplink: number, more: Partial<OwnClaim> = {}): Candidate => ({
  device: deviceId(index),
  status: 'alive',
  claim: claimOf(index, { uplink, ...more }),
});
const holds = { gateway: true };
const heldBy = (index: number): Held => ({ ...nobodyHolds, holder: deviceId(index) });
const at = (now: number, leafSilent = false) => ({ now, leafSilent, startedAt: -60_000 });

/** What one device holds after it looked again whenever it asked to. */
const after = (members: readonly Candidate[], held: Held, from: number, until: number): Held => {
  let now = from;
  let next = chooseGateway(members, held, at(now));
  while (next.wakeAt !== null && next.wakeAt <= until) {
    now = next.wakeAt;
    next = chooseGateway(members, next, at(now));
  }
  return next;
};

describe('who gets it', () => {
  test('the best uplink, the lower id of equals, and never one without clock or leaf', () => {
    const members = [
      candidate(4, 200, { clockOk: false }),
      candidate(3, 200, { canRunLeaf: false }),
      candidate(2, 90),
      candidate(1, 90),
      candidate(0, 0),
    ];
    expect(chooseGateway(members, nobodyHolds, at(0)).holder).toBe(deviceId(1));
    expect(chooseGateway(members.toReversed(), nobodyHolds, at(0)).holder).toBe(deviceId(1));
  });

  test('who has just started listens first, and does not dispute a role that is held', () => {
    const moment = { now: 0, startedAt: 0, leafSilent: false };
    const alone = chooseGateway([candidate(1, 200)], nobodyHolds, moment);
    expect(alone).toMatchObject({ holder: null, wakeAt: listenFirstMs });
    expect(after([candidate(1, 200)], alone, 0, listenFirstMs).holder).toBe(deviceId(1));
    const site = [candidate(1, 200), candidate(2, 64, holds)];
    expect(chooseGateway(site, nobodyHolds, moment).holder).toBe(deviceId(2));
  });

  test('whom a person chose, uplink or not', () => {
    const site = [candidate(1, 200), candidate(2, 0, { chosen: true })];
    expect(chooseGateway(site, nobodyHolds, at(0)).holder).toBe(deviceId(2));
    expect(after(site, heldBy(1), 0, rivalForMs).holder).toBe(deviceId(2));
  });

  test('without any uplink nobody begins, and a leaf that runs goes on', () => {
    const cut = [candidate(1, 0), candidate(2, 0, holds)];
    expect(chooseGateway([candidate(1, 0)], nobodyHolds, at(0))).toMatchObject({
      holder: null,
      wakeAt: null,
    });
    expect(chooseGateway(cut, nobodyHolds, at(0)).holder).toBe(deviceId(2));
    expect(chooseGateway(cut, heldBy(2), at(0)).holder).toBe(deviceId(2));
  });
});

describe('it stays', () => {
  test('while uplinks flicker, and moves when another is much better for a minute', () => {
    let held = heldBy(1);
    for (let now = 0; now < 600_000; now += 10_000) {
      const other = now % 20_000 === 0 ? 250 : 100;
      held = chooseGateway([candidate(1, 100, holds), candidate(2, other)], held, at(now));
      expect(held.holder).toBe(deviceId(1));
    }
    const site = [candidate(1, 100, holds), candidate(2, 250)];
    expect(after(site, held, 600_000, 600_000 + betterForMs - 1).holder).toBe(deviceId(1));
    expect(after(site, held, 600_000, 600_000 + betterForMs).holder).toBe(deviceId(2));
  });

  test('through a hub that hiccups, and leaves a holder whose uplink is gone', () => {
    const cut = [candidate(1, 0, holds), candidate(2, 90)];
    const first = after(cut, heldBy(1), 0, rivalForMs - 1);
    expect(first).toMatchObject({ holder: deviceId(1), rival: deviceId(2) });
    const well = after([candidate(1, 100, holds), candidate(2, 90)], first, 5_000, 5_000);
    expect(well.rival).toBeNull();
    expect(after(cut, well, 6_000, 6_000 + rivalForMs).holder).toBe(deviceId(2));
  });
});

describe('it moves', () => {
  test('at once from the dead, and from a suspect whose leaf is silent', () => {
    const suspect = { ...candidate(1, 100, holds), status: 'suspect' as const };
    const site = [suspect, candidate(2, 90)];
    expect(chooseGateway(site, heldBy(1), at(5)).holder).toBe(deviceId(1));
    expect(chooseGateway(site, heldBy(1), at(5, true)).holder).toBe(deviceId(2));
    const dead = { ...suspect, status: 'dead' as const };
    expect(chooseGateway([dead, candidate(2, 90)], heldBy(1), at(5)).holder).toBe(deviceId(2));
  });

  test('to the same of two that have it when halves meet, not to one that hands it over', () => {
    const two = [candidate(1, 100, holds), candidate(2, 100, { ...holds, leafPort: 4_250 })];
    expect(after(two, heldBy(1), 0, twoForMs).holder).toBe(deviceId(1));
    expect(after(two, heldBy(2), 0, twoForMs - 1).holder).toBe(deviceId(2));
    expect(after(two, heldBy(2), 0, twoForMs).holder).toBe(deviceId(1));
    const handingOver = [candidate(1, 100, { leafPort: 4_250 }), candidate(2, 100, holds)];
    expect(after(handingOver, heldBy(2), 0, 600_000).holder).toBe(deviceId(2));
  });

  test('from one that came back without it and chose another', () => {
    const site = [candidate(1, 90), candidate(2, 100)];
    expect(after(site, heldBy(1), 0, rivalForMs).holder).toBe(deviceId(2));
  });
});

test('wherever each began, all who know the same end with one holder, who stays', () => {
  const device = fc.record({
    uplink: fc.constantFrom(0, 64, 100, 128, 192, 255),
    canRunLeaf: fc.boolean(),
    chosen: fc.boolean(),
    believes: fc.integer({ min: -1, max: 5 }),
    hearsAfterMs: fc.integer({ min: 0, max: 3_000 }),
  });
  fc.assert(
    fc.property(fc.array(device, { minLength: 1, maxLength: 6 }), (devices) => {
      let held = devices.map(({ believes }) => (believes < 0 ? nobodyHolds : heldBy(believes)));
      const told: boolean[][] = [];
      const look = (now: number): void => {
        told.push(held.map((each, index) => each.holder === deviceId(index)));
        held = held.map((mine, self) =>
          chooseGateway(
            devices.map(({ hearsAfterMs, believes: _, ...claim }, index) => {
              const lag = index === self ? 0 : Math.floor(hearsAfterMs / 500);
              const gateway = told[Math.max(0, told.length - 1 - lag)]?.[index] ?? false;
              return candidate(index, claim.uplink, { ...claim, gateway });
            }),
            mine,
            at(now),
          ),
        );
      };
      for (let now = 0; now < 150_000; now += 500) look(now);
      const holders = new Set(held.map(({ holder }) => holder));
      expect(holders.size).toBe(1);
      const able = devices.some((each) => each.canRunLeaf && (each.uplink > 0 || each.chosen));
      if (able) expect([...holders]).not.toEqual([null]);
      const before = [...holders];
      for (let now = 150_000; now < 300_000; now += 500) look(now);
      expect([...new Set(held.map(({ holder }) => holder))]).toEqual(before);
    }),
    { numRuns: 100 },
  );
});

test('neighbours are spread, and only those that are linked', () => {
  const members = Array.from({ length: 10 }, (_, index) => candidate(index, 100, { linked: true }));
  const chosen = Array.from(
    { length: 50 },
    (_, index) => neighboursOf(members, deviceId(100 + index), hash32)[0],
  );
  expect(new Set(chosen).size).toBeGreaterThan(4);
  expect(neighboursOf([candidate(1, 100)], deviceId(100), hash32)).toEqual([]);
});
