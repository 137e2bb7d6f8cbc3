import { expect, it } from 'vitest';
import { endOf, hear, nothingTold } from './delete-tenant-progress.ts';

const at = (nowMs: number, beganMs = nowMs) => ({ nowMs, beganMs });

it('says what each part was, and of a long one how far it is', () => {
  const first = hear(nothingTold, { of: 'telemetry.gaps', rows: 3 }, at(900, 500));
  expect(first.lines).toEqual([]);
  const second = hear(first.told, { of: 'telemetry.metrics', rows: 40_000 }, at(2_000, 1_000));
  expect(second.lines).toEqual(['telemetry.gaps: 3 deleted in 0.5 s']);
  const third = hear(second.told, { of: 'telemetry.metrics', rows: 60_000 }, at(3_000));
  expect(third.lines).toEqual([]);
  const fourth = hear(third.told, { of: 'telemetry.metrics', rows: 100_000 }, at(6_000));
  expect(fourth.lines).toEqual([
    'telemetry.metrics: 200,000 deleted so far in 5.0 s, 40,000 a second',
  ]);
  const fifth = hear(fourth.told, { of: 'telemetry.metrics', rows: 100_000 }, at(10_999));
  expect(fifth.lines).toEqual([]);
  expect(endOf(fifth.told, 11_000)).toEqual([
    'telemetry.metrics: 300,000 deleted in 10.0 s, 30,000 a second',
  ]);
  expect(endOf(nothingTold, 1)).toEqual([]);
});
