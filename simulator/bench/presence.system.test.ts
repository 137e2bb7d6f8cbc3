/** The bench of presence at its smallest: whoever beats is online in the end, and costs something. */
import { expect, it } from 'vitest';
import { run } from './presence.ts';

it('hears every device, and measures what that takes', async () => {
  // A busy machine is never at rest; what is added is measured all the same.
  const { name, figures } = await run({ smoke: true });
  expect(name).toBe('presence');
  expect(figures).toMatchObject({ devices: 200, online: 200 });
  expect(figures['cloudPercentOfCore']).toBeGreaterThan(0);
});
