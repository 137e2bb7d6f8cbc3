/**
 * Rollouts as people make them, one after the other with gates of all kinds and versions that are bad
 * on some devices, and what people do about them meanwhile. After the faults somebody helps wherever
 * one is asked for.
 */

import type { MaintenanceWindow, Pace } from '@signalbeam/bundle-orchestrator/core/pace';
import { freePace } from '@signalbeam/bundle-orchestrator/core/pace';
import { isOver } from '@signalbeam/bundle-orchestrator/core/rollout';
import {
  type Gate,
  lastPlaceOf,
  openGate,
  splitIntoWaves,
  type WaveWish,
} from '@signalbeam/bundle-orchestrator/core/wave';
import type { Random } from '../kernel/random.ts';
import type { Published } from '../world/director.ts';
import type { World } from '../world/world.ts';
import { switchSomeOff } from './off-at-turn.ts';
import type { Orchestrator } from './orchestrator.ts';
import type { Rollout } from './tables.ts';
import { isDone, verbs } from './verbs.ts';

const minute = 60_000;
const author = 'user:ada';
const other = 'user:bob';

export type RolloutWish = {
  id: string;
  published: Published;
  devices: readonly string[];
  waves: readonly WaveWish[];
  onFailure: Rollout['onFailure'];
  pace?: Partial<Pace>;
  /** The tenant asks for four eyes wherever a gate asks for a person. */
  approvalByAnother?: boolean;
  lateJoiners?: boolean;
};

export const rolloutId = (number: number): string =>
  `00000000-0000-4000-8000-${(0xf000 + number).toString(16).padStart(12, '0')}`;

/** As `rollouts/start` makes it. */
export const rolloutOf = (wish: RolloutWish, nowMs: number): Rollout => {
  const { bundleId, bundleName, version } = wish.published.release;
  const candidates = wish.devices.map((deviceId) => ({ deviceId, site: 'plant-7', tags: [] }));
  const seed = `${bundleId} ${version}`;
  const split = splitIntoWaves(candidates, wish.waves, seed);
  return {
    id: wish.id,
    release: { bundleId, bundleName, version, releaseDigest: wish.published.digest },
    status: 'in-progress',
    requestedBy: author,
    approvalByAnother: wish.approvalByAnother ?? false,
    onFailure: wish.onFailure,
    pace: { ...freePace, ...wish.pace },
    toldLately: [],
    givingBack: null,
    lateJoiners: wish.lateJoiners ?? false,
    lookedAtMs: nowMs,
    wavesDueAtMs: null,
    tellDueAtMs: null,
    waves: wish.waves.map(({ name, size, gate }, wave) => ({
      ...{ wave, name, size, gate, state: 'waiting', openedAtMs: null, goodSinceMs: null },
      lastPlace: lastPlaceOf(split[wave] ?? [], seed),
      ...{ approvals: [], acceptedFailed: 0, evidence: null, passedBy: null },
    })),
    rows: split.flatMap((some, wave) =>
      some.map(({ deviceId }) => ({
        ...{ deviceId, wave, status: 'planned' as const },
        ...{ requestedGeneration: 0, previousSlot: null, givenBackGeneration: null },
      })),
    ),
  };
};

/** `strict` ones soak for long, mostly leave out who is not heard of, and mostly wait for all others. */
type Gates = { soaksMs: readonly number[]; percents: readonly number[]; goOnShare: number };
const gates: Record<'usual' | 'strict', Gates> = {
  usual: { soaksMs: [0, 0, 2 * minute], percents: [50, 75, 100], goOnShare: 0.5 },
  strict: { soaksMs: [0, 2 * minute, 12 * minute], percents: [50, 100, 100], goOnShare: 0.8 },
};

const gateFrom = (random: Random, { soaksMs, percents, goOnShare }: Gates): Gate => ({
  ...openGate,
  succeededPercentMin: random.pick(percents),
  failedPercentMax: random.pick([0, 25, 100]),
  failedSampleMin: 1 + random.int(3),
  soakMs: random.pick(soaksMs),
  approval: random.pick(['none', 'none', 'none', 'any-person', 'another-person'] as const),
  unreached: random.chance(1 - goOnShare)
    ? { rule: 'wait' }
    : { rule: 'go-on', afterMs: random.pick([0, 10 * minute]), reachedPercentMin: 50 },
});

const wavesFrom = (random: Random, like: Gates): WaveWish[] => [
  ...Array.from({ length: random.int(3) }, (_, wave) => ({
    name: `w${wave}`,
    size: random.chance(0.5)
      ? { kind: 'count' as const, count: 1 + random.int(2) }
      : { kind: 'percent' as const, percent: 30 },
    gate: gateFrom(random, like),
  })),
  {
    name: 'rest',
    size: { kind: 'rest' as const },
    gate: random.chance(0.5) ? openGate : gateFrom(random, like),
  },
];

const paceFrom = (random: Random, pairs: boolean): Partial<Pace> => ({
  devicesPerHourMax: random.chance(0.2) ? 60 : null,
  perSiteMax: random.chance(0.3) ? 1 + random.int(2) : null,
  redundancyTag: pairs ? 'pair' : null,
});

