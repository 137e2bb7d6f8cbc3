import { expect, it } from 'vitest';
import { ceilingOf, spreadLine, spreadMetrics, spreadSentence, withoutComing } from './spread.ts';

const at = '2026-03-01T10:00:00.000Z';
const point = { at, devices: 40, min: 1, p50: 20, p95: 61, p99: 82, max: 90 };
const metric = (key: string) => {
  const found = spreadMetrics.find((each) => each.key === key);
  if (found === undefined) throw new Error(key);
  return found;
};

it('says of the newest step how many devices are at what', () => {
  expect(spreadSentence([{ ...point, p50: 0 }, point], metric('cpuPercent'), 'max')).toBe(
    'Last: half of 40 devices at 20 % or below by their highest, 95 % at 61 %, 99 % at 82 %; the highest at 90 %.',
  );
  expect(spreadSentence([{ ...point, devices: 1 }], metric('temperatureCelsius'), 'avg')).toBe(
    'Last: 20.0 °C, the mean of the only device with a reading.',
  );
  expect(spreadSentence([], metric('cpuPercent'), 'avg')).toContain('No device');
});

it('draws one line a percentile, on a scale that holds all of them', () => {
  expect(spreadLine([point], 'p95')).toEqual([{ at: Date.parse(at), value: 61 }]);
  expect(ceilingOf([point], metric('diskPercent'))).toBe(100);
  expect(ceilingOf([point], metric('loadAverage'))).toBeCloseTo(94.3);
  expect(ceilingOf([], metric('loadAverage'))).toBe(1);
});

it('leaves out the newest steps that few have sent, and no others that few have', () => {
  const stepMs = 300_000;
  const to = Date.parse(at) + 1_000_000;
  const points = [40, 3, 40, 21, 19, 1].map((devices, step) => ({
    ...{ ...point, devices, at: new Date(to - (6 - step) * stepMs).toISOString() },
  }));
  const kept = withoutComing(points, { stepMs, to });
  expect(kept.map(({ devices }) => devices)).toEqual([40, 3, 40, 21]);
  // Most have been away for longer than anything takes to come.
  const later = { stepMs, to: to + 3_600_000 };
  expect(withoutComing(points, later)).toEqual(points);
  const only = points.slice(-1);
  expect(withoutComing(only, { stepMs, to })).toEqual(only);
  expect(withoutComing([], { stepMs, to })).toEqual([]);
});
