/** Two rollouts of one bundle on the same devices: which one holds, and what people are told of it. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { addDevice, eventually, makeBundle, type TestDevice } from '../rig.suite.ts';
import { type Fleet, openFleet } from './fleet.suite.ts';
import type { RolloutView } from './view.ts';

let fleet: Fleet;
beforeAll(async () => {
  fleet = await openFleet(inject('postgresUrl'));
});
afterAll(() => fleet.rig.stop());

const strict = { succeededPercentMin: 100, failedPercentMax: 0 };
const waves = [
  { name: 'canary', size: { kind: 'count', count: 1 }, gate: strict },
  { name: 'rest', size: { kind: 'rest' }, gate: strict },
];

/** A fresh bundle and devices that run nothing of it. */
const open = async (count = 3) => {
  const mark = randomUUID().slice(0, 4);
  const versions = ['1.0.0', '2.0.0', '3.0.0'];
  const bundleId = await makeBundle(fleet.rig, fleet.one, `web-${mark}`, versions);
  const devices: TestDevice[] = [];
  for (let index = 0; index < count; index += 1) {
    devices.push(await addDevice(fleet.rig, fleet.one, `gateway-${mark}-${index}`));
  }
  return { bundleId, devices };
};

type Wish = { version?: string; waves?: object[]; startAt?: string };
const start = async (
  bundleId: string,
  devices: readonly TestDevice[],
  wish: Wish,
): Promise<RolloutView> => {
  const deviceIds = devices.map(({ deviceId }) => deviceId);
  const body = { bundleId, version: '2.0.0', deviceIds, ...wish };
  const answer = await fleet.rig.ask('POST', '/api/rollouts', { token: fleet.one.operator, body });
  if (answer.status !== 201) throw new Error(JSON.stringify(answer.body));
  return answer.body;
};

const versionOf = async (device: TestDevice, bundleId: string): Promise<string> =>
  (await fleet.slotOf(device, bundleId)).version;

const until = (id: string, expected: object) =>
  eventually(async () => {
    expect(await fleet.get(id)).toMatchObject(expected);
  });

// Peers' users: an older deployment overwrote the newer one, or a second one began without a word.
describe('a newer rollout of the bundle', () => {
  it('is told of what is under way, and an older one does not undo it', async () => {
    const { bundleId, devices } = await open();
    const older = await start(bundleId, devices, { waves });
    const first = (await fleet.rows(older.id)).find(({ status }) => status === 'pending');
    const [canary] = devices.filter(({ deviceId }) => deviceId === first?.deviceId) as [TestDevice];
    const rest = devices.filter((device) => device !== canary);
    const wish = {
      version: '3.0.0',
      waves: [{ name: 'all', size: { kind: 'rest' }, gate: strict }],
    };
    const deviceIds = devices.map(({ deviceId }) => deviceId);
    const looked = await fleet.rig.ask('POST', '/api/rollouts/preview', {
      token: fleet.one.operator,
      body: { bundleId, deviceIds, ...wish },
    });
    expect(looked.body).toMatchObject({
      refused: null,
      underWay: [
        {
          ...{ rolloutId: older.id, version: '2.0.0', status: 'in-progress' },
          ...{ atWork: 1, untold: 2 },
          means: expect.stringMatching(
            /^1 device is at work .* 2 devices were not told of 2\.0\.0/,
          ),
        },
      ],
    });
    const newer = await start(bundleId, devices, wish);
    expect(newer.overtakes).toEqual([
      { rolloutId: older.id, version: '2.0.0', status: 'in-progress', devices: 3 },
    ]);
    expect(await fleet.get(older.id)).toMatchObject({
      overtakes: [],
      overtakenBy: [{ rolloutId: newer.id, version: '3.0.0', status: 'in-progress', devices: 3 }],
    });
    for (const device of rest) await fleet.says(device, bundleId, 'running');
    await fleet.says(canary, bundleId, 'running');
    await until(older.id, {
      status: 'succeeded',
      progress: { succeeded: 1, cancelled: 2, planned: 0, pending: 0 },
    });
    expect((await fleet.rows(older.id)).filter(({ status }) => status === 'cancelled')).toEqual(
      rest.map(() =>
        expect.objectContaining({
          reason: 'A newer rollout has told it of 3.0.0 since; that is not undone.',
        }),
      ),
    );
    for (const device of rest) expect(await versionOf(device, bundleId)).toBe('3.0.0');
    await eventually(async () => expect(await versionOf(canary, bundleId)).toBe('3.0.0'));
    await fleet.says(canary, bundleId, 'running');
    await until(newer.id, { status: 'succeeded', progress: { succeeded: 3 } });
  });

  it('is what the next wave of the older one waits for, and its page names no straggler of another wave', async () => {
    const { bundleId, devices } = await open();
    const older = await start(bundleId, devices, { waves });
    const newer = await start(bundleId, devices, {
      ...{ version: '3.0.0', waves: [{ name: 'all', size: { kind: 'rest' }, gate: strict }] },
    });
    const untold = (await fleet.rows(older.id)).filter(({ status }) => status === 'planned');
    const [one, other] = untold.map(({ name }) => name).sort();
    const advanced = await fleet.steer(older.id, 'advance');
    const there = 'where another rollout of it is at work';
    expect(advanced.body).toMatchObject({
      waiting: `Wave rest (2 of 2): 0 of 2 confirmed; waiting for ${one}, ${there}; ${other}, ${there}; its gate needs 2 devices more`,
    });
    // Both pages say how the other one stands: whoever has one open hears of it.
    const heard = async (): Promise<number> => {
      const { rows } = await fleet.rig.owner.query<{ news: number }>(
        `SELECT count(*) AS news FROM platform.domain_events
          WHERE data ->> 'rolloutId' = $1 AND type = 'rollout.progressed'`,
        [older.id],
      );
      return rows[0]?.news ?? 0;
    };
    const before = await heard();
    expect((await fleet.steer(newer.id, 'pause')).status).toBe(200);
    expect(await heard()).toBeGreaterThan(before);
  });

  it('that was set for later is newer from then on only', async () => {
    const { bundleId, devices } = await open(1);
    const startAt = new Date(Date.now() + 3_600_000).toISOString();
    const later = await start(bundleId, devices, { startAt });
    const now = await start(bundleId, devices, { version: '3.0.0' });
    expect(now).toMatchObject({ overtakes: [], overtakenBy: [{ rolloutId: later.id }] });
    expect(await fleet.get(later.id)).toMatchObject({ overtakes: [{ rolloutId: now.id }] });
  });
});