/** The version is bad on some devices, as a driver is that only some machines have. */
const spoil = (world: World, { release }: Published, random: Random): void => {
  const share = random.pick([0, 0, 0.2, 0.5, 1]);
  for (const { parts } of world.devices)
    if (random.chance(share)) parts.host.ill.add(`web@${release.version}`);
};

/** How long devices and waves may take, and how often who failed tries again. */
const triesFrom = (random: Random): Partial<Pace> => ({
  deviceTimeoutMs: random.pick([null, 10 * minute, 30 * minute]),
  retriesMax: random.pick([0, 1, 2]),
  retryAfterMs: random.pick([minute, 5 * minute]),
});

const timed = (waves: readonly WaveWish[], random: Random): WaveWish[] =>
  waves.map((wave) => ({
    ...wave,
    gate: { ...wave.gate, timeoutMs: random.pick([null, 45 * minute, 90 * minute]) },
  }));

const activeMax = 2;

/** Open for eight minutes of every twenty. */
const window: MaintenanceWindow = {
  ...{ cron: '*/20 * * * *', timeZone: 'UTC', minutes: 8, sites: null },
};

/** `windows`: with maintenance windows, joiners, long soaks and machines that are off at their turn, too. */
export const scheduleRollouts = (
  world: World,
  { pairs, windows }: { pairs: boolean; windows: boolean },
  over: () => boolean,
): void => {
  const { kernel, rollouts, director } = world;
  if (rollouts === null) return;
  const { orchestrator } = rollouts;
  const random = kernel.random('rollouts');
  const { tables, now } = orchestrator.cloud;
  // Of its own, so that those without windows have the history that they always had.
  const more = kernel.random('windows and joiners');
  const second = kernel.random('second thoughts');
  const tries = kernel.random('tries');
  let made = 0;
  const begin = (): void => {
    const active = [...tables.rollouts.values()].filter((each) => !isOver(each.status));
    if (active.length >= activeMax || (active.length > 0 && random.chance(0.7))) return;
    made += 1;
    const published = director.releaseForRollouts();
    spoil(world, published, random);
    const devices = [...new Set(world.devices.map(({ parts }) => parts.deviceId))].filter(() =>
      random.chance(0.9),
    );
    const wish: RolloutWish = {
      ...{
        id: rolloutId(made),
        published,
        devices,
        waves: windows
          ? timed(wavesFrom(random, gates.strict), tries)
          : wavesFrom(random, gates.usual),
      },
      onFailure: random.chance(0.5) ? 'pause' : 'roll-back',
      pace: {
        ...paceFrom(random, pairs),
        windows: windows && more.chance(0.7) ? [window] : [],
        ...(windows ? triesFrom(tries) : {}),
      },
      lateJoiners: windows,
    };
    if (windows) switchSomeOff(world, more, over);
    orchestrator.begin(rolloutOf(wish, now()));
    if (windows) joinLater();
  };
  const joinLater = (): void => {
    for (const { parts } of world.devices)
      kernel.later(more.between(minute, 15 * minute), () => {
        if (!over()) orchestrator.joins(parts.deviceId);
      });
  };
  const meddle = (): void => {
    const open = [...tables.rollouts.values()].filter((each) => !isDone(each));
    const chosen = open.length > 0 ? open : [...tables.rollouts.values()].slice(-1);
    if (chosen.length === 0) return;
    const verb = random.pick(verbs);
    const rollout = random.pick(chosen);
    const actor = random.chance(0.5) ? author : other;
    if (!orchestrator.steer(rollout, verb, actor) || random.chance(0.4)) return;
    // Somebody who thinks better of it, while devices are still at what they were told before.
    const again = (): void => {
      if (over()) return;
      if (verb === 'pause') orchestrator.steer(rollout, 'resume', other);
      else if (verb === 'cancel' || verb === 'roll-back') begin();
      else if (verb === 'retry' && second.chance(0.7))
        orchestrator.steer(rollout, second.pick(['cancel', 'roll-back'] as const), other);
    };
    kernel.later(random.between(500, 15_000), again);
  };
  const every = (meanMs: number, work: () => void): void => {
    kernel.later(random.exponential(meanMs), () => {
      if (over()) return;
      work();
      every(meanMs, work);
    });
  };
  kernel.later(random.between(minute, 3 * minute), begin);
  every(12 * minute, begin);
  every(9 * minute, meddle);
  const assist = (): void => {
    if (over()) help(orchestrator);
    else approveSome(orchestrator, random);
    kernel.later(2 * minute, assist);
  };
  kernel.later(2 * minute, assist);
};

/** People look now and then, and not at all of it. */
const approveSome = (orchestrator: Orchestrator, random: Random): void => {
  for (const rollout of orchestrator.cloud.tables.rollouts.values())
    if (random.chance(0.5)) orchestrator.steer(rollout, 'approve', other);
};

/** Whoever is asked for does what is asked for. */
const help = (orchestrator: Orchestrator): void => {
  for (const rollout of orchestrator.cloud.tables.rollouts.values()) {
    if (rollout.status === 'in-progress') orchestrator.steer(rollout, 'approve', other);
    if (rollout.status !== 'paused' || rollout.givingBack !== null) continue;
    if (!orchestrator.steer(rollout, 'resume', other))
      orchestrator.steer(rollout, 'advance', other);
  }
};
