import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type AtWork,
  type Candidate,
  closedSites,
  freePace,
  freePlaces,
  isPaced,
  noteTold,
  type Opening,
  type Pace,
  type PaceKnown,
  planTelling,
  planWaits,
  type Told,
} from './pace.ts';

const minute = 60_000;
const hour = 3_600_000;
const now = Date.UTC(2026, 2, 14, 15, 0, 0);
const known = (pace: Partial<Pace>, more: Partial<PaceKnown> = {}): PaceKnown => ({
  ...{ pace: { ...freePace, ...pace }, openings: [], atWork: [], toldLately: [] },
  ...more,
});
const at = (deviceId: string, site = 's1', member: string | null = null): Candidate => ({
  ...{ deviceId, site, member },
});
const work = (site: string, more: Partial<AtWork> = {}): AtWork => ({
  ...{ site, member: null, count: 1, isOwn: true, isPending: true },
  ...more,
});
const opening = (sites: string[] | null, fromMs: number, untilMs: number): Opening => ({
  ...{ sites, fromMs, untilMs },
});

describe('a pace', () => {
  it('lets everybody be told when it asks for nothing', () => {
    expect(isPaced(freePace)).toBe(false);
    expect(planTelling(known({}), [at('a'), at('b')], now)).toEqual(['a', 'b']);
  });

  it('holds a site to its number, counting those that are not heard of', () => {
    const pace = { perSiteMax: 2 };
    const candidates = [at('a'), at('b'), at('c', 's2'), at('d')];
    expect(planTelling(known(pace), candidates, now)).toEqual(['a', 'b', 'c']);
    const busy = known(pace, { atWork: [work('s1'), work('s2', { count: 2 })] });
    expect(planTelling(busy, candidates, now)).toEqual(['a']);
    expect(planWaits(busy, [{ site: 's2', member: null, count: 5 }], now)).toEqual({
      waits: [{ kind: 'site', devices: 5, site: 's2', sites: 1 }],
      dueAtMs: null,
    });
  });

  it('tells one of a redundancy group at once, also while another rollout is at work there', () => {
    const pace = { redundancyTag: 'redundancy' };
    const candidates = [at('a', 's1', 'press'), at('b', 's2', 'press'), at('c', 's1', 'oven')];
    expect(planTelling(known(pace), candidates, now)).toEqual(['a', 'c']);
    const atWork = [work('s9', { member: 'oven', isOwn: false })];
    expect(planTelling(known(pace, { atWork }), candidates, now)).toEqual(['a']);
    const untold = [{ site: 's1', member: 'oven', count: 2 }];
    expect(planWaits(known(pace, { atWork }), untold, now).waits).toEqual([
      { kind: 'redundancy', devices: 2, member: 'oven', members: 1 },
    ]);
  });

  it('tells only that one of a group that was told before and may have begun', () => {
    const atWork = [work('s1', { member: 'press', isOwn: false, isToldAnew: true })];
    const held = known({ redundancyTag: 'redundancy' }, { atWork });
    const anew = { ...at('b', 's1', 'press'), isToldAnew: true };
    expect(planTelling(held, [at('a', 's2', 'press'), anew, at('c', 's1', 'press')], now)).toEqual([
      'b',
    ]);
    expect(freePlaces(held, [{ site: 's2', member: 'press', count: 1 }], now)).toEqual([]);
    const others = [...atWork, work('s3', { member: 'press', isOwn: false })];
    expect(planTelling({ ...held, atWork: others }, [anew], now)).toEqual([]);
  });

  it('tells within windows only: those of the site, else those for all others', () => {
    const pace = { windows: [{ cron: '', timeZone: '', minutes: 60, sites: null }] };
    const openings = [
      opening(null, now + hour, now + 2 * hour),
      opening(['s2'], now - hour, now + minute),
    ];
    const shut = known(pace, { openings });
    expect(planTelling(shut, [at('a'), at('b', 's2')], now)).toEqual(['b']);
    expect(planTelling(shut, [at('b', 's2')], now + minute)).toEqual([]);
    expect(planTelling(shut, [at('a'), at('b', 's2')], now + hour)).toEqual(['a']);
    expect(planWaits(shut, [{ site: 's1', member: null, count: 3 }], now)).toEqual({
      waits: [{ kind: 'window', devices: 3, site: 's1', sites: 1, opensAtMs: now + hour }],
      dueAtMs: now + hour,
    });
    const told = known(pace, { openings, atWork: [work('s2')] });
    expect(planWaits(told, [], now).dueAtMs).toBe(now + minute);
    expect(closedSites(told, now)).toEqual([]);
    expect(closedSites(told, now + minute)).toEqual(['s2']);
    const begun = known(pace, { openings, atWork: [work('s2', { isPending: false })] });
    expect(closedSites(begun, now + minute)).toEqual([]);
  });

  it('spreads an hour’s devices over its minutes', () => {
    const pace = { devicesPerHourMax: 120 };
    const candidates = Array.from({ length: 9 }, (_, index) => at(`d${index}`));
    expect(planTelling(known(pace), candidates, now)).toEqual(['d0', 'd1']);
    const toldLately = noteTold([], 2, now);
    const full = known(pace, { toldLately });
    expect(planTelling(full, candidates, now + 30_000)).toEqual([]);
    expect(planWaits(full, [{ site: 's1', member: null, count: 9 }], now + 30_000)).toEqual({
      waits: [{ kind: 'rate', devices: 9, freeAtMs: now + minute }],
      dueAtMs: now + minute,
    });
    expect(planTelling(full, candidates, now + minute)).toHaveLength(2);
  });
});

