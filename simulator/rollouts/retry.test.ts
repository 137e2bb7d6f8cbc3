/**
 * Failed devices that are told again, and a person who thinks better of it while that is on its way:
 * nobody tries once more what was withdrawn, and nobody's state goes on asking for it.
 */
import { describe, expect, test } from 'vitest';
import { rolloutBugs } from '../bugs/rollout-bugs.ts';
import type { Device } from '../world/device.ts';
import { rolledOut } from '../world/director.ts';
import { everybody, openScenario, type Scenario } from './scenario.fixture.ts';
import type { Rollout } from './tables.ts';
import type { Verb } from './verbs.ts';

/** With SIGNALBEAM_FULL=1 it dies at each effect. */
const effectsApart = process.env['SIGNALBEAM_FULL'] === '1' ? 1 : 7;

const orchestratorOf = ({ world }: Scenario) => {
  const orchestrator = world.rollouts?.orchestrator;
  if (orchestrator === undefined) throw new Error('nothing is rolled out here');
  return orchestrator;
};

const statusesOf = ({ rows }: Rollout): string[] => rows.map(({ status }) => status);

/** What the cloud asks of each, in its newest state. */
const wantedOf = (site: Scenario): (string | undefined)[] =>
  site.devices.map(
    ({ parts }) =>
      orchestratorOf(site)
        .cloud.director.wanted.get(parts.deviceId)
        ?.slots.find(({ bundleId }) => bundleId === rolledOut)?.version,
  );

const pace = { redundancyTag: 'pair' };

/** A version that is bad on every device has failed on all of them. */
const failEverywhere = async (site: Scenario): Promise<Rollout> => {
  const next = site.publish();
  for (const { parts } of site.devices) parts.host.ill.add(`web@${next.release.version}`);
  const rollout = site.begin(next, { waves: everybody, pace });
  await site.finish(rollout);
  expect(statusesOf(rollout)).toEqual(site.devices.map(() => 'failed'));
  return rollout;
};

/** Told again; of each pair one is at work, and the other has yet to be told. */
const retry = async (site: Scenario, rollout: Rollout): Promise<void> => {
  expect(orchestratorOf(site).steer(rollout, 'retry', 'user:bob')).toBe(true);
  await site.until('some try again', () => statusesOf(rollout).includes('in-progress'));
  expect(statusesOf(rollout)).toContain('planned');
};

const callOff = (site: Scenario, rollout: Rollout, verb: Verb): void => {
  expect(orchestratorOf(site).steer(rollout, verb, 'user:bob')).toBe(true);
};

type Opened = Awaited<ReturnType<typeof openScenario>>;

const isBack = (site: Opened): void => {
  const { version } = site.first.release;
  expect(site.devices.map(site.versionOf)).toEqual(site.devices.map(() => version));
  expect(wantedOf(site)).toEqual(site.devices.map(() => version));
};

describe.each(['cancel', 'roll-back'] as const)(
  'a retry that is called off by a %s while it is on its way',
  (verb) => {
    const calledOff = async (site: Opened, cut: readonly Device[]): Promise<Rollout> => {
      const rollout = await failEverywhere(site);
      await retry(site, rollout);
      site.cut(cut);
      const told = site.devices.map((device) => site.timesTold(rollout, device));
      callOff(site, rollout, verb);
      await site.run(60_000);
      // Nobody who was not told by then is told any more.
      expect(site.devices.map((device) => site.timesTold(rollout, device))).toEqual(told);
      site.heal(cut);
      await site.finish(rollout);
      return rollout;
    };

    test('gives back to those at work and to those that were to be told', async () => {
      const site = await openScenario(6, { pairs: true });
      const rollout = await calledOff(site, []);
      isBack(site);
      expect(statusesOf(rollout)).not.toContain('planned');
    });

    test('reaches those that were cut off meanwhile when they are back', async () => {
      const site = await openScenario(6, { pairs: true });
      await calledOff(site, site.devices);
      isBack(site);
    });

    test('tries nothing again on a device that is set up anew after it', async () => {
      const site = await openScenario(4, { pairs: true });
      const rollout = await calledOff(site, []);
      const told = site.devices.map((device) => site.timesTold(rollout, device));
      const next = site.begin(site.publish(), { waves: everybody, pace });
      await site.finish(next);
      expect(statusesOf(next)).toEqual(site.devices.map(() => 'succeeded'));
      expect(site.devices.map((device) => site.timesTold(rollout, device))).toEqual(told);
    });

    test('is seen where those that were to be told count as never told', async () => {
      const bug = rolloutBugs['retried-count-as-untold'] ?? {};
      const site = await openScenario(6, { pairs: true, bug });
      await expect(calledOff(site, [])).rejects.toThrow('it never came to this');
    });
  },
);

test('a loop of the cloud that dies at any effect of a retry that is called off gives all back', async () => {
  const site = await openScenario(4, { pairs: true });
  const orchestrator = orchestratorOf(site);
  let effects = 1;
  for (let died = true; died; effects += effectsApart) {
    const rollout = await failEverywhere(site);
    await retry(site, rollout);
    orchestrator.fuse = effects;
    callOff(site, rollout, 'cancel');
    await site.finish(rollout);
    died = orchestrator.fuse === 0;
    orchestrator.fuse = 0;
    isBack(site);
  }
  // Until one run had no effect left to die at.
  expect(effects).toBeGreaterThan(10);
});
