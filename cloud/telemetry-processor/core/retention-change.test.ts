import { expect, test } from 'vitest';
import { retentionChanges } from './retention-change.ts';

const now = Date.parse('2026-03-20T15:00:00Z');
const day = (text: string): number => Date.parse(`${text}T00:00:00Z`);

test('says of which days something is removed, and what is left of them', () => {
  const after = { metricsDays: 14, hoursDays: null, eventsDays: null, deadLettersDays: 40 };
  expect(retentionChanges('paid', { before: {}, after }, now)).toEqual([
    {
      ...{ name: 'metricsDays', fromDays: 30, toDays: 14 },
      removed: { fromMs: day('2026-02-18'), beforeMs: day('2026-03-06') },
      says:
        'Samples and five-minute values from 18 February 2026 until the end of 5 March 2026 are removed within a day' +
        " and can't be brought back; charts of that time show hours from then on.",
    },
    {
      ...{ name: 'deadLettersDays', fromDays: 30, toDays: 40, removed: null },
      says: 'Dead letters are kept for 40 days from now on; what is gone already does not come back.',
    },
  ]);
});

test('says nothing of what stays, as it was chosen or by the default', () => {
  const before = { metricsDays: 30, eventsDays: null };
  expect(retentionChanges('paid', { before, after: { eventsDays: 90 } }, now)).toEqual([]);
  // A tenant that went from paid to free keeps seven days whatever it chose.
  expect(retentionChanges('free', { before, after: { metricsDays: 9 } }, now)).toEqual([]);
});

test('promises no hours where those go, too', () => {
  const after = { metricsDays: 2, hoursDays: 5 };
  const [samples, hours] = retentionChanges('paid', { before: {}, after }, now);
  expect(samples?.says).toContain('show days');
  expect(hours?.says).toContain('show days');
});
