/** The bench of lists at its smoke size: it runs, and what it measures answers. */
import { expect, it } from 'vitest';
import { run } from './devices.ts';

it('measures every list of a small fleet', async () => {
  const figures: Record<string, number> = (await run({ smoke: true })).figures;
  expect(figures['devices']).toBe(500);
  // All but the one that is pending: heartbeats of devices whose keys are none were dropped unseen.
  expect(figures['wentOffline']).toBe(499);
  for (const [name, value] of Object.entries(figures)) {
    if (name.endsWith('Ms')) expect(value, name).toBeGreaterThan(0);
  }
}, 180_000);
