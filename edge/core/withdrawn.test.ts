/** What becomes of an update that is wanted no more, and what the device says of itself meanwhile. */
import type { Release } from '@signalbeam/sync/core/manifest';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isSameTarget } from './known.ts';
import { plan } from './plan.ts';
import { reportSlots } from './report.ts';
import { running, settle } from './settle.fixture.ts';
import type { Step } from './step.ts';
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
const v3 = release('3.0.0', [containerManifest('web', 'hello-3')]);

/** One that runs `v1` and was asked for `v2` at generation 2, which it has taken so many steps of. */
const updating = (steps: number): { world: World; end: number } => {
  const world = createWorld();
  want(world, v1, 1);
  const end = settle(world, 0);
  want(world, v2, 2);
  settle(world, end, { crashAfter: steps });
  return { world, end };
};

/** One on which `v2` failed at generation 2, so that `v1` runs. */
const failed = (): { world: World; end: number } => {
  const world = createWorld();
  want(world, v1, 1);
  const end = settle(world, 0);
  world.sick.add('web@2.0.0');
  want(world, v2, 2);
  settle(world, end);
  return { world, end };
};

const reportOf = (world: World) => reportSlots(knownOf(world), 0)[0];

describe('an update', () => {
  it('withdrawn before it takes over leaves the version that runs alone', () => {
    const { world, end } = updating(4);
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
    const { world, end } = updating(9);
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

  it('withdrawn for a version that failed here does not try that one again', () => {
    const { world, end } = failed();
    want(world, v3, 3);
    settle(world, end, { crashAfter: 4 });
    expect(world.slots[0]?.update?.phase).toBe('prepare');
    world.log = [];
    want(world, v2, 2);
    settle(world, end + 1);
    expect(running(world)).toEqual(['web@1.0.0']);
    expect(world.log.filter((step) => !step.startsWith('remove-container'))).toEqual([
      'begin-update',
    ]);
    expect(reportOf(world)).toMatchObject({ version: '2.0.0', status: 'failed' });
  });

  it('asked for again, and that taken back before it takes over, stays as it failed', () => {
    const { world, end } = failed();
    want(world, v2, 3);
    settle(world, end, { crashAfter: 2 });
    expect(world.slots[0]?.update?.phase).toBe('prepare');
    want(world, v2, 2);
    settle(world, end + 1);
    expect(running(world)).toEqual(['web@1.0.0']);
    expect(reportOf(world)).toMatchObject({ version: '2.0.0', status: 'failed' });
  });

  it('is dropped while no update may start, since nothing starts by that', () => {
    const { world, end } = updating(4);
    want(world, v1, 1);
    const { steps } = plan({ ...knownOf(world), holdUpdates: 'The events lane is full.' }, end);
    expect(steps.map(({ kind }) => kind)).toEqual(['begin-update']);
  });

  it('for any wishes, some taken back: none that failed is tried again before it is asked for again', () => {
    const wish = fc.record({
      version: fc.constantFrom(v1, v2, v3),
      isTakenBack: fc.boolean(),
      sick: fc.subarray(['web@1.0.0', 'web@2.0.0', 'web@3.0.0']),
      crashAfter: fc.integer({ min: 0, max: 30 }),
    });
    fc.assert(
      fc.property(fc.array(wish, { minLength: 2, maxLength: 6 }), (wishes) => {
        const world = createWorld();
        const asked: (readonly [Release, number])[] = [];
        const onStep = (step: Step): void => {
          const [known] = world.slots;
          if (step.kind !== 'begin-update' || step.target === null || !known?.failed) return;
          const failedBefore =
            isSameTarget(known.failed.target, step.target) &&
            known.failed.requestedGeneration >= (known.wanted?.requestedGeneration ?? 0);
          expect(failedBefore).toBe(false);
        };
        let now = 0;
        for (const [index, { version, isTakenBack, sick, crashAfter }] of wishes.entries()) {
          if (isTakenBack && asked.length > 1) asked.pop();
          else asked.push([version, index + 1]);
          const [of, generation] = asked.at(-1) ?? [v1, 1];
          world.sick = new Set(sick);
          want(world, of, generation);
          now = settle(world, now, { crashAfter, onStep }) + 1;
        }
        settle(world, now, { onStep });
        expect(world.slots[0]?.update).toBeNull();
      }),
      { numRuns: 400 },
    );
  });
});
