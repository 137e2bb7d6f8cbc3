/** The bench of a rollout at its smallest: each new version comes to run on a real Docker. */
import { expect, it } from 'vitest';
import { run } from './rollout.ts';

it('brings each new version to run', async () => {
  const { name, figures } = await run({ smoke: true });
  expect(name).toBe('rollout');
  expect(figures.rollouts).toBe(1);
  expect(figures.runningP50Ms).toBeGreaterThan(figures.answerP50Ms);
  expect(figures.succeededP50Ms).toBeGreaterThan(figures.runningP50Ms);
});
