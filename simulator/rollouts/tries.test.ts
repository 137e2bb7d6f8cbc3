/**
 * Devices that fail or hang, and rollouts that give them another try or a time: told by the real cores,
 * with the reconcilers of devices that really hang in a pull or fail their probe.
 */
import { openGate } from '@signalbeam/bundle-orchestrator/core/wave';
import { describe, expect, test } from 'vitest';
import type { Bug } from '../bugs/bug.ts';
import { rolloutBugs } from '../bugs/rollout-bugs.ts';
import type { Device } from '../world/device.ts';
import { everybody, openScenario, type Scenario } from './scenario.fixture.ts';
import type { Rollout } from './tables.ts';

const minute = 60_000;
const tries = { retriesMax: 2, retryAfterMs: 5 * minute };

const statusesOf = ({ rows }: Rollout): string[] => rows.map(({ status }) => status);
const versionsOf = (site: Scenario): (string | null)[] => site.devices.map(site.versionOf);
const one = ({ devices }: Scenario): Device => {
  const [device] = devices;
  if (device === undefined) throw new Error('there is no device');
  return device;
};

describe('a device on which a version fails', () => {
  const failing = async (bug: Bug = {}) => {
    const site = await openScenario(3, { bug });
    const next = site.publish();
    const { parts } = one(site);
    const ill = `web@${next.release.version}`;
    parts.host.ill.add(ill);
    const rollout = site.begin(next, { waves: everybody, pace: tries });
    await site.until('it tries again', () =>
      rollout.rows.some(({ status, retryCount }) => status === 'planned' && retryCount === 1),
    );
    return { site, rollout, next, heal: () => parts.host.ill.delete(ill) };
  };

  test('has it by its second try, when what ailed it was over', async () => {
    const { site, rollout, next, heal } = await failing();
    heal();
    await site.finish(rollout);
    expect(rollout.status).toBe('succeeded');
    expect(versionsOf(site)).toEqual(site.devices.map(() => next.release.version));
    expect(site.timesTold(rollout, one(site))).toBe(2);
  });

  test('has as many tries as the rollout gives it, and keeps what it had', async () => {
    const { site, rollout } = await failing();
    await site.finish(rollout);
    expect(statusesOf(rollout).filter((status) => status === 'failed')).toHaveLength(1);
    expect(site.timesTold(rollout, one(site))).toBe(3);
    expect(site.versionOf(one(site))).toBe(site.first.release.version);
  });

  test('is seen where it has more', async () => {
    const { site, rollout } = await failing(rolloutBugs['tries-without-end']);
    await expect(site.finish(rollout, 240 * minute)).rejects.toThrow('tries-are-counted');
  });

  test('is told no more by a rollout that is cancelled before its next try', async () => {
    const { site, rollout } = await failing();
    expect(site.world.rollouts?.orchestrator.steer(rollout, 'cancel', 'user:bob')).toBe(true);
    await site.finish(rollout);
    await site.run(30 * minute);
    expect(site.timesTold(rollout, one(site))).toBe(1);
    expect(site.versionOf(one(site))).toBe(site.first.release.version);
  });
});

describe('a device that hangs in its update', () => {
  const hanging = async (bug: Bug = {}) => {
    const site = await openScenario(3, { bug });
    one(site).parts.host.pullMs = 100 * 24 * 60 * minute;
    const pace = { deviceTimeoutMs: 20 * minute };
    return { site, rollout: site.begin(site.publish(), { waves: everybody, pace }) };
  };

  test('fails after its time, and the rollout is over', async () => {
    const { site, rollout } = await hanging();
    await site.finish(rollout, 60 * minute);
    expect(rollout.status).toBe('failed');
    expect(statusesOf(rollout).toSorted()).toEqual(['failed', 'succeeded', 'succeeded']);
    expect(site.versionOf(one(site))).toBe(site.first.release.version);
  });

  test('does not while nothing is heard of it, whatever the time', async () => {
    const { site, rollout } = await hanging();
    await site.until('it began', () => statusesOf(rollout).includes('in-progress'));
    site.cut([one(site)]);
    await site.run(180 * minute);
    expect(statusesOf(rollout)).not.toContain('failed');
    site.heal([one(site)]);
    await site.finish(rollout, 60 * minute);
    expect(statusesOf(rollout)).toContain('failed');
  });

  test('is seen where silence counts as taking too long', async () => {
    const { site, rollout } = await hanging(rolloutBugs['silence-times-out']);
    await site.until('it began', () => statusesOf(rollout).includes('in-progress'));
    site.cut([one(site)]);
    await expect(site.run(60 * minute)).rejects.toThrow('silence-fails-nobody');
  });
});

test('a wave that is cut off for longer than its time stops the rollout, and opens nothing', async () => {
  const site = await openScenario(4);
  const timed = { ...openGate, succeededPercentMin: 100, timeoutMs: 60 * minute };
  const rollout = site.begin(site.publish(), {
    waves: [{ name: 'first', size: { kind: 'count', count: 2 }, gate: timed }, ...everybody],
  });
  site.cut(site.devices);
  await site.run(59 * minute);
  expect(rollout.status).toBe('in-progress');
  await site.run(3 * minute);
  expect(rollout.status).toBe('paused');
  expect(rollout.waves[1]?.state).toBe('waiting');
  site.heal(site.devices);
  expect(site.world.rollouts?.orchestrator.steer(rollout, 'resume', 'user:bob')).toBe(true);
  await site.finish(rollout);
  expect(rollout.status).toBe('succeeded');
});
