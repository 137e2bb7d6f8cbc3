/** What another value of a secret does to what runs: an update like any other, with a way back. */
import { beforeEach, describe, expect, it } from 'vitest';
import { secretVariables } from './container.ts';
import { plan } from './plan.ts';
import { reportSlots } from './report.ts';
import { secretFoldersInUse } from './secret-files.ts';
import {
  apply,
  containerManifest,
  createWorld,
  knownOf,
  release,
  type World,
  want,
} from './world.fixture.ts';

const v1 = release('1.0.0', [
  containerManifest('web', 'hello-1', { secretEnvironment: { PASSWORD: 'db' } }),
  containerManifest('plain', 'hello-1'),
]);
const secret = (revision: string, box = 'sealed') => ({
  name: 'db',
  revision,
  ephemeralKey: 'key',
  box,
});

const v2 = release('1.0.0', [
  containerManifest('web', 'hello-1', { secretFiles: { '/run/secrets/db': 'db' } }),
  containerManifest('plain', 'hello-1'),
]);

const wantWith = (world: World, revision: string, box?: string, of = v1): void => {
  want(world, of, 1);
  world.slots = world.slots.map((slot) => ({
    ...slot,
    wanted: slot.wanted && { ...slot.wanted, secrets: [secret(revision, box)] },
  }));
};

const settle = (world: World, from: number): number => {
  let now = from;
  for (let turns = 0; turns < 200; turns += 1) {
    const { steps, wakeAtMs } = plan(knownOf(world), now);
    for (const step of steps) apply(world, step, now);
    if (steps.length === 0 && wakeAtMs === null) return now;
    if (steps.length === 0) now = Math.max(now + 1, wakeAtMs ?? 0);
  }
  throw new Error('it never settles');
};

const idOf = (world: World, container: string) =>
  world.containers.find(({ name, state }) => name.includes(container) && state === 'running')?.id;

describe('a bundle with a secret', () => {
  let world: World;
  let now: number;
  beforeEach(() => {
    world = createWorld();
    wantWith(world, 'a.1');
    now = settle(world, 0);
  });

  it('runs, and marks the variable that nobody reads back', () => {
    const web = world.containers.find(({ name }) => name.includes('web'));
    expect(web?.state).toBe('running');
    expect(secretVariables(web?.labels ?? {})).toEqual(['PASSWORD']);
  });

  it('is left alone when the same value was sealed afresh', () => {
    world.log = [];
    wantWith(world, 'a.1', 'sealed again');
    settle(world, now);
    expect(world.log).toEqual([]);
  });

  it('makes only the container again that uses the secret', () => {
    const before = { web: idOf(world, 'web'), plain: idOf(world, 'plain') };
    wantWith(world, 'a.2');
    settle(world, now);
    expect(idOf(world, 'web')).not.toBe(before.web);
    expect(idOf(world, 'plain')).toBe(before.plain);
    expect(world.containers).toHaveLength(2);
    expect(world.slots[0]?.confirmed?.secrets).toEqual([secret('a.2')]);
  });

  it('goes back to the value that worked when the next one does not, and says that it failed', () => {
    const working = world.containers.find(({ name }) => name.includes('web'))?.name;
    wantWith(world, 'a.2');
    world.sick.add('web@1.0.0');
    now = settle(world, now);
    world.sick.clear();
    expect(
      world.containers.find(({ state, name }) => state === 'running' && name === working),
    ).toBeDefined();
    expect(world.slots[0]).toMatchObject({
      confirmed: { secrets: [secret('a.1')] },
      failed: { target: { secrets: [secret('a.2')] } },
    });
    expect(reportSlots(knownOf(world), now)[0]).toMatchObject({ status: 'failed' });
    wantWith(world, 'a.3');
    now = settle(world, now);
    expect(reportSlots(knownOf(world), now)[0]).toMatchObject({ status: 'running' });
  });

  it('says what came in between when values change half-way', () => {
    wantWith(world, 'a.2');
    for (let turns = 0; world.slots[0]?.update?.phase !== 'probe'; turns += 1) {
      expect(turns).toBeLessThan(50);
      const [step] = plan(knownOf(world), now).steps;
      if (step !== undefined) apply(world, step, now);
    }
    wantWith(world, 'a.3');
    expect(plan(knownOf(world), now).steps[0]).toMatchObject({
      kind: 'fail-update',
      failure: { reason: 'Replaced by other values of its secrets before 1.0.0 was confirmed.' },
    });
    settle(world, now);
    expect(world.slots[0]?.confirmed?.secrets).toEqual([secret('a.3')]);
  });

  it('is made again when somebody made it without', () => {
    world.containers = world.containers.map((each) =>
      each.name.includes('web') ? { ...each, environment: {} } : each,
    );
    const { steps } = plan(knownOf(world), now);
    expect(steps[0]).toMatchObject({ kind: 'retire-container', fields: ['environment'] });
  });
});

describe('a bundle with a secret as a file', () => {
  let world: World;
  let now: number;
  const rotate = (revision: string, box?: string) => wantWith(world, revision, box, v2);
  const folders = () => [...secretFoldersInUse(knownOf(world))];
  beforeEach(() => {
    world = createWorld();
    rotate('a.1');
    now = settle(world, 0);
    world.log = [];
  });

  it('is left alone while the value is the same, and only its container is made again with another', () => {
    rotate('a.1', 'sealed again');
    now = settle(world, now);
    expect(world.log).toEqual([]);
    const before = { web: idOf(world, 'web'), plain: idOf(world, 'plain') };
    rotate('a.2');
    settle(world, now);
    expect(idOf(world, 'web')).not.toBe(before.web);
    expect(idOf(world, 'plain')).toBe(before.plain);
  });

  it('is made again when somebody made it without the file, or so that it could be written', () => {
    for (const change of ['gone', 'writable'] as const) {
      const known = knownOf(world);
      const observed = known.observed?.map((each) => ({
        ...each,
        mounts:
          change === 'gone' ? [] : each.mounts.map((mount) => ({ ...mount, readOnly: false })),
      }));
      const { steps } = plan({ ...known, observed: observed ?? null }, now);
      expect(steps[0]).toMatchObject({ kind: 'retire-container', fields: ['mounts'] });
    }
  });

  it('keeps the files of what runs and of what may come back, and of nothing else', () => {
    const [first = ''] = folders();
    expect(world.containers.map(({ name }) => name)).toContain(first);
    expect(folders()).toHaveLength(1);
    rotate('a.2');
    const both = folders();
    expect(both).toContain(first);
    expect(both).toHaveLength(2);
    now = settle(world, now);
    expect(folders()).not.toEqual([first]);
    want(world, null, 2);
    settle(world, now);
    expect(world.containers).toEqual([]);
    expect(folders()).toEqual([]);
  });
});
