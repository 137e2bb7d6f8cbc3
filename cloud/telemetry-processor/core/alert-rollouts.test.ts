import fc from 'fast-check';
import { expect, it } from 'vitest';
import { planRollout, type RolloutAlert } from './alert-rollouts.ts';

const open: RolloutAlert = { alertId: 'a', isOpen: true, deviceCount: 2 };

it('is raised on the first failure, put right as more fail, and resolved when none is left', () => {
  expect(planRollout({ status: 'in-progress', failed: 0 }, null)).toEqual([]);
  expect(planRollout({ status: 'in-progress', failed: 1 }, null)).toEqual([
    { kind: 'raise', deviceCount: 1 },
  ]);
  expect(planRollout({ status: 'in-progress', failed: 2 }, open)).toEqual([]);
  expect(planRollout({ status: 'paused', failed: 3 }, open)).toEqual([
    { kind: 'count', alertId: 'a', deviceCount: 3 },
  ]);
  expect(planRollout({ status: 'succeeded', failed: 0 }, open)).toEqual([
    { kind: 'resolve', alertId: 'a' },
  ]);
  expect(planRollout({ status: 'rolled-back', failed: 2 }, open)).toEqual([
    { kind: 'resolve', alertId: 'a' },
  ]);
});

it('is not raised again for failures that somebody dealt with', () => {
  fc.assert(
    fc.property(fc.nat(5), fc.nat(5), (dealtWith, failed) => {
      const closed = { ...open, isOpen: false, deviceCount: dealtWith };
      const steps = planRollout({ status: 'in-progress', failed }, closed);
      expect(steps.length).toBe(failed > dealtWith ? 1 : 0);
    }),
  );
});
