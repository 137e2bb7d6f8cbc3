import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  brokenMs,
  doubt,
  forgottenMs,
  planWay,
  type Setback,
  setBack,
  setbackMs,
  trialMs,
  type WayKey,
  type WaysKnown,
} from './way.ts';

const now = 1_000_000;
const known = (more: Partial<WaysKnown> = {}): WaysKnown => ({
  candidates: ['leaf', 'hub', 'neighbour'],
  current: null,
  trying: null,
  setbacks: new Map(),
  carried: new Set(),
  ...more,
});

describe('the way to the cloud', () => {
  test('is the best there is', () => {
    expect(planWay(known(), now).steps).toEqual([{ kind: 'try', key: 'leaf' }]);
    const current = { key: 'leaf', connected: true, sinceMs: 0 };
    expect(planWay(known({ current }), now)).toEqual({ steps: [], waiting: '', wakeAtMs: null });
  });

  test('a better one is tried beside the one that carries', () => {
    const current = { key: 'hub', connected: true, sinceMs: 0 };
    expect(planWay(known({ current }), now).steps).toEqual([{ kind: 'try', key: 'leaf' }]);
  });

  test('a trial that takes too long is set back, and the next one tried', () => {
    const trying = { key: 'leaf', sinceMs: now - trialMs };
    expect(planWay(known({ trying }), now).steps).toEqual([
      { kind: 'give-up', key: 'leaf', setBack: true },
      { kind: 'try', key: 'hub' },
    ]);
    const before = { key: 'leaf', sinceMs: now - trialMs + 1 };
    expect(planWay(known({ trying: before }), now)).toMatchObject({ steps: [], wakeAtMs: now + 1 });
  });

  test('what is set back waits, and is tried again after that', () => {
    const setbacks = new Map([['leaf', setBack(undefined, now)]]);
    const current = { key: 'hub', connected: true, sinceMs: 0 };
    const plan = planWay(known({ current, setbacks }), now);
    expect(plan).toEqual({ steps: [], waiting: '', wakeAtMs: now + setbackMs.first });
    expect(planWay(known({ current, setbacks }), now + setbackMs.first).steps).toEqual([
      { kind: 'try', key: 'leaf' },
    ]);
  });

  test('a connection that broke gets a moment, then others are tried', () => {
    const current = { key: 'leaf', connected: false, sinceMs: now };
    expect(planWay(known({ current }), now)).toMatchObject({ steps: [], wakeAtMs: now + brokenMs });
    expect(planWay(known({ current }), now + brokenMs).steps).toEqual([
      { kind: 'try', key: 'hub' },
    ]);
    // With nothing else to try it goes on dialling.
    expect(planWay(known({ current, candidates: ['leaf'] }), now + brokenMs).steps).toEqual([]);
  });

  test('a trial gives way to a better one without a setback', () => {
    const trying = { key: 'hub', sinceMs: now };
    expect(planWay(known({ trying }), now).steps).toEqual([
      { kind: 'give-up', key: 'hub', setBack: false },
      { kind: 'try', key: 'leaf' },
    ]);
  });

  test('none at all is said in words', () => {
    expect(planWay(known({ candidates: [] }), now).waiting).toContain('No device');
  });

  test('an outage that is over makes no setback longer in the next one', () => {
    let last = setBack(undefined, now);
    for (let count = 0; count < 5; count += 1) last = setBack(last, last.untilMs + trialMs);
    expect(last.failures).toBe(6);
    const later = last.untilMs + forgottenMs;
    expect(setBack(last, later - 1).failures).toBe(7);
    expect(setBack(last, later)).toEqual({ failures: 1, untilMs: later + setbackMs.first });
  });

  test('setbacks grow to a limit', () => {
    let last = setBack(undefined, now);
    for (let count = 0; count < 20; count += 1) last = setBack(last, now);
    expect(last.untilMs - now).toBe(setbackMs.wanMax);
    expect(setBack(last, now, setbackMs.lanMax).untilMs - now).toBe(setbackMs.lanMax);
  });

  test('without a link, one that failed when it was tried last comes after those that did not', () => {
    const setbacks = new Map([['hub', setBack(undefined, 0)]]);
    const current = { key: 'leaf', connected: false, sinceMs: now - brokenMs };
    expect(planWay(known({ current, setbacks }), now).steps).toEqual([
      { kind: 'try', key: 'neighbour' },
    ]);
    // It is not given up for that one, whose time is up, but for nothing else either.
    const trying = { key: 'neighbour', sinceMs: now };
    expect(planWay(known({ current, setbacks, trying }), now).steps).toEqual([]);
    // Where all failed, those that carried once come before it.
    setbacks.set('neighbour', doubt(undefined, now));
    const carried = new Set(['neighbour']);
    expect(planWay(known({ current, setbacks, carried }), now).steps).toEqual([
      { kind: 'try', key: 'neighbour' },
    ]);
    const alone = known({ current, setbacks, candidates: ['leaf', 'hub'] });
    expect(planWay(alone, now).steps).toEqual([{ kind: 'try', key: 'hub' }]);
  });

  test('with a link, the better one is tried beside it whatever it did before', () => {
    const setbacks = new Map([['hub', doubt(undefined, now)]]);
    const current = { key: 'neighbour', connected: true, sinceMs: now };
    expect(planWay(known({ current, setbacks, candidates: ['hub', 'neighbour'] }), now)).toEqual({
      ...{ steps: [{ kind: 'try', key: 'hub' }], waiting: '', wakeAtMs: now },
    });
  });

  test('a doubt makes nothing wait, and takes nothing back of a setback', () => {
    const failed = setBack(undefined, now);
    expect(doubt(failed, now)).toEqual(failed);
    expect(setBack(doubt(undefined, now), now)).toEqual(failed);
  });
});

