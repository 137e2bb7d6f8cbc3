/** Containers that depend on others: their order, and the planner that waits for health in between. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { labels } from './container.ts';
import { inDependencyOrder } from './dependencies.ts';
import { plan } from './plan.ts';
import { containersOfRelease } from './plan-images.ts';
import {
  apply,
  containerManifest,
  createWorld,
  knownOf,
  release,
  type World,
  want,
} from './world.fixture.ts';

const chainOf = (version: string) =>
  release(version, [
    containerManifest('web', `web-${version}`, { dependsOn: ['api', 'cache'] }),
    containerManifest('api', `api-${version}`, { dependsOn: ['db'] }),
    containerManifest('db', `db-${version}`),
    containerManifest('cache', `cache-${version}`),
  ]);
const [v1, v2] = [chainOf('1.0.0'), chainOf('2.0.0')];

/** Runs the loop until it rests or `crashAfter` steps are done; what is seen at each turn is told. */
const settle = (
  world: World,
  from: number,
  { crashAfter = Number.POSITIVE_INFINITY, each = (): void => undefined } = {},
): number => {
  let now = from;
  let steps = 0;
  for (let turns = 0; turns < 500; turns += 1) {
    const decided = plan(knownOf(world), now);
    for (const step of decided.steps) {
      if (steps >= crashAfter) return now;
      apply(world, step, now);
      steps += 1;
      each();
    }
    if (decided.steps.length > 0) continue;
    if (decided.wakeAtMs === null) return now;
    now = Math.max(now + 1, decided.wakeAtMs);
  }
  throw new Error(`it never settles: ${world.log.slice(-12).join(', ')}`);
};

const runningOf = (world: World, version: string): Set<string | undefined> =>
  new Set(
    world.containers
      .filter((each) => each.state === 'running' && each.labels[labels.version] === version)
      .map((each) => each.labels[labels.container]),
  );

describe('the order', () => {
  it('puts each after those it depends on, and keeps the manifest’s where it may', () => {
    const names = inDependencyOrder(v1.containers).map(({ name }) => name);
    expect(names).toEqual(['db', 'api', 'cache', 'web']);
  });

  it('holds all of any containers once, whatever they name', () => {
    const letters = ['a', 'b', 'c', 'd', 'e', 'f'];
    const any = fc.uniqueArray(
      fc.record({
        name: fc.constantFrom(...letters),
        dependsOn: fc.uniqueArray(fc.constantFrom(...letters, 'stranger'), { maxLength: 4 }),
      }),
      { selector: ({ name }) => name, maxLength: 6 },
    );
    fc.assert(
      fc.property(any, (graph) => {
        const given = graph.map(({ name, dependsOn }) =>
          containerManifest(name, name, { dependsOn }),
        );
        const order = inDependencyOrder(given).map(({ name }) => name);
        expect([...order].sort()).toEqual(given.map(({ name }) => name).sort());
        const free = graph.every(({ name, dependsOn }) => dependsOn.every((each) => each < name));
        if (!free) return;
        for (const { name, dependsOn } of graph) {
          for (const each of dependsOn.filter((other) => order.includes(other)))
            expect(order.indexOf(each)).toBeLessThan(order.indexOf(name));
        }
      }),
    );
  });

  it('is no part of what a container is: one that depends on more is the same container', () => {
    const more = release('1.0.1', [
      ...v1.containers.slice(0, 3),
      containerManifest('cache', 'cache-1.0.0', { dependsOn: ['db'] }),
    ]);
    const nameIn = (of: typeof v1) =>
      containersOfRelease(knownOf(createWorld()), of, {}).find(
        ({ manifest }) => manifest.name === 'cache',
      )?.spec.name;
    expect(nameIn(more)).toBe(nameIn(v1));
  });
});

describe('an update', () => {
  it('starts what depends on others once those are healthy, and soaks the whole', () => {
    const world = createWorld();
    want(world, v1, 1);
    world.sick.add('db@1.0.0');
    let now = 0;
    for (let turns = 0; turns < 12; turns += 1) {
      const { steps, wakeAtMs } = plan(knownOf(world), now);
      for (const step of steps) apply(world, step, now);
      if (world.slots[0]?.update?.lastTrouble != null) break;
      now = Math.max(now + 1, wakeAtMs ?? 0);
    }
    expect(runningOf(world, '1.0.0')).toEqual(new Set(['db', 'cache']));
    expect(plan(knownOf(world), now).waiting).toBe(
      'hello 1.0.0: api, web starts once what it depends on is healthy: db is ill.',
    );
    world.sick.clear();
    settle(world, now);
    expect(world.slots[0]?.confirmed?.version).toBe('1.0.0');
    const starts = world.log.filter((step) => step.startsWith('start-container'));
    expect(starts.map((step) => step.split(' ')[1])).toEqual(['db', 'cache', 'api', 'web']);
  });

  it('whose dependency stays ill fails as one, and the old version comes back in order', () => {
    const world = createWorld();
    want(world, v1, 1);
    const end = settle(world, 0);
    world.sick.add('db@2.0.0');
    world.log = [];
    want(world, v2, 2);
    const seen: string[] = [];
    settle(world, end, {
      each: () => seen.push(...[...runningOf(world, '2.0.0')].map((name) => name ?? '')),
    });
    expect(new Set(seen)).toEqual(new Set(['db', 'cache']));
    expect(runningOf(world, '1.0.0')).toEqual(new Set(['db', 'cache', 'api', 'web']));
    expect(world.slots[0]?.failed).toMatchObject({ reason: 'db is ill' });
    const last = world.log.filter((step) => step.startsWith('start-container')).slice(-4);
    expect(last.map((step) => step.split(' ')[1])).toEqual(['db', 'api', 'cache', 'web']);
  });

  it('stops the old version against its order, whoever was started last', () => {
    const world = createWorld();
    want(world, v1, 1);
    const end = settle(world, 0);
    // The database was restarted at night.
    for (const each of world.containers)
      if (each.labels[labels.container] === 'db') each.startedAt = end + 1;
    world.log = [];
    want(world, v2, 2);
    settle(world, end + 2);
    const stops = world.log.filter((step) => step.startsWith('stop-container'));
    expect(stops.map((step) => step.split(' ')[1])).toEqual(['web', 'cache', 'api', 'db']);
  });

  it('never starts one before what it depends on runs, wherever it was broken off', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 40 }), { maxLength: 4 }), (crashes) => {
        const world = createWorld();
        const each = () => {
          const up = runningOf(world, '1.0.0');
          if (world.slots[0]?.confirmed != null) return;
          if (up.has('api')) expect(up.has('db')).toBe(true);
          if (up.has('web')) expect(up).toEqual(new Set(['db', 'cache', 'api', 'web']));
        };
        want(world, v1, 1);
        let now = 0;
        for (const crashAfter of crashes) now = settle(world, now, { crashAfter, each }) + 1;
        settle(world, now, { each });
        expect(world.slots[0]?.confirmed?.version).toBe('1.0.0');
        expect(runningOf(world, '1.0.0').size).toBe(4);
      }),
    );
  });
});
