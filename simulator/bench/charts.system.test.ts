/** The bench of charts at its smoke size: it runs, and each range is answered. */
import { expect, it } from 'vitest';
import { run } from './charts.ts';

it('measures every range of a small fleet', async () => {
  const { figures } = await run({ smoke: true });
  for (const [name, value] of Object.entries(figures)) {
    if (name === 'loadBefore') continue;
    // Processor time is counted in steps of 10 ms: of so few charts it may be none.
    if (name.endsWith('CpuMs')) expect(value, name).toBeGreaterThanOrEqual(0);
    else expect(value, name).toBeGreaterThan(0);
  }
}, 120_000);
