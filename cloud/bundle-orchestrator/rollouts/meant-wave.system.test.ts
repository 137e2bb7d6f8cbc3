/** Whoever lets a wave pass or approves it says which: their word is never taken for the wave after it. */
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { type Fleet, openFleet } from './fleet.suite.ts';
import type { RolloutView } from './view.ts';

let fleet: Fleet;
beforeAll(async () => {
  fleet = await openFleet(inject('postgresUrl'));
});
afterAll(() => fleet.rig.stop());

const passed = (id: string, wave: number, token = fleet.one.operator) =>
  fleet.rig.ask('POST', `/api/rollouts/${id}/advance?wave=${wave}`, { token });

it('is for that wave: given by two people at once, it lets one wave pass and no second', async () => {
  const { rig, one, get, steer, trio } = fleet;
  const { bundleId, devices } = await trio();
  const waves = [
    { name: 'canary', size: { kind: 'count', count: 1 } },
    { name: 'second', size: { kind: 'count', count: 1 } },
    { name: 'rest', size: { kind: 'rest' } },
  ];
  const deviceIds = devices.map(({ deviceId }) => deviceId);
  const body = { bundleId, version: '2.0.0', deviceIds, waves };
  const made = await rig.ask('POST', '/api/rollouts', { token: one.operator, body });
  const { id } = made.body as RolloutView;
  const answers = await Promise.all([passed(id, 0), passed(id, 0, one.admin)]);
  expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);
  expect(answers.find(({ status }) => status === 409)?.body).toMatchObject({
    code: 'wrong-state',
    detail: expect.stringMatching(
      /^Wave canary was passed meanwhile, by (operator|admin)@one\.example: wave second is at work\.$/,
    ),
  });
  expect((await get(id)).waves.map(({ state }) => state)).toEqual(['passed', 'open', 'waiting']);
  expect(await passed(id, 2)).toMatchObject({
    status: 409,
    body: { detail: 'Wave rest has not begun: wave second is at work.' },
  });
  expect((await passed(id, 9)).status).toBe(409);
  const approved = await rig.ask('POST', `/api/rollouts/${id}/approve?wave=0`, {
    token: one.operator,
  });
  expect(approved).toMatchObject({
    status: 409,
    body: { detail: expect.stringMatching(/^Wave canary was passed/) },
  });
  expect((await passed(id, 1)).status).toBe(200);
  // Left out, it is whichever is at work.
  expect((await steer(id, 'advance')).status).toBe(200);
});
