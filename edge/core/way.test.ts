import { describe, expect, test } from 'vitest';
import {
  brokenMs,
  forgottenMs,
  planWay,
  setBack,
  setbackMs,
  trialMs,
  type WaysKnown,
} from './way.ts';

const now = 1_000_000;
const known = (more: Partial<WaysKnown> = {}): WaysKnown => ({
  candidates: ['leaf', 'hub', 'neighbour'],
  current: null,
  trying: null,
  setbacks: new Map(),
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
    expect(last.untilMs - now).toBe(setbackMs.max);
  });
});
