/** The mesh's bench at its smallest: it runs under virtual time and finds what it counts. */
import { expect, test } from 'vitest';
import { run } from './mesh-core.ts';

test('eight members, with and without loss', async () => {
  const { name, figures } = await run({ smoke: true });
  expect(name).toBe('mesh-core');
  expect(figures).toMatchObject({ members8Loss0FalseDeaths: 0, members8Loss20FalseDeaths: 0 });
  expect(figures['members8Loss0RecordToAllMsMax']).toBeGreaterThan(0);
  expect(figures['members8Loss20PacketBytesMax']).toBeLessThanOrEqual(1_200);
});
