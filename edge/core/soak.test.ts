/** A version is confirmed by probes that were good through its soak, not by time that went by. */
import { describe, expect, it } from 'vitest';
import { plan } from './plan.ts';
import { running, settle } from './settle.fixture.ts';
import {
  apply,
  containerManifest,
  createWorld,
  knownOf,
  release,
  type World,
  want,
} from './world.fixture.ts';

const soakMs = 60_000;
const healthCheck = {
  probe: { kind: 'tcp', port: 80 } as const,
  intervalMs: 5_000,
  timeoutMs: 3_000,
  retries: 3,
  startPeriodMs: 0,
  soakMs,
};
const version = (number: string, image: string) =>
  release(number, [containerManifest('web', image, { healthCheck })]);
const [v1, v2] = [version('1.0.0', 'web-1'), version('2.0.0', 'web-2')];

/** Looks each 5 s until `2.0.0` has been well for half of its soak; the time of the last probe. */
const halfSoaked = (world: World): number => {
  want(world, v1, 1);
  let now = settle(world, 0);
  want(world, v2, 2);
  for (let looks = 0; looks < 200; looks += 1) {
    const { steps, wakeAtMs } = plan(knownOf(world), now);
    for (const step of steps) apply(world, step, now);
    const { healthySince = null, lastProbeAt = null } = world.slots[0]?.update ?? {};
    if (healthySince !== null && (lastProbeAt ?? 0) - healthySince >= soakMs / 2) return now;
    if (steps.length === 0) now = Math.max(now + 1, wakeAtMs ?? 0);
  }
  throw new Error('it was never well');
};

const hourMs = 3_600_000;

describe('a version in the middle of its soak', () => {
  it('is not confirmed by an hour in which nobody looked, and goes back if it is ill by then', () => {
    const world = createWorld();
    const now = halfSoaked(world);
    world.sick.add('web@2.0.0');
    settle(world, now + hourMs);
    expect(world.slots[0]).toMatchObject({ confirmed: { version: '1.0.0' }, update: null });
    expect(running(world)).toEqual(['web@1.0.0']);
  });

  it('soaks anew after that hour if it is well', () => {
    const world = createWorld();
    const now = halfSoaked(world) + hourMs;
    const end = settle(world, now);
    expect(world.slots[0]?.confirmed?.version).toBe('2.0.0');
    expect(end - now).toBeGreaterThanOrEqual(soakMs);
  });

  it('is not confirmed by a clock that is set right by years', () => {
    const world = createWorld();
    const now = halfSoaked(world) + 56 * 365 * 24 * hourMs;
    for (const step of plan(knownOf(world), now).steps) apply(world, step, now);
    expect(plan(knownOf(world), now)).toMatchObject({ steps: [] });
    expect(world.slots[0]?.confirmed?.version).toBe('1.0.0');
  });

  it('goes on with it after an agent was away for a few seconds', () => {
    const world = createWorld();
    const now = halfSoaked(world) + 10_000;
    const end = settle(world, now);
    expect(world.slots[0]?.confirmed?.version).toBe('2.0.0');
    expect(end - now).toBeLessThan(soakMs / 2);
  });

  it('is probed once more at its end, whatever the interval', () => {
    const world = createWorld();
    const now = halfSoaked(world);
    world.log.length = 0;
    settle(world, now);
    expect(world.log.slice(-2)).not.toEqual([]);
    const confirmedAt = world.log.indexOf('confirm-update');
    expect(world.log[confirmedAt - 1]).toBe('probe');
  });
});
