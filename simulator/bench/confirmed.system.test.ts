/** The bench from click to confirmation at its smallest: every device confirms, and bytes are counted. */
import { expect, it } from 'vitest';
import { run } from './confirmed.ts';

it('brings one rollout to every device, and says what that took', async () => {
  const { name, figures } = await run({ smoke: true });
  expect(name).toBe('confirmed');
  expect(figures).toMatchObject({ devices: 20 });
  expect(figures['confirmed99Ms']).toBeGreaterThan(figures['ownWorkP50Ms'] ?? 0);
  expect(figures['upBytesPerDevice']).toBeGreaterThan(0);
});
