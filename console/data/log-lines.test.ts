import { expect, it } from 'vitest';
import { addEntries, asText, linesMax, matching, newestAt, noLines } from './log-lines.ts';

const at = (second: number) => new Date(second * 1_000).toISOString();
const line = (second: number, text: string) => ({
  ...{ at: at(second), output: 'stdout' as const, text },
});

it('keeps the newest lines and counts those that left', () => {
  const many = Array.from({ length: linesMax + 5 }, (_, second) => line(second, `line ${second}`));
  const held = addEntries(addEntries(noLines, many.slice(0, 10)), many.slice(10));
  expect([held.lines.length, held.gone, held.nextId]).toEqual([linesMax, 5, linesMax + 5]);
  expect(held.lines[0]).toEqual({ id: 5, entry: line(5, 'line 5') });
  expect(newestAt(held)).toBe(at(linesMax + 4));
});

it('tells no line twice that a new stream tells again, and a repeated one of the same stream stays', () => {
  const first = addEntries(noLines, [line(1, 'a'), line(2, 'b'), line(2, 'b')]);
  expect(first.lines).toHaveLength(3);
  const again = addEntries(first, [line(2, 'b'), line(3, 'a'), { leftOut: 2 }], first.lines);
  expect(again.lines.slice(3).map(({ entry }) => entry)).toEqual([line(3, 'a'), { leftOut: 2 }]);
  // Podman rounds times to seconds: the same words within one are another line.
  const more = addEntries(again, [line(3, 'a')], first.lines);
  expect(more.lines.slice(5).map(({ entry }) => entry)).toEqual([line(3, 'a')]);
});

it('finds lines by words in any order and case', () => {
  const { lines } = addEntries(noLines, [
    line(1, 'GET /health 200'),
    line(2, 'error'),
    { leftOut: 1 },
  ]);
  expect(matching(lines, '').length).toBe(3);
  expect(matching(lines, ' 200  get ').map(({ id }) => id)).toEqual([0]);
  expect(matching(lines, '<b>')).toEqual([]);
});

it('is a file with times, outputs and what is missing', () => {
  const held = addEntries(noLines, [{ leftOut: 1 }, line(0, 'x'), { at: at(1), note: 'stopped' }]);
  expect(asText(held.lines)).toBe(
    '--- 1 line left out: they came faster than they can be shown.\n' +
      '1970-01-01T00:00:00.000Z stdout x\n--- The container stopped.\n',
  );
});
