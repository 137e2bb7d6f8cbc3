/** What the rows of lanes may say, and what of it an older cloud makes of a newer agent. */
import { expect, it } from 'vitest';
import { type ReportedBody, reportedBody } from './rows.ts';

const slot: ReportedBody['slots'][number] = {
  ...{ bundleId: '4f6e1c8e-2f5a-4d6b-9b0c-1a2b3c4d5e6f', bundleName: 'press', version: '1.0.0' },
  ...{ runningVersion: '1.0.0', rolloutId: null, requestedGeneration: 3 },
  ...{ status: 'running', reason: null, logTail: [] },
};
const container: ReportedBody['containers'][number] = {
  ...{ bundleName: 'press', name: 'web', state: 'running', health: 'healthy' },
  ...{ imageDigest: `sha256:${'a'.repeat(64)}`, restartCount: 0, startedAt: 1 },
};
const body: ReportedBody = {
  ...{ generation: 3, bootId: 'boot', agentVersion: '0.2.0', waiting: '' },
  desiredDigest: `sha256:${'b'.repeat(64)}`,
  engine: { kind: 'docker', version: '27', reachable: true },
  ...{ slots: [slot], containers: [container] },
  power: { batteryPercent: 20, onBattery: true },
};

it('of a report that says more than is known here all that is known is taken, and nothing else', () => {
  const more = { humidity: { percent: 40 } };
  const newer = {
    ...{ ...body, ...more },
    engine: { ...body.engine, ...more },
    slots: [{ ...slot, ...more }],
    containers: [{ ...container, ...more }],
    power: { ...body.power, ...more },
  };
  expect(reportedBody.parse(newer)).toEqual(body);
  expect(reportedBody.safeParse({ ...newer, waiting: undefined }).success).toBe(false);
  expect(reportedBody.safeParse({ ...newer, power: { batteryPercent: 101 } }).success).toBe(false);
});
