/** When devices are called, how often at most, and over how long their greetings spread. */
import { expect, test } from 'vitest';
import {
  callAgainMs,
  callBegun,
  callFailed,
  callForgottenMs,
  callMade,
  callRetryMs,
  callWanted,
  greetingsPerSecond,
  planCalls,
  startCalls,
  withinMsFor,
} from './call.ts';

const call = [{ kind: 'call' }];

test('devices are called at once for the first cause, and never without one', () => {
  expect(planCalls(startCalls(), 0)).toEqual({ steps: [], waiting: '', wakeAt: null });
  expect(planCalls(callWanted(startCalls()), 0).steps).toEqual(call);
  expect(planCalls(callMade(startCalls(), 0), 10 * callAgainMs.max).steps).toEqual([]);
});

/** Calls that are made while there is cause at every moment. */
const callsWithin = (forMs: number, from = startCalls(), startAt = 0) => {
  let known = from;
  const at: number[] = [];
  for (let now = startAt; now < startAt + forMs; now += 250) {
    known = callWanted(known);
    if (planCalls(known, now).steps.length === 0) continue;
    at.push(now - startAt);
    known = callMade(callBegun(known), now);
  }
  return { known, at };
};

test('cause upon cause makes calls ever more seldom, and after a quiet time quickly again', () => {
  const { known, at } = callsWithin(600_000);
  expect(at.slice(0, 4)).toEqual([0, 2_000, 6_000, 14_000]);
  expect(at.length).toBeLessThan(16);
  const later = callBegun(known).lastAt + callForgottenMs;
  expect(callsWithin(600_000, callBegun(known), later).at).toEqual(at);
});

test('a cause that comes while a call is made is one more call, later', () => {
  const known = callMade(callWanted(callBegun(callWanted(startCalls()))), 1_000);
  expect(planCalls(known, 1_000)).toMatchObject({ steps: [], wakeAt: 1_000 + callAgainMs.first });
});

test('while Postgres is away the call is due until it can be made, and says when', () => {
  const failed = callFailed(startCalls(), 5_000);
  expect(planCalls(failed, 5_000)).toMatchObject({ steps: [], wakeAt: 5_000 + callRetryMs });
  expect(planCalls(failed, 5_000 + callRetryMs).steps).toEqual(call);
});

test('ten devices ask within a second, a fleet no faster than it is answered', () => {
  expect(withinMsFor(10)).toBe(1_000);
  for (const devices of [1_000, 10_000, 60_000])
    expect(devices / (withinMsFor(devices) / 1_000)).toBeLessThanOrEqual(greetingsPerSecond);
  expect(withinMsFor(10_000)).toBe(20_000);
  expect(withinMsFor(10_000_000)).toBe(120_000);
});
