/** The bench of charts at its smoke size: it runs, and each range is answered. */
import { expect, it } from 'vitest';
import { run } from './charts.ts';

it('measures every range of a small fleet', async () => {
  const { figures } = await run({ smoke: true });
  for (const [name, value] of Object.entries(figures)) {
    if (name !== 'loadBefore') expect(value, name).toBeGreaterThan(0);
  }
}, 120_000);
