import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Condition, planAlert, planCondition, type Watched } from './alert-plan.ts';

const rule = { threshold: 90, clearThreshold: 85, forSeconds: 60, clearSeconds: 30 };
const noGrace = { graceUntilMs: 0 };
/** Of what is asked at each look: it is known as it is now. */
const always = { valueSinceMs: 0, knownUntilMs: Number.POSITIVE_INFINITY, wellAtMs: null };
type Told = { at: number; what: 'raised' | 'resolved' };

/** Looks at one device as the loop does, every second or later, and keeps what it says. */
const live = (values: readonly { afterMs: number; value: number | null }[], graceUntilMs = 0) => {
  const told: Told[] = [];
  let condition: Condition | null = null;
  let alerts = 0;
  let now = 1_000_000;
  for (const { afterMs, value } of values) {
    now += afterMs;
    const known = { valueSinceMs: now, knownUntilMs: now, wellAtMs: null };
    const watched: Watched = { rule, value, ...known, isWatched: true, condition };
    for (const step of planCondition(watched, { graceUntilMs }, now).steps) {
      const open = condition as Condition | null;
      switch (step.kind) {
        case 'begin':
          condition = { sinceMs: step.sinceMs, okSinceMs: null, alertId: null };
          break;
        case 'forget':
          condition = null;
          break;
        case 'raise':
          alerts += 1;
          condition = { ...(open as Condition), alertId: `alert ${alerts}` };
          told.push({ at: now, what: 'raised' });
          break;
        case 'recover':
          condition = { ...(open as Condition), okSinceMs: now };
          break;
        case 'relapse':
          condition = { ...(open as Condition), okSinceMs: null };
          break;
        case 'resolve':
          condition = null;
          told.push({ at: now, what: 'resolved' });
      }
    }
  }
  return told;
};

const samples = fc.array(
  fc.record({
    afterMs: fc.integer({ min: 1_000, max: 40_000 }),
    value: fc.oneof(fc.integer({ min: 80, max: 95 }), fc.constant(null)),
  }),
  { maxLength: 200 },
);

describe('a condition', () => {
  it('raises and resolves in turns, whatever the values do', () => {
    fc.assert(
      fc.property(samples, (values) => {
        for (const [index, { what }] of live(values).entries()) {
          expect(what).toBe(index % 2 === 0 ? 'raised' : 'resolved');
        }
      }),
    );
  });

  it('is raised only after it was bad all the time, and resolved after it was well all the time', () => {
    fc.assert(
      fc.property(samples, (values) => {
        let now = 1_000_000;
        const seen = values.map(({ afterMs, value }) => {
          now += afterMs;
          return { at: now, value };
        });
        for (const { at, what } of live(values)) {
          const spanMs = (what === 'raised' ? rule.forSeconds : rule.clearSeconds) * 1_000;
          const within = seen.filter((each) => each.at >= at - spanMs && each.at <= at);
          for (const { value } of within) {
            if (what === 'raised') expect(value).toBeGreaterThanOrEqual(rule.threshold);
            // Between the two, what is not known proves nothing against it.
            else if (value !== null) expect(value).toBeLessThan(rule.clearThreshold);
          }
        }
      }),
    );
  });

  it('does not flap around the threshold, and silence neither raises nor resolves', () => {
    const each = (afterMs: number, ...values: (number | null)[]) =>
      values.map((value) => ({ afterMs, value }));
    expect(live(each(20_000, 91, 92, 91, 93, 89, 91, 86, 90, 88, 92)).map((t) => t.what)).toEqual([
      'raised',
    ]);
    expect(live(each(20_000, 91, 92, null, 93, 94, null, 91))).toEqual([]);
    const raised = each(20_000, 91, 92, 91, 93);
    expect(live([...raised, ...each(60_000, null, null, null, null)]).length).toBe(1);
    expect(live([...raised, ...each(20_000, 80, 80, 80, 80)]).length).toBe(2);
  });

  it('is not raised in the grace after our own start', () => {
    const bad = Array.from({ length: 30 }, () => ({ afterMs: 10_000, value: 95 }));
    const [first] = live(bad, 1_000_000 + 200_000);
    expect(first?.at).toBe(1_000_000 + 200_000);
  });

  it('whose alert somebody closed is never raised again while it lasts', () => {
    const condition = { sinceMs: 0, okSinceMs: null, alertId: 'closed' };
    const watched = { rule, value: 99, ...always, isWatched: true, condition };
    for (const now of [1e5, 1e7, 1e9]) {
      expect(planCondition(watched, noGrace, now).steps).toEqual([]);
    }
  });

  it('that nothing watches any more is over', () => {
    const gone = { rule, value: null, ...always, isWatched: false };
    const condition = { sinceMs: 0, okSinceMs: null, alertId: null };
    expect(planCondition({ ...gone, condition }, noGrace, 9).steps).toEqual([{ kind: 'forget' }]);
    const raised = { ...condition, alertId: 'open' };
    expect(planCondition({ ...gone, condition: raised }, noGrace, 9).steps).toEqual([
      { kind: 'resolve' },
    ]);
  });

  it('is not raised by one sample that got old, nor when it was well in between', () => {
    const condition = { sinceMs: 0, okSinceMs: null, alertId: null };
    const bad = { rule, value: 95, valueSinceMs: 0, wellAtMs: null, isWatched: true, condition };
    const of = (known: { knownUntilMs: number; wellAtMs?: number }) =>
      planCondition({ ...bad, ...known }, noGrace, 900_000);
    expect(of({ knownUntilMs: 59_999 })).toEqual({
      ...{ steps: [], waiting: 'waits for its next samples' },
    });
    expect(of({ knownUntilMs: 60_000 }).steps).toEqual([{ kind: 'raise' }]);
    expect(of({ knownUntilMs: 60_000, wellAtMs: 1 }).steps).toEqual([{ kind: 'forget' }]);
    expect(of({ knownUntilMs: 60_000, wellAtMs: -1 }).steps).toEqual([{ kind: 'raise' }]);
  });

  it('says what it waits for', () => {
    const condition = { sinceMs: 0, okSinceMs: null, alertId: null };
    const watched = { rule, value: 95, ...always, isWatched: true, condition };
    expect(planCondition(watched, noGrace, 20_000).waiting).toBe(
      'raised in 40 s unless it gets better',
    );
  });
});

describe('an open alert', () => {
  const alert = {
    severity: 'warning' as const,
    status: 'active' as const,
    escalatesAtMs: 1_000,
    silenced: false,
  };

  it('escalates once its time came, unless somebody took it on', () => {
    expect(planAlert(alert, false, 999).steps).toEqual([]);
    expect(planAlert(alert, false, 1_000).steps).toEqual([{ kind: 'escalate' }]);
    expect(planAlert({ ...alert, status: 'acknowledged' }, false, 2_000).steps).toEqual([]);
    expect(planAlert({ ...alert, severity: 'critical' }, false, 2_000).steps).toEqual([]);
  });

  it('is told of when its silence ends before it does', () => {
    const silenced = { ...alert, silenced: true };
    expect(planAlert(silenced, true, 0).steps).toEqual([]);
    expect(planAlert(silenced, false, 0).steps).toEqual([{ kind: 'tell' }]);
    expect(planAlert({ ...silenced, status: 'acknowledged' }, false, 0).steps).toEqual([]);
  });
});
