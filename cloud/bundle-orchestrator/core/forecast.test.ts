/** The forecast against what really decides: it is never later than a rollout in which all goes well. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ForecastKnown, type Foreseen, forecast, never } from './forecast.ts';
import {
  type AtWork,
  freePace,
  noteTold,
  type Opening,
  type Pace,
  planTelling,
  type Told,
} from './pace.ts';
import { countRows } from './rollout.ts';
import { type Gate, openGate } from './wave.ts';
import { judgeWave, part } from './wave-gate.ts';

const minute = 60_000;
const hour = 60 * minute;
const strict: Gate = { ...openGate, succeededPercentMin: 100, failedPercentMax: 0 };
const prompt = { deviceMs: 0, silenceLasts: false };

const device = (more: Partial<Foreseen> = {}): Foreseen => ({
  ...{ site: 'plant', member: null, runs: false, silent: false },
  ...more,
});
const devices = (count: number, more: Partial<Foreseen> = {}) =>
  Array.from({ length: count }, () => device(more));
const known = (more: Partial<ForecastKnown>): ForecastKnown => ({
  ...{ beginMs: 0, pace: freePace, waves: [], opensAt: (_, atMs) => atMs },
  ...more,
});
/** Open for `openMs` of each `everyMs`, from `fromMs` on. */
const windowed =
  (fromMs: number, openMs: number, everyMs: number) =>
  (_: string, atMs: number): number => {
    if (!Number.isFinite(atMs)) return never;
    const turn = Math.max(0, Math.floor((atMs - fromMs) / everyMs));
    const opensMs = fromMs + turn * everyMs;
    if (atMs < opensMs) return opensMs;
    return atMs < opensMs + openMs ? atMs : opensMs + everyMs;
  };

describe('a wave begins', () => {
  it('when the one before it confirmed and soaked', () => {
    const gate = { ...strict, soakMs: 10 * minute };
    const waves = [
      { gate, devices: devices(2) },
      { gate, devices: devices(5) },
      { gate, devices: [] },
    ];
    const times = forecast(known({ waves }), { deviceMs: minute, silenceLasts: true });
    expect(times.map(({ beginsAtMs }) => beginsAtMs)).toEqual([0, 11 * minute, 22 * minute]);
  });

  it('with the first device that can be told in a window, at a rate, at a site, of a group', () => {
    const last = (pace: Partial<Pace>, of: readonly Foreseen[], opensAt = known({}).opensAt) =>
      forecast(
        known({ pace: { ...freePace, ...pace }, opensAt, waves: [{ gate: strict, devices: of }] }),
        { deviceMs: minute, silenceLasts: true },
      )[0];
    expect(last({}, devices(3), windowed(hour, minute, hour))).toMatchObject({
      ...{ toldAtMs: hour, passesAtMs: hour + minute },
    });
    expect(last({ devicesPerHourMax: 60 }, devices(61))?.toldAtMs).toBe(hour);
    expect(last({ devicesPerHourMax: 6 }, devices(13))?.toldAtMs).toBe(2 * hour);
    expect(last({ perSiteMax: 2 }, devices(5))?.passesAtMs).toBe(3 * minute);
    const twins = [...devices(2, { member: 'a' }), ...devices(1, { member: 'b' })];
    expect(last({ redundancyTag: 'of' }, twins)?.passesAtMs).toBe(2 * minute);
    // One minute of each hour, one device at a time there: an hour for each.
    expect(last({ perSiteMax: 1 }, devices(3), windowed(0, minute, hour))?.toldAtMs).toBe(2 * hour);
  });

  it('never, where silence lasts and the gate waits; after its time, where it leaves the silent out', () => {
    const of = [...devices(3), ...devices(1, { silent: true })];
    const after = (gate: Gate, silenceLasts: boolean) =>
      forecast(known({ waves: [{ gate, devices: of }] }), { deviceMs: minute, silenceLasts })[0]
        ?.passesAtMs;
    const goesOn: Gate = {
      ...strict,
      unreached: { rule: 'go-on', afterMs: hour, reachedPercentMin: 50 },
    };
    expect(after(strict, true)).toBe(never);
    expect(after(strict, false)).toBe(minute);
    expect(after(goesOn, true)).toBe(hour);
    expect(after({ ...strict, succeededPercentMin: 75 }, true)).toBe(minute);
  });

  it('later, where silent devices hold the places of a site or a group', () => {
    const of = [...devices(2), ...devices(1, { silent: true }), ...devices(1, { silent: true })];
    const times = forecast(
      known({
        pace: { ...freePace, perSiteMax: 1 },
        waves: [{ gate: openGate, devices: of }],
      }),
      { deviceMs: minute, silenceLasts: true },
    );
    // The second silent one finds no place.
    expect(times[0]).toMatchObject({ toldAtMs: never, passesAtMs: 0 });
  });

  it('at once, where all run the version already', () => {
    const waves = [
      { gate: strict, devices: devices(9, { runs: true }) },
      { gate: strict, devices: [] },
    ];
    const times = forecast(known({ waves }), { deviceMs: hour, silenceLasts: true });
    expect(times[1]?.beginsAtMs).toBe(0);
  });
});