type Row = Candidate & { status: 'planned' | 'pending' | 'in-progress' | 'succeeded' | 'failed' };
type Event =
  | { kind: 'tick' }
  | { kind: 'wait'; minutes: number }
  | { kind: 'report'; row: number; to: Row['status'] }
  | { kind: 'pause' | 'retry' };

const events: fc.Arbitrary<Event> = fc.oneof(
  { weight: 4, arbitrary: fc.constant<Event>({ kind: 'tick' }) },
  fc.record({ kind: fc.constant('wait' as const), minutes: fc.integer({ min: 0, max: 50 }) }),
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('report' as const),
      row: fc.nat(19),
      to: fc.constantFrom<Row['status']>('in-progress', 'succeeded', 'failed'),
    }),
  },
  fc.constantFrom<Event>({ kind: 'pause' }, { kind: 'retry' }),
);

/** Each site's window is open for the first half of every second hour; `s3` has one of its own. */
const openingsAt = (nowMs: number): Opening[] => {
  const of = (sites: string[] | null, shiftMs: number): Opening => {
    const begun = Math.floor((nowMs - shiftMs) / (2 * hour)) * 2 * hour + shiftMs;
    const fromMs = nowMs < begun + hour ? begun : begun + 2 * hour;
    return opening(sites, fromMs, fromMs + hour);
  };
  return [of(null, 0), of(['s3'], hour)];
};
const isOpen = (site: string, nowMs: number): boolean =>
  openingsAt(nowMs).some(
    ({ sites, fromMs }) => (site === 's3' ? sites !== null : sites === null) && fromMs <= nowMs,
  );

const awaited = (row: Row) => row.status === 'pending' || row.status === 'in-progress';
const atWorkOf = (rows: readonly Row[]): AtWork[] =>
  rows
    .filter(awaited)
    .map(({ site, member, status }) => work(site, { member, isPending: status === 'pending' }));

const paces = fc.record({
  perSiteMax: fc.option(fc.integer({ min: 1, max: 3 })),
  devicesPerHourMax: fc.option(fc.integer({ min: 1, max: 90 })),
  redundancyTag: fc.option(fc.constant('redundancy')),
  hasWindows: fc.boolean(),
});
const fleet = fc.array(
  fc.record({
    site: fc.constantFrom('s1', 's2', 's3'),
    member: fc.option(fc.constantFrom('press', 'oven')),
  }),
  { minLength: 20, maxLength: 20 },
);

