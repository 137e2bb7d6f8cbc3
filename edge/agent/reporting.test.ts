/** A device's account of itself is told once, and again until the disk has it. */
import { desiredDigestOf } from '@signalbeam/sync/wire/records';
import type { ReportedBody } from '@signalbeam/sync/wire/rows';
import { expect, test } from 'vitest';
import type { Known } from '../core/known.ts';
import type { ReconcilerParts } from './parts.ts';
import { createReporter } from './reporting.ts';

const known: Known = {
  deviceId: 'd',
  slots: [],
  releases: new Map(),
  observed: [],
  presentImages: new Set(),
  storedImages: new Set(),
  limits: { memory: true, cpu: true },
  registryPort: 1,
  preparing: new Set(),
  retries: new Map(),
  hold: null,
  holdUpdates: null,
  hash: () => '',
};

const reporterOver = (
  appendReported: (body: ReportedBody) => void,
  battery?: ReconcilerParts['battery'],
  desired: ReconcilerParts['journal']['desired'] = () => null,
) =>
  createReporter(
    {
      journal: { desired } as ReconcilerParts['journal'],
      bootId: 'boot',
      agentVersion: '0.1.0',
      engines: {
        current: () => null,
        describe: () => ({ kind: 'docker', version: '1', reachable: true }),
        limits: () => ({ memory: true, cpu: true }),
        lost: () => undefined,
      },
      now: () => 0,
      outbox: { appendReported },
      ...(battery === undefined ? {} : { battery }),
    },
    () => new Map(),
  );

test('what says nothing new is not told again; seconds that tick down are nothing new', () => {
  const told: string[] = [];
  const { report } = reporterOver(({ waiting }) => told.push(waiting));
  for (const waiting of ['Trying again in 3 s.', 'Trying again in 2 s.', ''])
    report(known, waiting);
  expect(told).toEqual(['Trying again in 3 s.', '']);
});

test('what the disk did not take is told at the next look', () => {
  const told: string[] = [];
  let broken = true;
  const { report } = reporterOver(({ waiting }) => {
    if (broken) throw new Error('disk I/O error');
    told.push(waiting);
  });
  expect(() => report(known, 'a')).toThrow('disk I/O error');
  broken = false;
  report(known, 'a');
  expect(told).toEqual(['a']);
});

test('a battery is told by steps and when power comes or goes; without one nothing is said', () => {
  const told: ReportedBody['power'][] = [];
  let power: ReportedBody['power'] | null = null;
  const { report } = reporterOver(
    (body) => told.push(body.power),
    () => power,
  );
  report(known, '');
  expect(told).toEqual([undefined]);
  for (const batteryPercent of [23, 22, 21, 20, 19]) {
    power = { batteryPercent, onBattery: true };
    report(known, '');
  }
  power = { batteryPercent: 19, onBattery: false };
  report(known, '');
  expect(told.slice(1)).toEqual([
    { batteryPercent: 23, onBattery: true },
    { batteryPercent: 20, onBattery: true },
    { batteryPercent: 19, onBattery: false },
  ]);
});

test('what is in force is told by its generation and by its bytes, and other bytes are news', () => {
  const told: ReportedBody[] = [];
  let envelope = Buffer.from('one');
  const { report } = reporterOver(
    (body) => told.push(body),
    undefined,
    () => ({ generation: 4, envelope, acceptedAt: 0 }),
  );
  report(known, '');
  report(known, '');
  envelope = Buffer.from('another');
  report(known, '');
  expect(told.map(({ generation, desiredDigest }) => [generation, desiredDigest])).toEqual([
    [4, desiredDigestOf(Buffer.from('one'))],
    [4, desiredDigestOf(envelope)],
  ]);
});
