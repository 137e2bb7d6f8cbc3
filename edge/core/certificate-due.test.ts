/** When the next certificate is asked for. */
import { expect, it } from 'vitest';
import { certificateDueInMs } from './certificate-due.ts';

const day = 86_400_000;
const now = Date.UTC(2026, 10, 27);
const held = { fromMs: now, toMs: now + 90 * day };

it('is at once without one, and after two thirds of the life of one', () => {
  expect(certificateDueInMs(null, now, null)).toBe(0);
  expect(certificateDueInMs(held, now, null)).toBe(60 * day);
  expect(certificateDueInMs(held, now + 59 * day, null)).toBe(day);
  expect(certificateDueInMs(held, now + 60 * day, null)).toBe(0);
  expect(certificateDueInMs(held, now + 400 * day, null)).toBe(0);
});

it('is at most once a day, whatever the clock does', () => {
  expect(certificateDueInMs(held, now + 70 * day, now + 70 * day)).toBe(day);
  expect(certificateDueInMs(held, now - 3_650 * day, null)).toBe(day);
});