/** As `edge/link/ways` runs it: a way that works stands after a moment, any other never does. */
const createDevice = (candidates: readonly WayKey[]) => {
  const setbacks = new Map<WayKey, Setback>();
  const carried = new Set<WayKey>();
  let current: WaysKnown['current'] = null;
  let trying: WaysKnown['trying'] = null;
  const adopt = (key: WayKey, connected: boolean, at: number): void => {
    if (current?.connected === false)
      setbacks.set(current.key, doubt(setbacks.get(current.key), at));
    current = { key, connected, sinceMs: at };
    trying = null;
    setbacks.delete(key);
    if (connected) carried.add(key);
  };
  const plan = (at: number): void => {
    for (const step of planWay({ candidates, current, trying, setbacks, carried }, at).steps) {
      if (step.kind === 'try' && current === null) adopt(step.key, false, at);
      else if (step.kind === 'try') trying = { key: step.key, sinceMs: at };
      else {
        const maxMs = step.key === 'hub' ? setbackMs.wanMax : setbackMs.lanMax;
        if (step.setBack) setbacks.set(step.key, setBack(setbacks.get(step.key), at, maxMs));
        trying = null;
      }
    }
  };
  return {
    via: () => (current?.connected === true ? current.key : null),
    turn: (at: number, works: (key: WayKey) => boolean): void => {
      if (current !== null && current.connected !== works(current.key))
        current = { key: current.key, connected: !current.connected, sinceMs: at };
      if (current?.connected === true) carried.add(current.key);
      if (trying !== null && works(trying.key) && at - trying.sinceMs >= stepMs)
        adopt(trying.key, true, at);
      plan(at);
    },
  };
};
const stepMs = 500;

describe('of any outages', () => {
  const all = ['leaf a', 'hub', 'neighbour a', 'neighbour b'] as const;
  const outages = fc.array(
    fc.record({
      works: fc.subarray([...all].filter((key) => key !== 'hub')),
      lastsMs: fc.integer({ min: stepMs, max: 200_000 }),
    }),
    { minLength: 1, maxLength: 12 },
  );

  test('a device without an uplink waits for the hub in none but the first', () => {
    fc.assert(
      fc.property(outages, (some) => {
        const device = createDevice(all);
        let at = 0;
        const last = (works: readonly WayKey[], ms: number, each = (): void => undefined): void => {
          for (const end = at + ms; at < end; at += stepMs) {
            device.turn(at, (key) => works.includes(key));
            each();
          }
        };
        // It has met the hub, and then both neighbours carried it for a while.
        last(['neighbour a'], 60_000);
        last(['neighbour b'], 60_000);
        for (const { works, lastsMs } of some) {
          last(works, lastsMs);
          last(['leaf a', 'neighbour a', 'neighbour b'], 400_000);
          expect(device.via()).toBe('leaf a');
          last(['neighbour a', 'neighbour b'], brokenMs + 3 * stepMs);
          expect(device.via()).toMatch(/^neighbour/);
          last(['neighbour a', 'neighbour b'], 60_000);
        }
      }),
    );
  });

  test('however long a LAN carried one direction only, its leaf is taken a minute after it carries both', () => {
    fc.assert(
      fc.property(fc.integer({ min: stepMs, max: 3_600_000 }), (lastsMs) => {
        const device = createDevice(all);
        let at = 0;
        const last = (works: readonly WayKey[], ms: number): void => {
          for (const end = at + ms; at < end; at += stepMs)
            device.turn(at, (key) => works.includes(key));
        };
        last(['leaf a', 'hub'], 10_000);
        last(['hub'], lastsMs);
        last(['leaf a', 'hub'], 60_000 + trialMs + 2 * stepMs);
        expect(device.via()).toBe('leaf a');
      }),
    );
  });

  test('a device is back on its own uplink as soon as a setback allows', () => {
    fc.assert(
      fc.property(outages, (some) => {
        const device = createDevice(all.slice(1));
        let at = 0;
        const last = (works: readonly WayKey[], ms: number): void => {
          for (const end = at + ms; at < end; at += stepMs)
            device.turn(at, (key) => works.includes(key));
        };
        last(['hub'], 10_000);
        for (const { works, lastsMs } of some) {
          last(works, lastsMs);
          last([...works, 'hub'], setbackMs.wanMax + 2 * trialMs + 2 * stepMs);
          expect(device.via()).toBe('hub');
        }
      }),
    );
  });
});
