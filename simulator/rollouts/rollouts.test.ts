/**
 * Rollouts through partitions, flapping links, bad versions, late devices and a cloud that dies: the
 * stories that have a name, each told by the real cores over the simulated world. Random ones are the
 * seeds of ../simulation.test.ts.
 */
import { type Gate, openGate, type WaveWish } from '@signalbeam/bundle-orchestrator/core/wave';
import { describe, expect, test } from 'vitest';
import { rolloutBugs } from '../bugs/rollout-bugs.ts';
import type { Device } from '../world/device.ts';
import { rolledOut } from '../world/director.ts';
import { everybody, openScenario, type Scenario } from './scenario.fixture.ts';
import type { Rollout } from './tables.ts';

/** With SIGNALBEAM_FULL=1 it dies at each of some 160 effects. */
const effectsApart = process.env['SIGNALBEAM_FULL'] === '1' ? 1 : 5;

const minute = 60_000;
const day = 24 * 60 * minute;

const strict: Gate = {
  ...openGate,
  succeededPercentMin: 100,
  failedPercentMax: 0,
  failedSampleMin: 1,
  soakMs: 0,
  approval: 'none',
  unreached: { rule: 'wait' },
};
const pairsOfTwo: WaveWish[] = [
  { name: 'first', size: { kind: 'count', count: 2 }, gate: strict },
  { name: 'second', size: { kind: 'count', count: 2 }, gate: strict },
  { name: 'rest', size: { kind: 'rest' }, gate: strict },
];

const ofWave = ({ deviceOf }: Scenario, { rows }: Rollout, wave: number): Device[] =>
  rows.filter((row) => row.wave === wave).map(deviceOf);

const statusesOf = ({ rows }: Rollout, wave?: number): string[] =>
  rows.filter((row) => wave === undefined || row.wave === wave).map(({ status }) => status);

const versions = ({ devices, versionOf }: Scenario): (string | null)[] => devices.map(versionOf);

/** The old version is down, so the new one is here. */
const hasStopped = ({ disk }: Device): boolean => {
  const phase = disk.content.slots.get(rolledOut)?.update?.phase;
  return phase === 'swap' || phase === 'probe';
};

const all = <T>(count: number, value: T): T[] => Array.from({ length: count }, () => value);

describe('a partition', () => {
  test.each([0, 1, 2])('before wave %i holds that wave and what comes after it', async (wave) => {
    const site = await openScenario(6);
    const next = site.publish();
    const { version } = next.release;
    const rollout = site.begin(next, { waves: pairsOfTwo });
    const away = ofWave(site, rollout, wave);
    site.cut(away);
    await site.until('the wave is open', () => rollout.waves[wave]?.state === 'open');
    await site.run(60 * minute);
    expect(rollout.status).toBe('in-progress');
    expect(rollout.waves[wave]?.state).toBe('open');
    expect(away.map(site.versionOf)).not.toContain(version);
    for (const later of rollout.waves.slice(wave + 1)) expect(later.state).toBe('waiting');
    site.heal(away);
    await site.finish(rollout);
    expect(rollout.status).toBe('succeeded');
    expect(versions(site)).toEqual(all(6, version));
  });

  test.each([0, 1, 2])(
    'within wave %i loses nothing of what devices do meanwhile',
    async (wave) => {
      const site = await openScenario(6);
      const next = site.publish();
      const { version } = next.release;
      const rollout = site.begin(next, { waves: pairsOfTwo });
      const away = ofWave(site, rollout, wave);
      await site.until('its devices have all that they need', () => away.every(hasStopped));
      site.cut(away);
      await site.run(30 * minute);
      // They finish by themselves, and the gate does not know it yet.
      expect(rollout.waves[wave]?.state).toBe('open');
      expect(away.map(site.versionOf)).toEqual(all(2, version));
      site.heal(away);
      await site.finish(rollout);
      expect(rollout.status).toBe('succeeded');
      expect(versions(site)).toEqual(all(6, version));
    },
  );

  test.each([0, 1])('after wave %i holds up nobody else', async (wave) => {
    const site = await openScenario(6);
    const next = site.publish();
    const rollout = site.begin(next, { waves: pairsOfTwo });
    await site.until('the wave is passed', () => rollout.waves[wave]?.state === 'passed');
    site.cut(ofWave(site, rollout, wave));
    await site.until('it is over', () => rollout.status === 'succeeded');
    expect(versions(site)).toEqual(all(6, next.release.version));
  });

  test('is gone past by a gate that may, and its devices follow when they are back', async () => {
    const site = await openScenario(6);
    const next = site.publish();
    const gate: Gate = {
      ...strict,
      unreached: { rule: 'go-on', afterMs: 20 * minute, reachedPercentMin: 50 },
    };
    const rollout = site.begin(next, { waves: pairsOfTwo.map((wave) => ({ ...wave, gate })) });
    const [away] = ofWave(site, rollout, 0);
    if (away === undefined) throw new Error('the wave is empty');
    site.cut([away]);
    await site.run(15 * minute);
    expect(rollout.waves[0]?.state).toBe('open');
    await site.until('the others are done', () => rollout.waves[2]?.state === 'passed');
    expect(rollout.status).toBe('in-progress');
    expect(statusesOf(rollout).filter((status) => status === 'pending')).toHaveLength(1);
    site.heal([away]);
    await site.finish(rollout);
    expect(statusesOf(rollout)).toEqual(all(6, 'succeeded'));
  });
});

