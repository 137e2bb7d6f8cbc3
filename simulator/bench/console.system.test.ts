/** The consoles' budget, which is a size and not a time, so a test can hold it. */
import { expect, it } from 'vitest';
import { run } from './console.ts';

it('loads each console within 150 kB', async () => {
  const { figures } = await run();
  for (const app of ['operator', 'technician'] as const) {
    expect(figures[`${app}FirstLoadGzipKb`]).toBeGreaterThan(5);
    expect(figures[`${app}FirstLoadGzipKb`]).toBeLessThanOrEqual(150);
    expect(figures[`${app}AllFilesGzipKb`]).toBeGreaterThan(figures[`${app}FirstLoadGzipKb`]);
  }
});
