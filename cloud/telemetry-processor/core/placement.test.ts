import fc from 'fast-check';
import { expect, test } from 'vitest';
import { aheadMsMax, behindMsMax, marksOf, placedHourOf } from './placement.ts';

const hour = 3_600_000;
const receivedAt = Date.UTC(2026, 5, 15, 12, 30);

test('a row lies in the hour of its device, unless that clock cannot be right', () => {
  expect(placedHourOf(receivedAt - 20 * 24 * hour, receivedAt)).toBe(Date.UTC(2026, 4, 26, 12));
  expect(placedHourOf(receivedAt + aheadMsMax, receivedAt)).toBe(Date.UTC(2026, 5, 15, 12));
  const arrival = Date.UTC(2026, 5, 15, 12);
  expect(placedHourOf(receivedAt + 5 * hour, receivedAt)).toBe(arrival);
  expect(placedHourOf(0, receivedAt)).toBe(arrival);
  expect(placedHourOf(receivedAt - behindMsMax - 1, receivedAt)).toBe(arrival);
});

test('each row is within one mark, the one of its hour', () => {
  const at = fc.oneof(
    fc.integer({ min: -3 * hour, max: 2 * hour }).map((offset) => receivedAt + offset),
    fc.integer({ min: 0, max: 8_640_000_000_000_000 }),
  );
  fc.assert(
    fc.property(fc.array(at, { maxLength: 60 }), (times) => {
      const rows = times.map((time, index) => ({ seq: index + 1, at: time }));
      const marks = marksOf(rows, receivedAt);
      for (const row of rows) {
        const within = marks.filter(
          (mark) =>
            mark.hour === placedHourOf(row.at, receivedAt) &&
            mark.fromSeq <= row.seq &&
            row.seq <= mark.toSeq &&
            mark.atFrom <= row.at &&
            row.at <= mark.atTo,
        );
        expect(within).toHaveLength(1);
      }
      expect(new Set(marks.map((mark) => mark.hour)).size).toBe(marks.length);
    }),
  );
});