describe('a soak in which somebody comes back who was left out', () => {
  const soakMs = 20 * minute;
  const unreached = { rule: 'go-on' as const, afterMs: 0, reachedPercentMin: 50 };
  const waves: WaveWish[] = [
    { name: 'first', size: { kind: 'count', count: 3 }, gate: { ...strict, soakMs, unreached } },
    ...everybody,
  ];
  /** Until one of the first wave is back and has confirmed as well, in the middle of the soak. */
  const comeBack = async (site: Scenario): Promise<Rollout> => {
    const rollout = site.begin(site.publish(), { waves });
    const [away, ...others] = ofWave(site, rollout, 0);
    if (away === undefined) throw new Error('the wave is empty');
    site.cut([away]);
    const confirmed = (): number =>
      statusesOf(rollout, 0).filter((status) => status === 'succeeded').length;
    await site.until('the others are done', () => confirmed() === others.length);
    await site.until('it soaks without the one', () => rollout.waves[0]?.goodSinceMs !== null);
    await site.run(5 * minute);
    site.heal([away]);
    await site.until('all are done', () => confirmed() === 3);
    return rollout;
  };

  test('begins again', async () => {
    const site = await openScenario(4);
    const rollout = await comeBack(site);
    await site.run(soakMs - minute);
    expect(rollout.waves[1]?.state).toBe('waiting');
    await site.finish(rollout);
    expect(statusesOf(rollout)).toEqual(all(4, 'succeeded'));
  });

  test('is seen where it does not begin again', async () => {
    const site = await openScenario(4, { bug: rolloutBugs['soak-not-begun-again'] ?? {} });
    const rollout = await comeBack(site);
    await expect(site.finish(rollout)).rejects.toThrow('in the middle of its soak');
  });
});

test('links that flap delay a rollout, and nobody is told twice', async () => {
  const site = await openScenario(6);
  const rollout = site.begin(site.publish(), { waves: pairsOfTwo });
  for (let turn = 0; turn < 30; turn += 1) {
    site.cut(site.devices.filter((_, number) => (number + turn) % 2 === 0));
    await site.run(25_000);
    site.heal(site.devices);
    await site.run(10_000);
  }
  await site.finish(rollout);
  expect(statusesOf(rollout)).toEqual(all(6, 'succeeded'));
  expect(site.devices.map((device) => site.timesTold(rollout, device))).toEqual(all(6, 1));
});

