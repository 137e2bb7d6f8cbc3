/** The bench of a deletion at its smoke size: it runs, and all of the tenant goes. */
import { expect, it } from 'vitest';
import { run } from './delete-tenant.ts';

it('deletes a small tenant beside one that asks for its lists', async () => {
  const figures: Record<string, number> = (await run({ smoke: true })).figures;
  const { rows = 0, seconds = 0 } = figures;
  // 300 devices with some fifty rows each, two days of hours, a day of samples.
  expect(rows).toBeGreaterThan(300 * 45 + 10 * 48 + 2 * 5_700);
  expect(figures['longestTransactionMs']).toBeLessThan(seconds * 1_000);
  for (const [name, value] of Object.entries(figures)) {
    if (name.endsWith('Ms') && name !== 'longestTransactionMs') {
      expect(value, name).toBeGreaterThan(0);
    }
  }
}, 180_000);
