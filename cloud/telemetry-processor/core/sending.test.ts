/** What channels send, when and how it is folded: the rules one by one, then under random outcomes. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { deliveryAgeMsMax } from './hearing.ts';
import { type ChannelKind, channelKinds, type Happening } from './notice.ts';
import { backoffMs, retryMs } from './retry.ts';
import {
  keyOfAlert,
  type Outcome,
  paces,
  planSending,
  type Queued,
  type SendingKnown,
  settle,
} from './sending.ts';

const start = 1_000_000_000_000;
const queued = (id: string, alert: Queued['alert'] = null, queuedAt = start): Queued => ({
  ...{ id, alert, queuedAt, attempts: 0, retryAt: 0, reason: null },
});
const alert = (id: string, happening: Happening) => ({ id, happening });
const knownOf = (kind: ChannelKind, queue: Queued[]): SendingKnown => ({
  ...{ kind, queue, sentAt: [], failures: 0, retryAt: 0, incidents: [] },
});
const delivered: Outcome = { kind: 'delivered', answer: 'ok' };
const soon = start + 5_000;
const lastOf = (known: SendingKnown, now: number) => planSending(known, now).steps.at(-1);

describe('what a channel sends next', () => {
  it('waits a moment for what comes together, and folds 200 alerts into one message', () => {
    const queue = Array.from({ length: 200 }, (_, at) =>
      queued(`d${at}`, alert(`a${at}`, 'raised')),
    );
    const known = knownOf('slack', queue);
    expect(planSending(known, start).waiting?.until).toBe(start + paces.slack.gatherMs);
    const step = lastOf(known, soon);
    expect(step).toMatchObject({ kind: 'send', ids: queue.map(({ id }) => id) });
    if (step === undefined) throw new Error('nothing is sent');
    const after = settle(known, step, delivered, { now: soon, chance: 0 });
    expect(planSending(after, soon)).toEqual({ steps: [], waiting: null });
  });

  it('sends few ones one by one, and folds what a minute has no room for', () => {
    let known = knownOf('email', [queued('a'), queued('b'), queued('c')]);
    for (const id of ['a', 'b', 'c']) {
      const step = lastOf(known, soon);
      expect(step).toMatchObject({ kind: 'send', ids: [id] });
      if (step !== undefined) known = settle(known, step, delivered, { now: soon, chance: 0 });
    }
    known = { ...known, queue: [queued('d'), queued('e')] };
    const folded = lastOf(known, soon);
    expect(folded).toMatchObject({ ids: ['d', 'e'] });
    if (folded !== undefined) known = settle(known, folded, delivered, { now: soon, chance: 0 });
    known = { ...known, queue: [queued('f')] };
    expect(planSending(known, soon)).toMatchObject({
      steps: [],
      waiting: { until: soon + 60_000, why: 'As many messages as a minute may have were sent.' },
    });
    expect(lastOf(known, soon + 60_000)).toMatchObject({ ids: ['f'] });
  });

  it('lets no resolve overtake a raise that is being tried again', () => {
    const [raise, resolve] = [
      queued('r', alert('a', 'raised')),
      queued('e', alert('a', 'resolved')),
    ];
    let known = knownOf('pagerduty', [raise, resolve]);
    const step = lastOf(known, soon);
    expect(step).toMatchObject({ ids: ['r'], incidentKey: keyOfAlert('a') });
    if (step === undefined) return;
    const failed: Outcome = { kind: 'failed', reason: 'HTTP 503', retryAfterMs: 40_000 };
    known = settle(known, step, failed, { now: soon, chance: 1 });
    const { steps, waiting } = planSending(known, soon + 39_999);
    expect(steps).toEqual([]);
    expect(waiting?.until).toBe(soon + 40_000);
    const again = lastOf(known, soon + 40_000);
    expect(again).toMatchObject({ ids: ['r'] });
    if (again !== undefined) {
      known = settle(known, again, delivered, { now: soon + 40_000, chance: 0 });
    }
    expect(lastOf(known, soon + 40_000)).toMatchObject({
      ids: ['e'],
      incidentKey: keyOfAlert('a'),
    });
  });

  it('opens one incident for many alerts, and closes it with the last of them', () => {
    const ids = Array.from({ length: 12 }, (_, at) => `a${at}`);
    let known = knownOf(
      'pagerduty',
      ids.map((id) => queued(`r-${id}`, alert(id, 'raised'))),
    );
    const raise = lastOf(known, soon);
    if (raise?.kind !== 'send') throw new Error('nothing is sent');
    expect(raise.ids).toHaveLength(12);
    expect(raise.incidentKey).toBe('signalbeam:several:r-a0');
    known = settle(known, raise, delivered, { now: soon, chance: 0 });
    known = { ...known, queue: ids.map((id) => queued(`e-${id}`, alert(id, 'resolved'))) };
    for (const id of ids.slice(0, -1)) {
      const step = lastOf(known, soon);
      expect(step).toMatchObject({ kind: 'pass-over', ids: [`e-${id}`] });
      if (step !== undefined) known = settle(known, step, null, { now: soon, chance: 0 });
    }
    expect(lastOf(known, soon)).toEqual({
      ...{ kind: 'send', ids: ['e-a11'], incidentKey: 'signalbeam:several:r-a0' },
    });
  });

  it('tries the others before it comes back to the one that a receiver chokes on', () => {
    let known = knownOf('teams', [queued('poison'), queued('good')]);
    const step = lastOf(known, soon);
    expect(step).toMatchObject({ ids: ['poison'] });
    if (step === undefined) return;
    known = settle(known, step, { kind: 'failed', reason: 'HTTP 500' }, { now: soon, chance: 1 });
    expect(lastOf(known, soon + 60_000)).toMatchObject({ ids: ['good'] });
  });

  it('gives up after a day, and says why', () => {
    const old = { ...queued('old'), attempts: 9, reason: 'HTTP 503' };
    const { steps, waiting } = planSending(knownOf('webhook', [old]), start + deliveryAgeMsMax);
    expect(steps).toEqual([
      { kind: 'give-up', ids: ['old'], reason: 'Not delivered within a day. Last: HTTP 503' },
    ]);
    expect(waiting).toBeNull();
  });
});

describe('trying again', () => {
  it('waits longer each time, up to a quarter of an hour, and as long as it was asked to', () => {
    const waits = [1, 2, 3, 30].map((failures) => backoffMs(failures, 1));
    expect(waits).toEqual([5_000, 10_000, 20_000, 900_000]);
    expect(backoffMs(1, 0)).toBe(2_500);
    expect(retryMs(1, 0, 60_000)).toBe(60_000);
    expect(retryMs(1, 0, 10 ** 12)).toBe(3_600_000);
  });
});

const kinds = fc.constantFrom(...channelKinds);
const happening = fc.constantFrom<Happening>('raised', 'escalated', 'acknowledged', 'resolved');
const arrivals = fc.array(
  fc.record({
    afterMs: fc.integer({ min: 0, max: 20_000 }),
    alert: fc.option(fc.record({ id: fc.constantFrom('a', 'b', 'c', 'd'), happening })),
  }),
  { minLength: 1, maxLength: 60 },
);
const outcomes = fc.infiniteStream(
  fc.oneof(
    { weight: 3, arbitrary: fc.constant<Outcome>(delivered) },
    { weight: 2, arbitrary: fc.constant<Outcome>({ kind: 'failed', reason: 'HTTP 503' }) },
    { weight: 1, arbitrary: fc.constant<Outcome>({ kind: 'refused', reason: 'HTTP 400' }) },
  ),
);

describe('whatever the receiver does', () => {
  it('everything ends once, alerts stay in order, and no minute has too many messages', () => {
    fc.assert(
      fc.property(kinds, arrivals, outcomes, (kind, coming, answers) => {
        let time = start;
        const all = coming.map((one, at) => {
          time += one.afterMs;
          return queued(`d${at}`, one.alert, time);
        });
        const ended: string[] = [];
        const sends: number[] = [];
        let known = knownOf(kind, []);
        let now = start;
        let next = 0;
        for (let turn = 0; ended.length < all.length; turn += 1) {
          expect(turn).toBeLessThan(20_000);
          while (next < all.length && (all[next]?.queuedAt ?? 0) <= now) {
            known = { ...known, queue: [...known.queue, ...all.slice(next, next + 1)] };
            next += 1;
          }
          const { steps, waiting } = planSending(known, now);
          for (const step of steps) {
            const outcome = step.kind === 'send' ? (answers.next().value as Outcome) : null;
            if (outcome?.kind !== 'failed') ended.push(...step.ids);
            if (outcome?.kind === 'delivered') sends.push(now);
            known = settle(known, step, outcome, { now, chance: 0.5 });
          }
          if (steps.length > 0) continue;
          const arrival = all[next]?.queuedAt ?? Number.POSITIVE_INFINITY;
          const until = Math.min(waiting?.until ?? Number.POSITIVE_INFINITY, arrival);
          expect(until, 'it waits for something that comes').toBeGreaterThan(now);
          now = until;
        }
        expect(new Set(ended).size).toBe(all.length);
        const order = (id: string) => all.findIndex((one) => one.id === id);
        for (const name of ['a', 'b', 'c', 'd']) {
          const own = ended.map(order).filter((at) => all[at]?.alert?.id === name);
          expect(own).toEqual(own.toSorted((one, other) => one - other));
        }
        for (const at of sends) {
          const inMinute = sends.filter((other) => other > at - 60_000 && other <= at);
          expect(inMinute.length).toBeLessThanOrEqual(paces[kind].perMinuteMax);
        }
      }),
      { numRuns: 150 },
    );
  });
});
