import { describe, expect, it } from 'vitest';
import { percentText, sentenceOf } from './trend.ts';

const minute = 60_000;
const hour = { from: 0, to: 60 * minute, period: 'last hour' };
const points = (...values: readonly [minutes: number, value: number | null][]) =>
  values.map(([minutes, value]) => ({ at: minutes * minute, value }));
const said = (...values: readonly [number, number | null][]) =>
  sentenceOf(points(...values), percentText, hour);

describe('the sentence below a chart', () => {
  it('speaks of the whole period where that was measured', () => {
    expect(said([1, 20], [30, 61], [59, 33])).toBe('Between 20 % and 61 % over the last hour.');
    expect(said([1, 20], [59, 20])).toBe('Steady at 20 % over the last hour.');
  });

  it('speaks of no more than was measured', () => {
    expect(said([50, null], [56, 99], [59, 100])).toBe(
      'Between 99 % and 100 % over 3 min of the last hour.',
    );
    expect(said([59, 42])).toBe('One reading in the last hour: 42 %.');
    expect(said([59, null])).toBe('No readings in the last hour.');
  });
});
