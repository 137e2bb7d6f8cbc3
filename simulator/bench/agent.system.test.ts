/** The bench of an idle agent at its smallest: the bundle runs, and the kernel has counted. */
import { expect, it } from 'vitest';
import { run } from './agent.ts';

it('counts what the agent costs', async () => {
  const { name, figures } = await run({ smoke: true });
  expect(name).toBe('agent idle');
  expect(figures.residentMb).toBeGreaterThan(figures.bareNodeResidentMb);
  expect(figures.readyP50Ms).toBeGreaterThan(0);
});
