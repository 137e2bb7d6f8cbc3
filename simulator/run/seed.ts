/**
 * One seed: a world, a workload, the faults it turns on, a safety phase in which they strike, then
 * healing and a liveness phase in which everything must come to rest. Gives what was found.
 */
import type { Bug } from '../bugs/bug.ts';
import { unsettled } from '../checks/settled.ts';
import { rolloutsOpen } from '../checks/settled-rollouts.ts';
import { hasClones, membersHere, siteOpen } from '../checks/settled-site.ts';
import { count, countOutcomes, type Sometimes, statesOf } from '../checks/sometimes.ts';
import type { Violation } from '../checks/watch.ts';
import { createRandom } from '../kernel/random.ts';
import { type FaultKind, faultKinds, isRolloutFault, isSiteFault } from '../plan/kinds.ts';
import { healAll, strikes } from '../plan/strikes.ts';
import { scheduleRollouts } from '../rollouts/workload.ts';
import type { Device } from '../world/device.ts';
import { deviceIdOf } from '../world/directory.ts';
import { createWorld, type World } from '../world/world.ts';
import { createMoments } from './moments.ts';
import { diedOfDisk, runOn } from './run-on.ts';

import { onCrash } from './survive.ts';

export type SeedOptions = {
  seed: number;
  /** Null: what the seed itself turns on. */
  faults: readonly FaultKind[] | null;
  bug?: Bug;
  keepTrace?: boolean;
  /** Events of the safety phase at least. */
  eventsMin?: number;
  /** Days of it at least, however many events that takes. */
  daysMin?: number;
};

export type SeedResult = {
  seed: number;
  faults: readonly FaultKind[];
  violation: Violation | null;
  hash: string;
  events: number;
  virtualMs: number;
  devices: number;
  rows: number;
  realCrypto: boolean;
  sometimes: Sometimes;
  trace: readonly string[];
};

const minute = 60_000;
const day = 24 * 60 * minute;
const eventsPerSeed = 30_000;
const livenessMs = 3 * 60 * minute;
/** Of its mesh, from the time when all else is at rest. */
const meshMs = 12 * minute;
const quietMs = 2 * minute;
const quietLooks = 3;

/** The devices of every fourth seed form a mesh and believe the records of a site. */
export const hasMesh = (seed: number): boolean => seed % 4 === 2;

/** In every eighth seed versions are rolled out; none of those has a mesh. */
export const hasRollouts = (seed: number): boolean => seed % 8 === 5;

/** In every eighth of those with windows and late joiners, too. */
export const hasWindows = (seed: number): boolean => seed % 64 === 61;

const suits = (seed: number, kind: FaultKind): boolean => {
  if (isSiteFault(kind)) return hasMesh(seed);
  return !isRolloutFault(kind) || hasRollouts(seed);
};

/** A random half of a random few: some seeds are nearly quiet, some have it all. */
export const faultsOf = (seed: number): FaultKind[] => {
  const random = createRandom(seed, 'menu');
  const share = random.pick([0.08, 0.2, 0.4, 0.7]);
  const drawn = faultKinds.filter(() => random.chance(share));
  return drawn.filter((kind) => suits(seed, kind));
};

/** So many strikes wait for a moment in the middle of an update. */
const awaitingShare = 0.35;

const scheduleFaults = (
  world: World,
  kinds: readonly FaultKind[],
  sometimes: Sometimes,
  over: () => boolean,
): void => {
  const moments = createMoments(world);
  for (const kind of kinds) {
    const random = world.kernel.random(`fault ${kind}`);
    // A mesh talks every second: its histories are shorter, and faults come closer together.
    const meanMs = (random.between(8, 60) * minute) / (world.site === null ? 1 : 8);
    const next = (): void => {
      world.kernel.later(random.exponential(meanMs), () => {
        if (over()) return;
        const device = random.pick(world.devices);
        if (random.chance(awaitingShare)) moments.await(kind, random, strike);
        else strike(device);
        next();
      });
    };
    const strike = (device: Device): void => {
      if (over()) return;
      count(sometimes, kind, statesOf(world, device));
      world.kernel.trace.note(kind, device.parts.number, 0);
      strikes[kind](world, device, random);
    };
    next();
  }
};

const scheduleWork = (world: World, devices: number, over: () => boolean): void => {
  const random = world.kernel.random('work');
  const every = (meanMs: number, work: (number: number) => void): void => {
    const next = (): void => {
      world.kernel.later(random.exponential(meanMs), () => {
        if (over()) return;
        work(random.int(devices));
        next();
      });
    };
    next();
  };
  every((12 * minute) / devices, (number) => {
    world.director.change(deviceIdOf(number));
    for (const { release, ill } of world.director.releases.values()) {
      if (!ill) continue;
      for (const { parts } of world.devices) parts.host.ill.add(`web@${release.version}`);
    }
  });
  every((4 * minute) / devices, (number) => {
    const device = world.devices[number];
    if (device?.process == null) return;
    device.process.enter(() =>
      device.outbox?.appendEvent({
        type: 'operator-action',
        severity: 'info',
        message: `at ${Math.floor(world.kernel.now())}`,
        data: {},
      }),
    );
  });
};

