import { firstCommon, windowFault } from '@signalbeam/platform/schedule/windows';
import { describe, expect, it } from 'vitest';
import { momentsOf, openingsOf } from './windows.ts';

const at = (iso: string): number => Date.parse(iso);
const nightly = { cron: '0 2 * * *', timeZone: 'Europe/Berlin', minutes: 90, sites: null };

describe('a maintenance window', () => {
  it('opens in its own time zone, summer and winter', () => {
    expect(openingsOf([nightly], at('2026-01-10T12:00:00Z'))).toEqual([
      { sites: null, fromMs: at('2026-01-11T01:00:00Z'), untilMs: at('2026-01-11T02:30:00Z') },
    ]);
    expect(openingsOf([nightly], at('2026-07-10T12:00:00Z'))).toMatchObject([
      { fromMs: at('2026-07-11T00:00:00Z') },
    ]);
  });

  it('is open from its first moment to before its last', () => {
    const from = at('2026-01-11T01:00:00Z');
    const until = at('2026-01-11T02:30:00Z');
    for (const nowMs of [from, from + 1, until - 1]) {
      expect(openingsOf([nightly], nowMs)).toMatchObject([{ fromMs: from, untilMs: until }]);
    }
    expect(openingsOf([nightly], until)).toMatchObject([{ fromMs: at('2026-01-12T01:00:00Z') }]);
    expect(openingsOf([nightly], from - 1)).toMatchObject([{ fromMs: from }]);
  });

  it('is open once in the night in which its hour does not come', () => {
    expect(openingsOf([nightly], at('2026-03-28T23:00:00Z'))).toMatchObject([
      { fromMs: at('2026-03-29T01:00:00Z') },
    ]);
  });

  it('is named to devices as the next moments, those of their site first of all', () => {
    const atSite = { ...nightly, cron: '0 12 * * *', sites: ['plant-7'] };
    const nowMs = at('2026-01-11T01:30:00Z');
    const moments = momentsOf([nightly, atSite], 'plant-8', nowMs);
    expect(moments).toHaveLength(6);
    expect(moments?.[0]).toEqual([
      at('2026-01-11T01:00:00Z') / 1_000,
      at('2026-01-11T02:30:00Z') / 1_000,
    ]);
    expect(momentsOf([nightly, atSite], 'plant-7', nowMs)?.[0]).toEqual([
      at('2026-01-11T11:00:00Z') / 1_000,
      at('2026-01-11T12:30:00Z') / 1_000,
    ]);
    expect(momentsOf([atSite], 'plant-8', nowMs)).toBeUndefined();
  });

  it.each([
    [{ cron: '0 0 30 2 *' }, 'cron', 'never comes'],
    [{ cron: 'sometimes' }, 'cron', 'five parts'],
    [{ cron: '* * * * * *' }, 'cron', 'five parts'],
    [{ cron: '99 2 * * *' }, 'cron', 'five parts'],
    [{ timeZone: 'Mars/Olympus' }, 'timeZone', 'no time zone'],
  ])('that never opens is refused: %j', (wrong, field, message) => {
    expect(windowFault({ ...nightly, ...wrong }, at('2026-01-10T12:00:00Z'))).toEqual({
      field,
      message: expect.stringContaining(message),
    });
  });

  it('that opens on a leap day only does open', () => {
    expect(windowFault({ ...nightly, cron: '0 0 29 2 *' }, at('2026-01-10T12:00:00Z'))).toBeNull();
  });
});

describe('the windows that stand at a site', () => {
  const utc = { timeZone: 'UTC', minutes: 120 };
  const night = { ...utc, cron: '0 2 * * *' };
  const standing = new Map([['plant-7', [night]]]);
  const nowMs = at('2026-01-10T12:00:00Z');
  const own = (cron: string, sites: string[] | null = null) => ({ ...utc, cron, sites });

  it('hold its devices where the rollout has none, and those of no other site', () => {
    expect(openingsOf([], nowMs, standing)).toEqual([
      {
        sites: ['plant-7'],
        fromMs: at('2026-01-11T02:00:00Z'),
        untilMs: at('2026-01-11T04:00:00Z'),
      },
    ]);
    expect(momentsOf([], 'plant-7', nowMs, standing)?.slice(0, 2)).toEqual([
      [at('2026-01-11T02:00:00Z') / 1_000, at('2026-01-11T04:00:00Z') / 1_000],
      [at('2026-01-12T02:00:00Z') / 1_000, at('2026-01-12T04:00:00Z') / 1_000],
    ]);
    expect(momentsOf([], 'plant-8', nowMs, standing)).toBeUndefined();
  });

  it('are narrowed by those of the rollout, and widened by none', () => {
    const saturday = own('0 3 * * SAT');
    const both = openingsOf([saturday], nowMs, standing);
    expect(both).toMatchObject([
      {
        sites: ['plant-7'],
        fromMs: at('2026-01-17T03:00:00Z'),
        untilMs: at('2026-01-17T04:00:00Z'),
      },
      { sites: null, untilMs: at('2026-01-17T05:00:00Z') },
    ]);
    // Also where the rollout names the site itself.
    expect(openingsOf([own('0 1 * * *', ['plant-7'])], nowMs, standing)).toMatchObject([
      { fromMs: at('2026-01-11T02:00:00Z'), untilMs: at('2026-01-11T03:00:00Z') },
      { sites: [] },
    ]);
    expect(momentsOf([saturday], 'plant-7', nowMs, standing)?.[0]).toEqual([
      at('2026-01-17T03:00:00Z') / 1_000,
      at('2026-01-17T04:00:00Z') / 1_000,
    ]);
  });

  it('are found to meet however seldom they do, and not to meet when they never do', () => {
    const first = { ...utc, cron: '0 2 1 * *' };
    expect(
      firstCommon([first], [{ ...utc, cron: '0 0 * * MON', minutes: 24 * 60 }], nowMs),
    ).toEqual({
      fromMs: at('2026-06-01T02:00:00Z'),
      untilMs: at('2026-06-01T04:00:00Z'),
    });
    expect(firstCommon([night], [own('0 12 * * *')], nowMs)).toBeNull();
    expect(openingsOf([own('0 12 * * *')], nowMs, standing)[0]?.fromMs).toBe(
      Number.MAX_SAFE_INTEGER,
    );
    // Of overlapping ones either will do.
    const late = { ...utc, cron: '30 3 * * *' };
    expect(firstCommon([night, late], [own('0 5 * * *')], nowMs)).toEqual({
      fromMs: at('2026-01-11T05:00:00Z'),
      untilMs: at('2026-01-11T05:30:00Z'),
    });
  });
});
