import { rowBytesMax } from '@signalbeam/sync/core/limits';
import { type EventBody, type ReportedBody, reportedBody } from '@signalbeam/sync/wire/rows';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fitEvent, fitReported } from './fit.ts';

const id = '1c3b0a52-33a7-4d1e-8f0e-6f9f2f6a9f10';
const bodyOf = (slots: number, containers: number, logLines: number): ReportedBody => ({
  generation: 1,
  bootId: 'b',
  agentVersion: '0.1.0',
  engine: { kind: 'docker', version: '20', reachable: true },
  waiting: 'w'.repeat(400),
  slots: Array.from({ length: slots }, () => ({
    bundleId: id,
    bundleName: 'n'.repeat(40),
    version: '1.0.0',
    runningVersion: null,
    rolloutId: id,
    requestedGeneration: 1,
    status: 'failed',
    reason: 'r'.repeat(1_000),
    logTail: Array.from({ length: logLines }, (_, line) => `${line} ${'l'.repeat(250)}`),
  })),
  containers: Array.from({ length: containers }, () => ({
    bundleName: 'n'.repeat(40),
    name: 'c'.repeat(42),
    state: 'running',
    health: 'healthy',
    imageDigest: `sha256:${'a'.repeat(64)}`,
    restartCount: 0,
    startedAt: 1,
  })),
});

test('the largest report the schema allows fits a row, and stays a report', () => {
  fc.assert(
    fc.property(fc.nat(16), fc.nat(200), fc.nat(20), (slots, containers, lines) => {
      const fitted = fitReported(bodyOf(slots, containers, lines));
      expect(reportedBody.parse(fitted)).toEqual(fitted);
      expect(fitted.slots).toHaveLength(slots);
      expect(
        Buffer.byteLength(JSON.stringify({ seq: 2 ** 50, at: 2 ** 42, body: fitted })),
      ).toBeLessThanOrEqual(rowBytesMax);
    }),
    { numRuns: 60 },
  );
});

test('the newest log lines of a failure stay as long as they can', () => {
  const fitted = fitReported(bodyOf(2, 5, 20));
  expect(fitted.slots[0]?.logTail).toHaveLength(5);
  expect(fitted.slots[0]?.logTail.at(-1)).toMatch(/^19 /);
  expect(fitted.containers).toHaveLength(5);
});

test('an event keeps its message and says how much data it left out', () => {
  const data = Object.fromEntries(
    Array.from({ length: 12 }, (_, index) => [`k${index}`, 'x'.repeat(900)]),
  );
  const event: EventBody = { type: 'update-failed', severity: 'error', message: 'it failed', data };
  expect(fitEvent(event)).toEqual({ ...event, data: { leftOut: 12 } });
});
