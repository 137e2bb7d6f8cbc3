/** The bench of the backlog at its smallest: hours instead of days, and nothing lost or doubled. */
import { expect, it } from 'vitest';
import { run } from './backlog.ts';

it('drains what hours without a link left behind, each row once', async () => {
  const { name, figures } = await run({ smoke: true });
  expect(name).toBe('backlog');
  expect(figures.events).toBeGreaterThan(400);
  expect(figures).toMatchObject({ eventsMissing: 0, eventsTwice: 0 });
  expect(figures).toMatchObject({ samplesMissing: 0, samplesTwice: 0, samples: 960 });
  expect(figures.outboxMb).toBeLessThan(64);
});
