import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isInForce, isSilenced, type Silence } from './alert-silences.ts';

const silence: Silence = {
  ...{ deviceId: null, site: null, groupId: null, tag: null, ruleId: null },
  ...{ startsAtMs: 0, endsAtMs: 1_000, weekly: null },
};
const subject = {
  ruleId: 'high-cpu',
  deviceId: 'pump',
  site: 'plant-7',
  groupIds: ['canaries'],
  tags: ['ring=canary', 'indoor'],
};

describe('a silence', () => {
  it('covers what fits all that it names, while it lasts', () => {
    expect(isSilenced([{ ...silence, site: 'plant-7' }], subject, 0)).toBe(true);
    expect(isSilenced([{ ...silence, site: 'plant-7' }], subject, 1_000)).toBe(false);
    expect(isSilenced([{ ...silence, site: 'plant-8' }], subject, 0)).toBe(false);
    expect(isSilenced([{ ...silence, tag: 'indoor', ruleId: 'high-cpu' }], subject, 0)).toBe(true);
    expect(isSilenced([{ ...silence, tag: 'indoor', ruleId: 'low-disk' }], subject, 0)).toBe(false);
    expect(isSilenced([{ ...silence, groupId: 'canaries' }], subject, 0)).toBe(true);
    expect(isSilenced([{ ...silence, deviceId: 'valve' }], subject, 0)).toBe(false);
  });

  it('of one device does not hold the site back', () => {
    const site = { ...subject, deviceId: null, groupIds: [], tags: [] };
    expect(isSilenced([{ ...silence, deviceId: 'pump' }], site, 0)).toBe(false);
  });
});

describe('a maintenance window', () => {
  const at = (text: string): number => Date.parse(text);
  const window: Silence = {
    ...silence,
    endsAtMs: at('2027-01-01T00:00:00Z'),
    // Saturday night, over midnight.
    weekly: { days: [6], from: '23:00', minutes: 120, timeZone: 'Europe/Oslo' },
  };

  it('holds by the clocks of its time zone, over midnight and in summer time', () => {
    // 2026-01-10 is a Saturday; Oslo is an hour ahead in winter, two in summer.
    expect(isInForce(window, at('2026-01-10T21:59:00Z'))).toBe(false);
    expect(isInForce(window, at('2026-01-10T22:00:00Z'))).toBe(true);
    expect(isInForce(window, at('2026-01-10T23:59:00Z'))).toBe(true);
    expect(isInForce(window, at('2026-01-11T00:00:00Z'))).toBe(false);
    expect(isInForce(window, at('2026-07-11T21:00:00Z'))).toBe(true);
    expect(isInForce(window, at('2026-07-11T23:00:00Z'))).toBe(false);
    expect(isInForce(window, at('2026-01-09T22:30:00Z'))).toBe(false);
  });

  it('holds each week for as long as it says, wherever the week starts', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.integer({ min: 0, max: 6 }), { minLength: 1 }),
        fc.nat(23),
        fc.integer({ min: 1, max: 1_440 }),
        (days, hour, minutes) => {
          const weekly = {
            ...{ days, minutes, timeZone: 'UTC' },
            from: `${String(hour).padStart(2, '0')}:00`,
          };
          const start = at('2026-03-01T00:00:00Z');
          const week = Array.from({ length: 7 * 48 }, (_, half) => start + half * 1_800_000);
          const open = week.filter((ms) => isInForce({ ...window, weekly }, ms)).length;
          const expected = days.length * Math.ceil(minutes / 30);
          expect(open).toBeLessThanOrEqual(expected);
          if (minutes <= 1_440 - 30) expect(open).toBe(expected);
        },
      ),
      { numRuns: 30 },
    );
  });
});
