/**
 * A cloud that did not answer greetings and answers again: how long a device waits for its next try, what
 * a call changes about it, and what a fleet costs while nobody answers and when all are called.
 */
import { describe, expect, test } from 'vitest';
import * as core from './outbox.ts';
import { planOutbox } from './plan.ts';

const second = 1_000;
const helloTimeoutMs = 5 * second;
const hashAt = () => null;
const around = (now: number, random = 0.5): core.Surroundings => ({ now, random, hashAt });
const startedAt = (now: number) => core.linkUp(core.startOutbox([]), now);

/** Greets whenever it is due and hears nothing, until then. */
const greetInVain = (known: core.Known, from: number, untilMs: number, random = () => 0.99) => {
  let [next, now, greetings] = [known, from, 0];
  for (;;) {
    const due = Math.max(now, next.helloAt);
    if (due + helloTimeoutMs > untilMs) return { known: next, greetings };
    next = core.helloSent(next, around(due));
    greetings += 1;
    now = due + helloTimeoutMs;
    const failed = { helloId: next.helloId, unreachable: false };
    next = core.helloFailed(next, failed, around(now, random()));
  }
};

/** When a device greets that is called at `now`, whether a greeting in vain is on its way then or not. */
const greetsAgainAt = (
  known: core.Known,
  now: number,
  withinMs: number,
  random: () => number,
): number => {
  const around = { now, random: random(), hashAt };
  if (known.helloAt > now) return core.called(known, withinMs, around).helloAt;
  const sentAt = known.helloAt;
  const asking = core.helloSent(known, { ...around, now: sentAt });
  const failed = { helloId: asking.helloId, unreachable: false };
  const failedAt = sentAt + helloTimeoutMs;
  const called = core.called(asking, withinMs, around);
  return core.helloFailed(called, failed, { ...around, now: failedAt }).helloAt;
};

const answer = (known: core.Known, now: number): core.Known =>
  core.welcomed(known, { helloId: known.helloId, positions: [] }, around(now)).known;

describe('after ten minutes without an answer', () => {
  const now = 600 * second;
  const { known } = greetInVain(startedAt(0), 0, now);

  test('a device by itself waits up to two minutes for its next try', () => {
    expect(known.helloAt - now).toBeGreaterThan(60 * second);
  });

  test('a device that is called asks within the time it was given', () => {
    const called = core.called(known, 2 * second, around(now, 0.75));
    expect(called.helloAt).toBe(now + 1_500);
    const asking = core.helloSent(called, around(now + 1_500));
    expect(answer(asking, now + 1_600).phase).toBe('open');
  });

  test('a call while a greeting is on its way counts once that one has failed', () => {
    const asking = core.helloSent(known, around(now));
    const called = core.called(asking, 2 * second, around(now + second, 0.5));
    expect(planOutbox(called, now + 2 * second).steps).toEqual([]);
    const failed = { helloId: called.helloId, unreachable: false };
    const again = core.helloFailed(called, failed, around(now + helloTimeoutMs, 0.5));
    expect(again.helloAt).toBe(now + helloTimeoutMs + second);
    expect(answer(called, now + 2 * second).phase).toBe('open');
  });

  test('a call brings one greeting forward, and the pace of those after it stays', () => {
    const called = core.called(known, second, around(now, 0));
    const asking = core.helloSent(called, around(now));
    const failed = { helloId: asking.helloId, unreachable: false };
    const next = core.helloFailed(asking, failed, around(now + helloTimeoutMs, 0.99));
    expect(next.helloAt - now).toBeGreaterThan(60 * second);
  });

  test('a call never puts a greeting off', () => {
    const soon = { ...known, helloAt: now + 10 };
    expect(core.called(soon, 120 * second, around(now, 0.9)).helloAt).toBe(now + 10);
  });
});

test('who is connected, or has no link, does not heed a call', () => {
  const down = core.linkDown(startedAt(0));
  expect(core.called(down, second, around(0))).toBe(down);
  const open = answer(core.helloSent(startedAt(0), around(0)), 10);
  expect(open.phase).toBe('open');
  expect(core.called(open, second, around(20))).toBe(open);
});

test('ten thousand that are called come back over the time they are given, each with one greeting', () => {
  let state = 7;
  const random = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  const devices = 10_000;
  const [backAt, withinMs] = [600 * second, 20 * second];
  let inVain = 0;
  const perSecond = new Map<number, number>();
  for (let device = 0; device < devices; device += 1) {
    const began = random() * 10 * second;
    const { known, greetings } = greetInVain(startedAt(began), began, backAt, random);
    inVain += greetings;
    const at = Math.floor((greetsAgainAt(known, backAt, withinMs, random) - backAt) / second);
    perSecond.set(at, (perSecond.get(at) ?? 0) + 1);
  }
  // No more than before there were calls: a greeting a minute from each that gets no answer.
  expect(inVain / devices).toBeLessThan(16);
  expect(Math.max(...perSecond.keys())).toBeLessThan((withinMs + helloTimeoutMs) / second);
  expect(Math.max(...perSecond.values())).toBeLessThan((1.5 * devices) / (withinMs / second));
});