describe('a bad version', () => {
  const canary: WaveWish[] = [
    {
      name: 'canary',
      size: { kind: 'percent', percent: 20 },
      gate: { ...strict, succeededPercentMin: 75, failedPercentMax: 25, failedSampleMin: 4 },
    },
    {
      name: 'rest',
      size: { kind: 'rest' },
      gate: { ...strict, succeededPercentMin: 90, failedPercentMax: 10, failedSampleMin: 10 },
    },
  ];

  test.each([
    { percent: 1, of: 100 },
    { percent: 5, of: 20 },
  ])('on $percent % of devices fails there alone, and they keep what they had', async ({ of }) => {
    const site = await openScenario(of);
    const next = site.publish();
    const ill = site.devices.filter((_, number) => number === 7);
    for (const { parts } of ill) parts.host.ill.add(`web@${next.release.version}`);
    const rollout = site.begin(next, { waves: canary, onFailure: 'roll-back' });
    await site.finish(rollout);
    expect(rollout.status).toBe('succeeded');
    expect(statusesOf(rollout).filter((status) => status === 'failed')).toHaveLength(1);
    for (const device of site.devices) {
      const { release } = ill.includes(device) ? site.first : next;
      expect(site.versionOf(device)).toBe(release.version);
    }
  });

  test('on half of the devices is stopped at the first wave, and all have what they had', async () => {
    const site = await openScenario(20);
    const next = site.publish();
    for (const { parts } of site.devices.filter((_, number) => number % 2 === 0))
      parts.host.ill.add(`web@${next.release.version}`);
    const rollout = site.begin(next, { waves: canary, onFailure: 'roll-back' });
    await site.finish(rollout);
    expect(rollout.status).toBe('rolled-back');
    expect(rollout.waves[1]?.state).toBe('waiting');
    expect(versions(site)).toEqual(all(20, site.first.release.version));
  });
});

test('a device that comes months late gets the newest version, and every report adds up', async () => {
  const site = await openScenario(4);
  const [late, ...others] = site.devices;
  if (late === undefined) throw new Error('there is no device');
  late.kill('power');
  const gate: Gate = {
    ...strict,
    unreached: { rule: 'go-on', afterMs: 10 * minute, reachedPercentMin: 50 },
  };
  const waves: WaveWish[] = [{ name: 'all', size: { kind: 'rest' }, gate }];
  const second = site.begin(site.publish(), { waves });
  await site.until('the others are done', () => second.waves[0]?.state === 'passed');
  // The plant is closed for a season.
  for (const device of others) device.kill('power');
  await site.run(100 * day);
  for (const device of others) device.boot();
  const next = site.publish();
  const third = site.begin(next, { waves });
  // One is still at work on the second: the third does not tell it yet, and says so.
  const told = () => statusesOf(third).filter((status) => status === 'succeeded');
  await site.until('they are done again', () => told().length === 3);
  expect(statusesOf(third)).toContain('planned');
  expect([second.status, third.status]).toEqual(['in-progress', 'in-progress']);
  late.boot();
  await site.finish(second);
  await site.finish(third);
  expect(statusesOf(second)).toEqual(all(4, 'succeeded'));
  expect(statusesOf(third)).toEqual(all(4, 'succeeded'));
  expect(versions(site)).toEqual(all(4, next.release.version));
});

test('a loop of the cloud that dies between any two effects tells nobody twice and forgets nobody', async () => {
  const site = await openScenario(3);
  const orchestrator = site.world.rollouts?.orchestrator;
  if (orchestrator === undefined) throw new Error('nothing is rolled out here');
  const waves = [{ name: 'one', size: { kind: 'count', count: 1 }, gate: strict }, ...everybody];
  let effects = 1;
  let died = true;
  while (died) {
    const next = site.publish();
    const rollout = site.begin(next, { waves: waves as WaveWish[] });
    orchestrator.fuse = effects;
    await site.finish(rollout);
    died = orchestrator.fuse === 0;
    expect(statusesOf(rollout)).toEqual(all(3, 'succeeded'));
    expect(site.devices.map((device) => site.timesTold(rollout, device))).toEqual(all(3, 1));
    expect(versions(site)).toEqual(all(3, next.release.version));
    effects += effectsApart;
  }
  // Until one run had no effect left to die at.
  expect(effects).toBeGreaterThan(60);
});

