/** Where in a plan neither version runs, and who is on either side. */
import { describe, expect, it } from 'vitest';
import { gapOf } from './gap.ts';
import type { Step } from './step.ts';
import { bundleId, createWorld, knownOf, type World } from './world.fixture.ts';

const container = (name: string, state: 'running' | 'exited') =>
  ({ name, state, labels: {} }) as unknown as World['containers'][number];
const known = knownOf({
  ...createWorld(),
  containers: [container('old', 'running'), container('dead', 'exited')],
});

const stop = (name: string): Step => ({ kind: 'stop-container', bundleId, name, graceMs: 1 });
const retire = (name: string): Step => ({
  kind: 'retire-container',
  bundleId,
  name,
  fields: ['command'],
  graceMs: 1,
});
const start = (name: string): Step => ({ kind: 'start-container', bundleId, name });
const swap: Step = { kind: 'begin-swap', bundleId };

describe('the gap of a plan', () => {
  it('is from the first stop to the last start', () => {
    expect(gapOf(known, [swap, stop('old'), start('a'), start('b'), swap])).toEqual({
      opensAt: 1,
      closesAt: 3,
      stopped: ['old'],
      next: ['a', 'b'],
    });
    expect(gapOf(known, [retire('old'), start('old')])).toMatchObject({ opensAt: 0, closesAt: 1 });
  });

  it('is none where nothing that runs is stopped, or nothing starts after it', () => {
    expect(gapOf(known, [start('a')])).toBeNull();
    expect(gapOf(known, [retire('dead'), start('dead')])).toBeNull();
    expect(gapOf(known, [start('a'), stop('old')])).toBeNull();
    expect(gapOf(known, [stop('old')])).toBeNull();
  });
});
