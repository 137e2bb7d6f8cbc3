import { expect, test } from 'vitest';
import { longestOf, retentionLimits, retentionNames, retentionOf } from './retention.ts';

test('is the default of the tier, what was chosen, and never beyond the tier', () => {
  expect(retentionOf('free', {})).toEqual({
    ...{ metricsDays: 7, hoursDays: 90, eventsDays: 30, deadLettersDays: 7 },
  });
  const chosen = { metricsDays: 60, hoursDays: null, eventsDays: 1 };
  expect(retentionOf('paid', chosen)).toMatchObject({
    metricsDays: 60,
    hoursDays: 400,
    eventsDays: 1,
  });
  // A tenant that went from paid to free.
  expect(retentionOf('free', chosen)).toMatchObject({
    metricsDays: 7,
    hoursDays: 90,
    eventsDays: 1,
  });
  for (const tier of ['free', 'paid'] as const) {
    for (const name of retentionNames) {
      const { default: usual, max } = retentionLimits[tier][name];
      expect(usual).toBeLessThanOrEqual(max);
    }
  }
});

test('the longest of all is what may be removed for everybody', () => {
  const [short, long] = [retentionOf('free', {}), retentionOf('paid', { metricsDays: 90 })];
  expect(longestOf([short, long])).toMatchObject({ metricsDays: 90, hoursDays: 400 });
  expect(longestOf([])).toEqual(retentionOf('paid', {}));
});
