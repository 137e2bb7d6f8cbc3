/** The large site's bench at its smallest: a dozen members of two processes find a record and a crash. */
import { expect, test } from 'vitest';
import { run } from './mesh-site.ts';

test('a dozen members on real sockets', async () => {
  const { name, figures } = await run({ smoke: true });
  expect(name).toBe('mesh-site');
  expect(figures['members12Loss20FalseDeaths']).toBe(0);
  expect(figures['members12Loss20IdleKbitPerSecond']).toBeGreaterThan(0);
  for (const what of ['RecordToAll', 'LargeRecordToAll', 'CrashToAll']) {
    expect(figures[`members12Loss20${what}MsMax`]).toBeGreaterThanOrEqual(0);
  }
}, 120_000);