/** The bucket is compared with the truth now and then, faults or not. */
const scheduleReconcile = (world: World, devices: number): void => {
  const again = (): void => {
    world.kernel.later(5 * minute, () => {
      for (let number = 0; number < devices; number += 1) {
        const deviceId = deviceIdOf(number);
        if (world.broker.records.get(deviceId) !== world.director.wanted.get(deviceId)?.bytes)
          world.director.publish(deviceId);
      }
      again();
    });
  };
  again();
};

export const runSeed = async (options: SeedOptions): Promise<SeedResult> => {
  const { seed } = options;
  const shape = createRandom(seed, 'shape');
  const few = 2 + shape.int(3);
  const realCrypto = shape.chance(0.01);
  const rollouts = hasRollouts(seed) ? { pairs: shape.chance(0.6) } : null;
  const devices = rollouts === null ? few : few + 2;
  const faults = options.faults ?? faultsOf(seed);
  const world = createWorld({
    seed,
    devices,
    realCrypto,
    bug: options.bug ?? {},
    keepTrace: options.keepTrace ?? false,
    mesh: hasMesh(seed),
    rollouts,
  });
  const { kernel, checks } = world;
  const sometimes: Sometimes = {};
  let over = false;
  onCrash((cause) => {
    if (diedOfDisk(world, cause)) return;
    if (world.killedAtEvent !== kernel.events()) checks.fail('never-crashes', String(cause));
  });
  scheduleWork(world, devices, () => over);
  scheduleReconcile(world, devices);
  if (rollouts !== null)
    scheduleRollouts(world, { ...rollouts, windows: hasWindows(seed) }, () => over);
  scheduleFaults(world, faults, sometimes, () => over);
  const enough = options.eventsMin ?? eventsPerSeed;
  const untilMs = (options.daysMin ?? 0) * day;
  const failed = (): boolean => checks.violation !== null;
  const lasted = (): boolean => kernel.events() >= enough && kernel.now() >= untilMs;
  await runOn(world, Number.MAX_SAFE_INTEGER, () => failed() || lasted());
  over = true;
  if (!failed()) await settle(world);
  onCrash(null);
  countOutcomes(world, sometimes);
  return {
    seed,
    faults,
    violation: checks.violation,
    hash: kernel.trace.hash(),
    events: kernel.events(),
    virtualMs: kernel.now(),
    devices,
    rows: checks.ledger.rows(),
    realCrypto,
    sometimes,
    trace: kernel.trace.lines,
  };
};

/** Everything is healed at once; then there is a bound for everything to come to rest. */
const settle = async (world: World): Promise<void> => {
  const { kernel, checks } = world;
  healAll(world);
  const { rollouts } = world;
  const look = (): string | null =>
    unsettled(world) ??
    (rollouts === null ? null : rolloutsOpen(rollouts.orchestrator, world.devices));
  const deadline = kernel.now() + livenessMs;
  let open = look();
  const tooMany = kernel.events() * 4 + 200_000;
  const done = (): boolean => checks.violation !== null || kernel.events() > tooMany;
  while (open !== null && kernel.now() < deadline && !done()) {
    await runOn(world, kernel.now() + minute, done);
    open = look();
  }
  await settleSite(world, done);
  if (open !== null && checks.violation === null) checks.fail('comes-to-rest', open);
};

/** The mesh has a shorter bound, and what it came to must last while nothing happens. */
const settleSite = async (world: World, done: () => boolean): Promise<void> => {
  const { kernel, checks, site } = world;
  if (site === null) return;
  const deadline = kernel.now() + meshMs;
  let open = siteOpen(world);
  while (open !== null && kernel.now() < deadline && !done()) {
    await runOn(world, kernel.now() + 10_000, done);
    open = siteOpen(world);
  }
  if (open !== null && checks.violation === null) checks.fail('comes-together', open);
  await staysTogether(world, done);
};

/** Nobody alive is called dead, and the role comes to rest: a better uplink may move it once. */
const staysTogether = async (world: World, done: () => boolean): Promise<void> => {
  const { kernel, checks, site } = world;
  if (site === null || hasClones(membersHere(world))) return;
  const { deaths } = site.checks;
  for (let look = 0; look < quietLooks; look += 1) {
    const { leafChanges } = site.checks;
    await runOn(world, kernel.now() + quietMs, done);
    if (checks.violation !== null) return;
    if (site.checks.deaths > deaths) checks.fail('no-false-death', 'one alive was called dead');
    if (site.checks.leafChanges === leafChanges) return;
  }
  checks.fail('no-flapping', 'the gateway changes again and again');
};