test('cancelling gives the unfinished what they had, and leaves alone who confirmed', async () => {
  const site = await openScenario(6);
  const next = site.publish();
  const rollout = site.begin(next, { waves: pairsOfTwo });
  await site.until('the second wave is at work', () =>
    statusesOf(rollout, 1).includes('in-progress'),
  );
  expect(site.world.rollouts?.orchestrator.steer(rollout, 'cancel', 'user:bob')).toBe(true);
  await site.finish(rollout);
  const before = site.first.release.version;
  const expected = rollout.rows.map(({ wave }) => (wave === 0 ? next.release.version : before));
  expect(rollout.rows.map((row) => site.versionOf(site.deviceOf(row)))).toEqual(expected);
  expect(statusesOf(rollout)).toEqual([...all(2, 'succeeded'), ...all(4, 'cancelled')]);
  // What was never told was never signed for.
  for (const device of ofWave(site, rollout, 2)) expect(site.timesTold(rollout, device)).toBe(0);
});

test('devices that stand in for one another are updated one after the other', async () => {
  const site = await openScenario(6, { pairs: true });
  const next = site.publish();
  const rollout = site.begin(next, { waves: everybody, pace: { redundancyTag: 'pair' } });
  await site.until('some are at work', () => statusesOf(rollout).includes('in-progress'));
  expect(statusesOf(rollout).filter((status) => status === 'planned').length).toBeGreaterThan(0);
  await site.finish(rollout);
  expect(versions(site)).toEqual(all(6, next.release.version));
});

/** The cloud loop that a person steers. */
const steerIn = (site: Scenario) => {
  const orchestrator = site.world.rollouts?.orchestrator;
  if (orchestrator === undefined) throw new Error('nothing is rolled out here');
  return orchestrator;
};

describe('who thinks better of it', () => {
  test.each(['cancel', 'pause'] as const)(
    'by a %s, and goes on at once, still has one of a pair down at a time',
    async (verb) => {
      const site = await openScenario(6, { pairs: true });
      const pace = { redundancyTag: 'pair' };
      const rollout = site.begin(site.publish(), { waves: everybody, pace });
      await site.until('one has its old version down', () => site.devices.some(hasStopped));
      expect(steerIn(site).steer(rollout, verb, 'user:bob')).toBe(true);
      const next = site.publish();
      const second = verb === 'pause' ? rollout : site.begin(next, { waves: everybody, pace });
      if (verb === 'pause') expect(steerIn(site).steer(rollout, 'resume', 'user:bob')).toBe(true);
      await site.finish(rollout);
      await site.finish(second);
      expect(versions(site)).toEqual(all(6, second.release.version));
      // Whoever was given back something has said that it is done with it.
      for (const { rows } of [rollout, second])
        expect(rows.map((row) => row.givenBackGeneration)).toEqual(all(6, null));
    },
  );

  test.each(['cancel', 'roll-back'] as const)(
    'by a %s after the one before was withdrawn does not bring that back',
    async (verb) => {
      const site = await openScenario(4);
      const withdrawn = site.begin(site.publish(), { waves: everybody });
      await site.finish(withdrawn);
      const newer = site.begin(site.publish(), { waves: everybody });
      await site.until('all are at work', () => statusesOf(newer).includes('in-progress'));
      site.cut(site.devices);
      expect(steerIn(site).steer(withdrawn, 'roll-back', 'user:bob')).toBe(true);
      await site.run(minute);
      expect(steerIn(site).steer(newer, verb, 'user:bob')).toBe(true);
      await site.run(minute);
      site.heal(site.devices);
      await site.finish(newer);
      await site.finish(withdrawn);
      expect(versions(site)).toEqual(all(4, site.first.release.version));
    },
  );

  test('by a roll-back of the older one, too, has the unreached go back at once by that', async () => {
    const site = await openScenario(4);
    const older = site.begin(site.publish(), { waves: everybody });
    await site.finish(older);
    const newer = site.begin(site.publish(), { waves: everybody });
    await site.finish(newer);
    site.cut(site.devices);
    for (const rollout of [newer, older]) {
      expect(steerIn(site).steer(rollout, 'roll-back', 'user:bob')).toBe(true);
      await site.run(minute);
    }
    expect(statusesOf(newer)).toEqual(all(4, 'cancelled'));
    site.heal(site.devices);
    await site.finish(newer);
    await site.finish(older);
    expect(statusesOf(older)).toEqual(all(4, 'rolled-back'));
    expect(versions(site)).toEqual(all(4, site.first.release.version));
  });
});
