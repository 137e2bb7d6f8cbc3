/** What counts as a move of the host, and that it can't be told without end. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Gauges, type Moved, sampled, unmoved } from './moved.ts';

const calm: Gauges = { cpuPercent: 4, memoryPercent: 40, diskPercent: 70, temperatureCelsius: 50 };
const [minute, hour] = [60_000, 3_600_000];

/** Takes a sample every so many milliseconds, and says until when it tells. */
const host = (everyMs = 15_000) => {
  let state: Moved = unmoved(0);
  let now = 0;
  const run = (gauges: Partial<Gauges>, spanMs: number): { toldMs: number; firstMs: number } => {
    let toldMs = 0;
    let firstMs = Number.POSITIVE_INFINITY;
    const begunMs = now;
    for (const endMs = now + spanMs; now < endMs; ) {
      now += everyMs;
      state = sampled(state, { ...calm, ...gauges }, now);
      if (state.untilMs > now) {
        toldMs += everyMs;
        firstMs = Math.min(firstMs, now - begunMs);
      }
    }
    return { toldMs, firstMs };
  };
  return { run, state: () => state };
};

test.each([
  ['a processor', { cpuPercent: 95 }],
  ['a memory', { memoryPercent: 82 }],
  ['a disk', { diskPercent: 76 }],
  ['a board', { temperatureCelsius: 62 }],
])(
  '%s that becomes another is told within about a minute, for a quarter of an hour',
  (_, gauges) => {
    const { run } = host();
    expect(run({}, hour).toldMs).toBe(0);
    const { toldMs, firstMs } = run(gauges, hour);
    expect(firstMs).toBeLessThanOrEqual(minute);
    expect(toldMs).toBeGreaterThanOrEqual(15 * minute);
    expect(toldMs).toBeLessThanOrEqual(17 * minute);
    // Well again is told as soon.
    expect(run({}, hour).firstMs).toBeLessThanOrEqual(minute);
  },
);

test('a spike, a move among low values, a slow drift below and what can’t be read are none', () => {
  const { run } = host();
  run({}, hour);
  expect(run({ cpuPercent: 100 }, 15_000).toldMs).toBe(0);
  expect(run({}, hour).toldMs).toBe(0);
  expect(run({ cpuPercent: 55, memoryPercent: 10 }, hour).toldMs).toBe(0);
  expect(run({ temperatureCelsius: null, cpuPercent: null }, hour).toldMs).toBe(0);
  expect(run({ cpuPercent: 0.5 }, hour).toldMs).toBe(0);
});

test('who has just started knows no move, and who samples seldom knows one by the next', () => {
  expect(host().run({ cpuPercent: 100 }, hour).toldMs).toBe(0);
  const seldom = host(5 * minute);
  seldom.run({}, hour);
  expect(seldom.run({ cpuPercent: 100 }, hour).firstMs).toBe(5 * minute);
});

test('a processor that is busy by turns all day is told for so long and no longer', () => {
  const { run } = host();
  let toldMs = 0;
  for (let turn = 0; turn < 24 * 3; turn += 1) {
    toldMs += run({}, 10 * minute).toldMs + run({ cpuPercent: 99 }, 10 * minute).toldMs;
  }
  // What a day gives, and what was saved before it.
  expect(toldMs).toBeLessThanOrEqual((144 + 45 + 15) * minute);
  // Then the budget is there again for what matters.
  run({}, 12 * hour);
  expect(run({ cpuPercent: 99 }, hour).firstMs).toBeLessThanOrEqual(minute);
});

test('whatever comes, little is kept and the budget is never overdrawn', () => {
  const percent = fc.option(fc.float({ min: 0, max: 100, noNaN: true }));
  const one = fc.record({
    afterMs: fc.integer({ min: 1, max: 1_200_000 }),
    gauges: fc.record({
      cpuPercent: percent,
      memoryPercent: percent,
      diskPercent: percent,
      temperatureCelsius: percent,
    }),
  });
  fc.assert(
    fc.property(fc.array(one, { maxLength: 300 }), (samples) => {
      let state = unmoved(0);
      let now = 0;
      for (const { afterMs, gauges } of samples) {
        now += afterMs;
        state = sampled(state, gauges, now);
        expect(state.leftMs).toBeGreaterThanOrEqual(-1);
        expect(state.leftMs).toBeLessThanOrEqual(45 * minute);
        expect(state.untilMs - now).toBeLessThanOrEqual(15 * minute);
        expect(state.recent.length).toBeLessThanOrEqual(61);
      }
    }),
  );
});
