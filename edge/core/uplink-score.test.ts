import fc from 'fast-check';
import { expect, test } from 'vitest';
import { noUplink, scoreAfter, type UplinkScore } from './uplink-score.ts';

const scoresOf = (answers: readonly (number | null)[], from: UplinkScore = noUplink): number[] => {
  let known = from;
  return answers.map((answer) => {
    known = scoreAfter(known, answer);
    return known.score;
  });
};
const changesOf = (scores: readonly number[]): number =>
  scores.filter((score, index) => index > 0 && score !== scores[index - 1]).length;

test('the first answer counts as it is, and an uplink that came or went at once', () => {
  for (const [tookMs, score] of [
    [5, 255],
    [100, 192],
    [600, 128],
    [2_500, 64],
  ] as const) {
    expect(scoresOf([tookMs, null, tookMs])).toEqual([score, 0, score]);
  }
});

test('answers on both sides of a step change nothing', () => {
  const around = (ms: number) =>
    fc.integer({ min: Math.ceil(ms * 0.75), max: Math.floor(ms * 1.4) });
  for (const step of [60, 300, 1_000]) {
    const answers = fc.array(around(step), { minLength: 2, maxLength: 200 });
    fc.assert(
      fc.property(answers, (some) => {
        expect(changesOf(scoresOf(some))).toBe(0);
      }),
    );
  }
});

test('one answer that took long, or a few, change nothing; a line that became another does', () => {
  const well = Array.from({ length: 5 }, () => 20);
  expect(new Set(scoresOf([...well, 900, 20, 20, 20, 20, 900, 20]))).toEqual(new Set([255]));
  expect(scoresOf([...well, ...Array.from({ length: 5 }, () => 700)]).at(-1)).toBe(128);
  const slow = Array.from({ length: 5 }, () => 700);
  expect(scoresOf([...slow, ...well]).at(-1)).toBe(255);
});
