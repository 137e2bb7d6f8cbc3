/** The mesh beside serf at its smallest: both come together, tell a record, and find a crash. */
import { expect, it } from 'vitest';
import { run } from './mesh.ts';

it('measures both on the same hosts', async () => {
  const { name, figures } = await run({ smoke: true });
  expect(name).toBe('mesh');
  for (const each of ['signalbeam4Loss20', 'serf4Loss20']) {
    expect(figures[`${each}RecordToAllMsMax`]).toBeGreaterThanOrEqual(0);
    expect(figures[`${each}CrashToAllMsMax`]).toBeGreaterThan(0);
    expect(figures[`${each}IdlePayloadKbitPerSecond`]).toBeGreaterThan(0);
    expect(figures[`${each}ResidentMb`]).toBeGreaterThan(0);
  }
  expect(figures['signalbeam4Loss20FalseDeaths']).toBe(0);
});
