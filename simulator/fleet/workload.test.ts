import type { Desired } from '@signalbeam/sync/core/manifest';
import { reportedBody } from '@signalbeam/sync/wire/rows';
import { describe, expect, it } from 'vitest';
import { comingOf, temperOf } from './temper.ts';
import {
  advance,
  emptyWorkload,
  isBusy,
  reportOf,
  takeDesired,
  type Workload,
} from './workload.ts';

const bundleId = '6f1c2a0e-5a0b-4a52-9d6e-0a4a2f5d7c11';
const device = { deviceId: bundleId, bootId: 'b', agentVersion: '0.1.0' };
const desired = (generation: number, version: string, digit: string): Desired =>
  ({
    generation,
    slots: [
      {
        ...{ bundleId, bundleName: 'hello', version, rolloutId: null },
        ...{ releaseDigest: `sha256:${digit.repeat(64)}`, requestedGeneration: generation },
      },
    ],
  }) as unknown as Desired;
const temper = (bad: string[]) => ({
  phaseMs: () => 100,
  isBad: (digest: string) => bad.some((digit) => digest.endsWith(digit)),
});

/** Every account that the device gives until nothing moves any more. */
const live = (from: Workload, bad: string[]) => {
  const told = [reportOf(device, from, 0)];
  let workload = from;
  for (let now = 100; isBusy(workload); now += 100) {
    workload = advance(workload, temper(bad), now);
    told.push(reportOf(device, workload, now));
  }
  for (const each of told) expect(reportedBody.safeParse(each).success).toBe(true);
  const statuses = told.map(({ slots: [slot] }) => `${slot?.status} ${slot?.runningVersion}`);
  return { workload, statuses };
};

describe('a simulated device', () => {
  it('tells of an update as an agent does, and keeps the old version when the new one is bad', () => {
    const first = live(takeDesired(emptyWorkload, desired(1, '1.0.0', 'a'), 0), []);
    expect(first.statuses).toEqual([
      ...['downloading null', 'installing null', 'verifying null', 'running 1.0.0'],
    ]);
    const second = live(takeDesired(first.workload, desired(2, '2.0.0', 'b'), 0), ['b']);
    expect(second.statuses.at(-1)).toBe('failed 1.0.0');
    const same = takeDesired(second.workload, desired(2, '2.0.0', 'b'), 0);
    expect(isBusy(same)).toBe(false);
    const asked = live(takeDesired(second.workload, desired(3, '2.0.0', 'b'), 0), []);
    expect(asked.statuses.at(-1)).toBe('running 2.0.0');
  });

  it('behaves by its seed alone, in about the shares that were asked for', () => {
    const behaviour = { seed: 7, leave: 10, flap: 20, badVersion: 30 };
    const all = Array.from({ length: 2_000 }, (_, index) => index);
    const share = (wanted: string) =>
      all.filter((index) => comingOf(behaviour, index) === wanted).length / all.length;
    expect([share('leaves'), share('flaps')].map((each) => Math.round(each * 20) / 20)).toEqual([
      0.1, 0.2,
    ]);
    const bad = all.filter((index) => temperOf(behaviour, index, 1).isBad('sha256:x'));
    expect(bad.length / all.length).toBeCloseTo(0.3, 1);
    expect(all.filter((index) => temperOf(behaviour, index, 1).isBad('sha256:x'))).toEqual(bad);
  });
});
