/** The bench of live streams at its smallest: every stream hears every change. */
import { expect, it } from 'vitest';
import { run } from './streams.ts';

it('tells every stream of every change', async () => {
  const { name, figures } = await run({ smoke: true });
  expect(name).toBe('streams');
  expect(figures).toMatchObject({ streams: 50, heardShare: 1 });
  expect(figures.latencyP99Ms).toBeGreaterThan(0);
});
