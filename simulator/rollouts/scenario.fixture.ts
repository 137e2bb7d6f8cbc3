/**
 * A site whose devices all run a first version, and a rollout of the next one that a test drives
 * through a story of its own. Nothing strikes by chance; every check of a simulation holds.
 */
import { openGate, type WaveWish } from '@signalbeam/bundle-orchestrator/core/wave';
import type { Bug } from '../bugs/bug.ts';
import { rolloutsOpen } from '../checks/settled-rollouts.ts';
import { runOn } from '../run/run-on.ts';
import type { Device } from '../world/device.ts';
import { type Published, rolledOut } from '../world/director.ts';
import { createWorld, type World } from '../world/world.ts';
import type { KeptRow, Rollout } from './tables.ts';
import { isDone } from './verbs.ts';
import { type RolloutWish, rolloutId, rolloutOf } from './workload.ts';

export type Scenario = {
  world: World;
  devices: readonly Device[];
  publish(): Published;
  begin(published: Published, wish: Pick<RolloutWish, 'waves'> & Partial<RolloutWish>): Rollout;
  run(ms: number): Promise<void>;
  /** In steps of a few seconds; fails when it takes longer than that. */
  until(what: string, holds: () => boolean, maxMs?: number): Promise<void>;
  deviceOf(row: KeptRow): Device;
  /** What runs there and proved itself. */
  versionOf(device: Device): string | null;
  cut(devices: readonly Device[]): void;
  heal(devices: readonly Device[]): void;
  /** How often a rollout asked this device for its version. */
  timesTold(rollout: Rollout, device: Device): number;
  /** Runs until the rollout is over and all is where it says. */
  finish(rollout: Rollout, maxMs?: number): Promise<void>;
};

const second = 1_000;
const minute = 60 * second;

export const everybody: WaveWish[] = [{ name: 'all', size: { kind: 'rest' }, gate: openGate }];

const path = (devices: readonly Device[], cut: boolean): void => {
  for (const { parts, carrier } of devices) {
    parts.path.cut = cut;
    carrier?.pathChanged();
  }
};

export const openScenario = async (
  count: number,
  options: { pairs?: boolean; seed?: number; bug?: Bug } = {},
): Promise<Scenario & { first: Published }> => {
  const world = createWorld({
    ...{ seed: options.seed ?? 1, devices: count, realCrypto: false, keepTrace: false },
    bug: options.bug ?? {},
    ...{ mesh: false, rollouts: { pairs: options.pairs ?? false } },
  });
  const { kernel, checks, devices, director, rollouts } = world;
  if (rollouts === null) throw new Error('a scenario rolls out');
  const { orchestrator } = rollouts;
  let made = 0;
  const fail = (): void => {
    if (checks.violation === null) return;
    throw new Error(`${checks.violation.invariant}: ${checks.violation.text}`);
  };
  const scenario: Scenario = {
    ...{ world, devices },
    publish: director.releaseForRollouts,
    begin: (published, wish) => {
      made += 1;
      const deviceIds = devices.map(({ parts }) => parts.deviceId);
      const whole: RolloutWish = {
        ...{ id: rolloutId(made), published, devices: deviceIds, onFailure: 'pause', ...wish },
      };
      const rollout = rolloutOf(whole, orchestrator.cloud.now());
      orchestrator.begin(rollout);
      return rollout;
    },
    run: async (ms) => {
      await runOn(world, kernel.now() + ms, () => checks.violation !== null);
      fail();
    },
    until: async (what, holds, maxMs = 30 * minute) => {
      const deadline = kernel.now() + maxMs;
      while (!holds()) {
        if (kernel.now() >= deadline) throw new Error(`it never came to this: ${what}`);
        await scenario.run(2 * second);
      }
    },
    deviceOf: ({ deviceId }) => {
      const found = devices.find(({ parts }) => parts.deviceId === deviceId);
      if (found === undefined) throw new Error(`there is no device ${deviceId}`);
      return found;
    },
    versionOf: ({ disk }) => disk.content.slots.get(rolledOut)?.confirmed?.version ?? null,
    cut: (some) => path(some, true),
    heal: (some) => path(some, false),
    timesTold: ({ id }, { parts }) => {
      const all = director.authored.get(parts.deviceId) ?? new Map<number, string>();
      return [...all.values()].filter((text) => text.includes(`"rolloutId":"${id}"`)).length;
    },
    finish: async (rollout, maxMs) => {
      const atRest = (): boolean =>
        isDone(rollout) &&
        rolloutsOpen(
          orchestrator,
          devices.filter(({ process }) => process !== null),
        ) === null;
      await scenario.until(`rollout is over (now ${rollout.status})`, atRest, maxMs);
    },
  };
  const first = scenario.publish();
  const pace = { redundancyTag: options.pairs === true ? 'pair' : null };
  await scenario.finish(scenario.begin(first, { waves: everybody, pace }));
  return { ...scenario, first };
};