/** The real planner over a fleet where each device confirms after `deviceMs`, looked at each second. */
const realPass = (
  pace: Pace,
  gate: Gate,
  of: readonly Foreseen[],
  deviceMs: number,
  opensAt: ForecastKnown['opensAt'],
  untilMs: number,
): number => {
  const rows = of.map((one, index) => ({
    ...one,
    deviceId: String(index),
    toldAtMs: null as number | null,
    done: false,
  }));
  let told: Told[] = [];
  for (let now = 0; now <= untilMs; now += 5_000) {
    for (const row of rows)
      if (row.toldAtMs !== null && now >= row.toldAtMs + (row.runs ? 0 : deviceMs)) row.done = true;
    const atWork = rows
      .filter((row) => row.toldAtMs !== null && !row.done)
      .map(
        ({ site, member }): AtWork => ({ site, member, count: 1, isOwn: true, isPending: false }),
      );
    const openings = [...new Set(of.map(({ site }) => site))].map((site): Opening => {
      const opensMs = opensAt(site, now);
      return { sites: [site], fromMs: opensMs, untilMs: opensMs + 1 };
    });
    const waiting = rows.filter((row) => row.toldAtMs === null);
    const chosen = planTelling({ pace, openings, atWork, toldLately: told }, waiting, now);
    for (const row of waiting) if (chosen.includes(row.deviceId)) row.toldAtMs = now;
    if (chosen.length > 0) told = noteTold(told, chosen.length, now);
    const counts = countRows(
      rows.map(({ toldAtMs, done }) => ({
        status: done ? 'succeeded' : toldAtMs === null ? 'planned' : 'in-progress',
        presence: 'online' as const,
      })),
    );
    if (judgeWave(gate, counts, { openedAtMs: 0, acceptedFailed: 0 }, now).kind === 'good')
      return now;
  }
  return never;
};

const anyone = fc.record({
  site: fc.constantFrom('a', 'b'),
  member: fc.constantFrom(null, 'x', 'y'),
  runs: fc.boolean(),
  silent: fc.constant(false),
});
const anyPace = fc.record({
  windows: fc.constant<Pace['windows']>([]),
  devicesPerHourMax: fc.constantFrom(null, 1, 30, 90),
  perSiteMax: fc.constantFrom(null, 1, 2),
  redundancyTag: fc.constantFrom(null, 'of'),
});

it('is never later than the planner with devices that all do well, and not much earlier', () => {
  fc.assert(
    fc.property(
      fc.array(anyone, { minLength: 1, maxLength: 6 }),
      anyPace,
      fc.constantFrom(0, 90_000),
      fc.constantFrom(0, 50, 100),
      fc.constantFrom(null, [30_000, 2 * minute, 10 * minute] as const),
      (of, how, deviceMs, succeededPercentMin, window) => {
        const pace: Pace = { ...freePace, ...how };
        const gate = { ...strict, succeededPercentMin };
        const opensAt = window === null ? known({}).opensAt : windowed(...window);
        const asked = known({ pace, opensAt, waves: [{ gate, devices: of }] });
        const [times] = forecast(asked, { deviceMs, silenceLasts: false });
        const foreseen = times?.passesAtMs ?? never;
        const real = realPass(pace, gate, of, deviceMs, opensAt, 7 * hour);
        expect(foreseen).toBeLessThanOrEqual(real);
        // It tells in an order of its own, and the planner's minutes of an hour begin with each device.
        const slack = window === null ? 3 * minute : 12 * minute;
        const hurried = pace.devicesPerHourMax === 1 ? of.length * minute : 0;
        if (pace.redundancyTag === null && Number.isFinite(real))
          expect(real - foreseen).toBeLessThanOrEqual(slack + hurried);
      },
    ),
    { numRuns: 200 },
  );
});

it('is earlier or the same with more places, a faster rate or faster devices', () => {
  fc.assert(
    fc.property(
      fc.array(fc.array(anyone, { maxLength: 8 }), { minLength: 1, maxLength: 4 }),
      fc.integer({ min: 1, max: 100 }),
      fc.integer({ min: 1, max: 3 }),
      (waves, perHour, perSite) => {
        const pace = { ...freePace, devicesPerHourMax: perHour, perSiteMax: perSite };
        const at = (more: Partial<Pace>, deviceMs: number) =>
          forecast(
            known({
              pace: { ...pace, ...more },
              waves: waves.map((of) => ({ gate: strict, devices: of })),
            }),
            { deviceMs, silenceLasts: false },
          ).map(({ beginsAtMs }) => beginsAtMs);
        const slow = at({}, minute);
        expect(slow).toEqual([...slow].sort((one, other) => one - other));
        for (const fast of [
          at({ devicesPerHourMax: 2 * perHour }, minute),
          at({ perSiteMax: perSite + 1 }, minute),
          at({}, 0),
        ])
          for (const [wave, beginsAtMs] of fast.entries())
            expect(beginsAtMs).toBeLessThanOrEqual(slow[wave] ?? never);
      },
    ),
  );
});

it('takes two looks at the windows for each device and limit, however many there are', () => {
  // Sites share no window and the rate is tight: still a step per device.
  const of = Array.from({ length: 20_000 }, (_, index) => device({ site: `s${index % 500}` }));
  let asked = 0;
  const opensAt = (_: string, atMs: number): number => {
    asked += 1;
    return atMs;
  };
  const pace = { ...freePace, devicesPerHourMax: 10_000, perSiteMax: 5 };
  const [times] = forecast(known({ pace, opensAt, waves: [{ gate: strict, devices: of }] }), {
    deviceMs: minute,
    silenceLasts: false,
  });
  expect(times?.toldAtMs).toBeGreaterThanOrEqual(hour);
  // Of the rate and of the places at sites, each looked at alone.
  expect(asked).toBe(2 * 2 * of.length);
});

it('says how many have to confirm as the gate does', () => {
  expect(part(40, 95)).toBe(38);
  expect(forecast(known({ waves: [{ gate: openGate, devices: [] }] }), prompt)).toEqual([
    { beginsAtMs: 0, toldAtMs: 0, passesAtMs: 0 },
  ]);
});
