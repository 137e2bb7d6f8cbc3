/** The bench of the return at its smallest: a site of agents comes back whole after the hub's death. */
import { expect, it } from 'vitest';
import { run } from './reconnect.ts';

it('brings every agent back, with all it took meanwhile', async () => {
  const { name, figures } = await run({ smoke: true });
  expect(name).toBe('reconnect');
  expect(figures).toMatchObject({ agents: 50, eventsMissing: 0, eventsTwice: 0 });
  expect(figures['welcomedMaxMs']).toBeGreaterThan(0);
});
