/** The bench of alerts at its smallest: what is caused is told, and what is bad is raised once. */
import { expect, it } from 'vitest';
import { run } from './alerts.ts';

it('tells each cause to the receiver, and raises what is bad in a fleet once', async () => {
  const { name, figures } = await run({ smoke: true });
  expect(name).toBe('alerts');
  expect(figures).toMatchObject({ devices: 400, causes: 2, restRaised: 0, beginRaised: 0 });
  expect(figures).toMatchObject({ tellRaised: 12, inAlarmRaised: 0 });
  expect(figures).toMatchObject({ silentRaised: 40, silentToldRaised: 0 });
  expect(figures).toHaveProperty('hotToldP50Ms', expect.any(Number));
});
