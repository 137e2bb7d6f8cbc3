import { metricsBody } from '@signalbeam/sync/wire/rows';
import { expect, test } from 'vitest';
import { createMetricsSampler } from './metrics.ts';

test('a sample fits the row, and what can be read is read', async () => {
  const sampler = createMetricsSampler(import.meta.dirname, Date.now);
  await sampler.sample();
  // systeminformation answers load from its last reading within 200 ms.
  const until = Date.now() + 260;
  while (Date.now() < until);
  const sample = await sampler.sample();
  expect(metricsBody.parse(sample)).toEqual(sample);
  expect(sample.cpuPercent).toBeGreaterThan(0);
  expect(sample.memoryUsedBytes).toBeGreaterThan(1_000_000);
  expect(sample.diskPercent).toBeGreaterThanOrEqual(0);
});

test('a folder that is gone gives no disk figure instead of a wrong one', async () => {
  const sample = await createMetricsSampler('/nonexistent', Date.now).sample();
  expect([sample.diskPercent, sample.diskUsedBytes]).toEqual([null, null]);
});
