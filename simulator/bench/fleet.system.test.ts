/** The bench of the fleet at its smallest: every agent follows, one by one and all at once. */
import { expect, it } from 'vitest';
import { run } from './fleet.ts';

it('brings every agent to each generation', async () => {
  const { name, figures } = await run({ smoke: true });
  expect(name).toBe('fleet');
  expect(figures['agents']).toBe(10);
  expect(figures['assignAckMaxMs']).toBeGreaterThan(0);
  expect(figures['rolloutAckMaxMs']).toBeGreaterThan(0);
});
