/** The bench of the wire at its smallest: every byte of the leaf link is counted under a purpose. */
import { expect, it } from 'vitest';
import { run } from './wire.ts';

it('accounts for every byte of an idle site', async () => {
  const { name, figures } = await run({ smoke: true });
  expect(name).toBe('wire idle site');
  for (const purpose of ['heartbeat', 'frames', 'receipts', 'acknowledgements']) {
    expect(figures[`${purpose}KbPerDeviceDay`]).toBeGreaterThan(0);
  }
  expect(figures['otherKbPerDeviceDay']).toBe(0);
  expect(figures['unaccountedBytes']).toBeLessThan(16 * 1024);
});