describe('whatever is reported, wished and waited for, in any order', () => {
  it('a pace is kept, and everybody is told in the end', () => {
    fc.assert(
      fc.property(paces, fleet, fc.array(events, { maxLength: 80 }), (asked, places, story) => {
        const pace: Pace = {
          ...freePace,
          ...asked,
          windows: asked.hasWindows
            ? [{ cron: '', timeZone: 'UTC', minutes: 60, sites: null }]
            : [],
        };
        const rows = places.map(
          (place, index): Row => ({
            deviceId: `d${index}`,
            site: place.site,
            member: asked.redundancyTag === null ? null : place.member,
            status: 'planned',
          }),
        );
        let nowMs = now;
        let lately: readonly Told[] = [];
        const tellings: number[] = [];
        const look = (): PaceKnown => ({
          pace,
          openings: asked.hasWindows ? openingsAt(nowMs) : [],
          atWork: atWorkOf(rows),
          toldLately: lately,
        });
        const tick = (): void => {
          const closed = closedSites(look(), nowMs);
          for (const row of rows) {
            if (row.status === 'pending' && closed.includes(row.site)) row.status = 'planned';
          }
          const planned = rows.filter(({ status }) => status === 'planned');
          const told = planTelling(look(), planned, nowMs);
          for (const row of rows.filter(({ deviceId }) => told.includes(deviceId))) {
            if (asked.hasWindows) expect(isOpen(row.site, nowMs)).toBe(true);
            row.status = 'pending';
            tellings.push(nowMs);
          }
          if (told.length > 0) lately = noteTold(lately, told.length, nowMs);
          if (asked.hasWindows) {
            // Nobody who has not begun is left told while its window is shut.
            const late = rows.filter((row) => row.status === 'pending' && !isOpen(row.site, nowMs));
            expect(late).toEqual([]);
          }
          const untold = rows
            .filter(({ status }) => status === 'planned')
            .map(({ site, member }) => ({ site, member, count: 1 }));
          const { waits, dueAtMs } = planWaits(look(), untold, nowMs);
          // Whoever is not told waits for something that is said, and is counted once.
          expect(waits.reduce((sum, { devices }) => sum + devices, 0)).toBe(untold.length);
          if (rows.every((row) => !awaited(row)) && untold.length > 0) {
            expect(dueAtMs).toBeGreaterThan(nowMs);
          }
        };
        const check = (): void => {
          const busy = rows.filter(awaited);
          for (const site of ['s1', 's2', 's3']) {
            const there = busy.filter((row) => row.site === site).length;
            expect(there).toBeLessThanOrEqual(pace.perSiteMax ?? rows.length);
          }
          if (pace.redundancyTag === null) return;
          for (const member of ['press', 'oven']) {
            expect(busy.filter((row) => row.member === member).length).toBeLessThanOrEqual(1);
          }
        };
        const happen = (event: Event): void => {
          const row = event.kind === 'report' ? rows[event.row] : undefined;
          if (event.kind === 'tick') tick();
          else if (event.kind === 'wait') nowMs += event.minutes * minute;
          else if (event.kind === 'report' && row !== undefined && awaited(row))
            row.status = event.to;
          else if (event.kind === 'pause') {
            for (const each of rows) if (each.status === 'pending') each.status = 'planned';
          } else if (event.kind === 'retry') {
            for (const each of rows) if (each.status === 'failed') each.status = 'planned';
          }
        };
        for (const event of story) {
          happen(event);
          check();
        }
        // At one an hour, in windows that are open every second hour, the slowest pace takes two for each.
        const minutesMax = (2 * rows.length + 3) * 60;
        for (
          let turn = 0;
          turn < minutesMax && rows.some((row) => row.status === 'planned');
          turn += 1
        ) {
          tick();
          check();
          for (const row of rows) if (awaited(row)) row.status = 'succeeded';
          nowMs += minute;
        }
        expect(rows.filter((row) => row.status === 'planned')).toEqual([]);
        for (const atMs of tellings) {
          const within = tellings.filter((other) => other >= atMs && other - atMs < hour);
          expect(within.length).toBeLessThanOrEqual(pace.devicesPerHourMax ?? within.length);
        }
      }),
      { numRuns: 60 },
    );
  });
});
