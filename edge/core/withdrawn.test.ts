/** What becomes of an update that is wanted no more, and what the device says of itself meanwhile. */
import { describe, expect, it } from 'vitest';
import { labels } from './container.ts';
import { plan } from './plan.ts';
import { reportSlots } from './report.ts';
import {
  apply,
  containerManifest,
  createWorld,
  knownOf,
  release,
  type World,
  want,
} from './world.fixture.ts';

const v1 = release('1.0.0', [containerManifest('web', 'hello-1')]);
const v2 = release('2.0.0', [containerManifest('web', 'hello-2')]);

/** Runs the loop until nothing is left to do, or so many steps; returns the time it ended. */
const settle = (world: World, from: number, stepsMax = 500): number => {
  let [now, steps] = [from, 0];
  for (;;) {
    const decided = plan(knownOf(world), now);
    for (const step of decided.steps) {
      if (steps === stepsMax) return now;
      apply(world, step, now);
      steps += 1;
    }
    if (decided.steps.length > 0) continue;
    if (decided.wakeAtMs === null) return now;
    now = Math.max(now + 1, decided.wakeAtMs);
  }
};

const running = (world: World): string[] =>
  world.containers
    .filter(({ state }) => state === 'running')
    .map((each) => `${each.labels[labels.container]}@${each.labels[labels.version]}`);

const reportOf = (world: World) => reportSlots(knownOf(world), 0)[0];

describe('an update', () => {
  it('withdrawn before it takes over leaves the version that runs alone', () => {
    const world = createWorld();
    want(world, v1, 1);
    const end = settle(world, 0);
    want(world, v2, 2);
    settle(world, end, 4);
    expect(world.slots[0]?.update?.phase).toBe('prepare');
    const before = world.log.length;
    want(world, v1, 3);
    expect(reportOf(world)).toMatchObject({ version: '1.0.0', status: 'running' });
    settle(world, end + 1);
    expect(world.slots[0]?.update).toBeNull();
    expect(running(world)).toEqual(['web@1.0.0']);
    const touched = world.log.slice(before).filter((step) => !step.startsWith('remove-container'));
    expect(touched).toEqual(['begin-update']);
  });

  it('is not said to run while another one that was withdrawn is on its way out', () => {
    const world = createWorld();
    want(world, v1, 1);
    const end = settle(world, 0);
    want(world, v2, 2);
    settle(world, end, 9);
    want(world, v1, 3);
    const said: string[] = [];
    for (let turn = 0; turn < 20 && world.slots[0]?.update !== null; turn += 1) {
      said.push(reportOf(world)?.status ?? '');
      const [step] = plan(knownOf(world), end + 1).steps;
      if (step !== undefined) apply(world, step, end + 1);
    }
    expect(new Set(said)).toEqual(new Set(['verifying']));
    expect(reportOf(world)).toMatchObject({ version: '1.0.0', status: 'running' });
  });
});
