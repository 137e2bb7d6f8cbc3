/** The bench of lists at its smoke size: it runs, and what it measures answers. */
import { expect, it } from 'vitest';
import { run } from './devices.ts';

it('measures every list of a small fleet', async () => {
  const { figures } = await run({ smoke: true });
  expect(figures['devices']).toBe(500);
  for (const [name, value] of Object.entries(figures)) {
    if (name.endsWith('Ms')) expect(value, name).toBeGreaterThan(0);
  }
}, 120_000);
