/** A technician's hold: what the planner still does under one, whatever is wanted or broken. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Hold } from './hold.ts';
import { plan } from './plan.ts';
import { reportSlots } from './report.ts';
import {
  apply,
  bundleId,
  containerManifest,
  createWorld,
  knownOf,
  release,
  type World,
  want,
} from './world.fixture.ts';

const hourMs = 3_600_000;
const v1 = release('1.0.0', [containerManifest('web', 'hello-1')]);
const v2 = release('2.0.0', [containerManifest('web', 'hello-2')]);
const holdUntil = (untilMs: number): Hold => ({
  reason: 'the fan is being replaced.',
  by: 'console',
  sinceMs: 0,
  untilMs,
  until: '2026-11-27 15:00 UTC',
});
const held = (world: World, untilMs = 10 * hourMs) => ({
  ...knownOf(world),
  hold: holdUntil(untilMs),
});

/** Runs the loop under a hold (or none) until it rests or the hold is over; the time then. */
const settle = (world: World, from: number, hold: Hold | null = null): number => {
  let now = from;
  for (let turns = 0; turns < 500; turns += 1) {
    const { steps, wakeAtMs } = plan({ ...knownOf(world), hold }, now);
    for (const step of steps) apply(world, step, now);
    if (steps.length > 0) continue;
    if (wakeAtMs === null || (hold !== null && wakeAtMs >= hold.untilMs)) return now;
    now = Math.max(now + 1, wakeAtMs);
  }
  throw new Error(`it never settles: ${world.log.slice(-12).join(', ')}`);
};
const pictureOf = (world: World) =>
  world.containers.map(({ name, state }) => `${name} ${state}`).sort();

describe('under a hold', () => {
  it('the next version is fetched and made, and takes over when the hold ends', () => {
    const world = createWorld();
    want(world, v1, 1);
    const end = settle(world, 0);
    want(world, v2, 2);
    world.log = [];
    const hold = holdUntil(end + hourMs);
    settle(world, end, hold);
    expect(world.log).toEqual([
      'begin-update',
      'fetch-release',
      'fetch-image',
      'pull-image',
      'create-container',
    ]);
    const waiting = plan({ ...knownOf(world), hold }, end);
    expect(waiting).toEqual({
      steps: [],
      waiting:
        'A technician holds this device until 2026-11-27 15:00 UTC: the fan is being replaced. hello: 2.0.0 is here and starts after that.',
      wakeAtMs: end + hourMs,
    });
    expect(reportSlots({ ...knownOf(world), hold }, end)).toMatchObject([
      { status: 'pending', version: '2.0.0', reason: expect.stringContaining('A technician') },
    ]);
    const after = plan({ ...knownOf(world), hold }, end + hourMs).steps;
    expect(after.map(({ kind }) => kind)).toEqual(['begin-swap']);
    settle(world, end + hourMs);
    expect(world.slots[0]?.confirmed?.version).toBe('2.0.0');
  });

  it('what a technician stops stays stopped, and is started again afterwards', () => {
    const world = createWorld();
    want(world, v1, 1);
    const end = settle(world, 0);
    for (const each of world.containers) Object.assign(each, { state: 'exited', exitCode: 0 });
    const { steps, waiting } = plan(held(world), end);
    expect(steps).toEqual([]);
    expect(waiting).toContain('hello: what differs from what is wanted is put right after that.');
    settle(world, end);
    expect(world.containers.every(({ state }) => state === 'running')).toBe(true);
  });

  it('a bundle that nobody wants any more is removed afterwards', () => {
    const world = createWorld();
    want(world, v1, 1);
    const end = settle(world, 0);
    want(world, null, 2);
    expect(plan(held(world), end)).toMatchObject({
      steps: [],
      waiting: expect.stringContaining('hello: it is removed after that.'),
    });
    settle(world, end);
    expect(world.containers).toEqual([]);
  });

  it('an update that has begun to take over is finished, or goes back', () => {
    for (const sick of [false, true]) {
      const world = createWorld();
      want(world, v1, 1);
      const end = settle(world, 0);
      want(world, v2, 2);
      const phase = () => world.slots[0]?.update?.phase ?? 'none';
      while (phase() !== 'swap')
        for (const step of plan(knownOf(world), end).steps) apply(world, step, end);
      if (sick) world.sick.add('web@2.0.0');
      settle(world, end, holdUntil(end + hourMs));
      expect(world.slots[0]).toMatchObject({
        update: null,
        confirmed: { version: sick ? '1.0.0' : '2.0.0' },
      });
    }
  });

  it('says that it is held although nothing waits, and nothing once it is over', () => {
    const world = createWorld();
    want(world, v1, 1);
    settle(world, 0);
    expect(plan(held(world, hourMs), 0)).toMatchObject({ steps: [], wakeAtMs: hourMs });
    expect(plan(held(world, hourMs), hourMs)).toEqual({ steps: [], waiting: '', wakeAtMs: null });
  });

  it('nothing that was there is touched, whatever was wanted and broken', () => {
    const act = fc.record({
      wish: fc.constantFrom(v1, v2, null),
      harm: fc.constantFrom('none', 'kill', 'drift'),
    });
    fc.assert(
      fc.property(act, act, (first, second) => {
        const world = createWorld();
        let now = 0;
        for (const [index, { wish, harm }] of [first, second].entries()) {
          for (const each of world.containers) {
            if (harm === 'kill') Object.assign(each, { state: 'exited', exitCode: 1 });
            if (harm === 'drift') Object.assign(each, { restart: 'no' });
          }
          want(world, wish, index + 1);
          const before = pictureOf(world);
          const hold = holdUntil(now + hourMs);
          now = settle(world, now, hold);
          const kept = pictureOf(world).filter((each) => !each.endsWith(' created'));
          expect(kept).toEqual(before.filter((each) => !each.endsWith(' created')));
          now = settle(world, now + hourMs);
        }
        expect(world.slots.find((slot) => slot.bundleId === bundleId)?.update ?? null).toBeNull();
      }),
    );
  });
});
