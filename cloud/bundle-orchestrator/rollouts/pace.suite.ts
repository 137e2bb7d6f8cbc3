/** Rollouts at a pace: devices at sites and with tags, and the calls that their tests make. */
import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import { addDevice, eventually, makeBundle, type TestDevice } from '../rig.suite.ts';
import type { Fleet } from './fleet.suite.ts';
import type { RolloutView } from './view.ts';

type Placed = { site?: string; tag?: [string, string] };

export const atPace = (fleet: Fleet) => {
  const open = async (places: readonly Placed[]) => {
    const mark = randomUUID().slice(0, 8);
    const { rig, one } = fleet;
    const bundleId = await makeBundle(rig, one, `web-${mark}`, ['1.0.0', '2.0.0']);
    const devices: TestDevice[] = [];
    for (const [index, { site, tag }] of places.entries()) {
      const device = await addDevice(rig, one, `gateway-${mark}-${index}`);
      devices.push(device);
      await rig.owner.query('UPDATE device_manager.devices SET site = $2 WHERE id = $1', [
        device.deviceId,
        `${site ?? 'plant'}-${mark}`,
      ]);
      if (tag === undefined) continue;
      await rig.owner.query(
        `INSERT INTO device_manager.device_tags (tenant_id, device_id, key, value)
         VALUES ($1, $2, $3, $4)`,
        [one.tenantId, device.deviceId, ...tag],
      );
    }
    return { mark, bundleId, devices };
  };

  const ask = (bundleId: string, devices: readonly TestDevice[], pace: object, more: object = {}) =>
    fleet.rig.ask('POST', '/api/rollouts', {
      token: fleet.one.operator,
      body: {
        ...{ bundleId, version: '1.0.0', pace, ...more },
        deviceIds: devices.map(({ deviceId }) => deviceId),
      },
    });
  const start = async (...args: Parameters<typeof ask>): Promise<RolloutView> => {
    const answer = await ask(...args);
    if (answer.status !== 201) throw new Error(JSON.stringify(answer.body));
    return answer.body;
  };
  const until = (id: string, expected: object) =>
    eventually(async () => {
      expect(await fleet.get(id)).toMatchObject(expected);
    });
  const told = async (devices: readonly TestDevice[]): Promise<TestDevice[]> => {
    const found: TestDevice[] = [];
    for (const device of devices) {
      if ((await fleet.desired(device)).generation > 0) found.push(device);
    }
    return found;
  };
  return { open, ask, start, until, told };
};
