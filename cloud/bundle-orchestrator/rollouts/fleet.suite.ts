/**
 * A fleet to roll out to: people of two tenants, devices that say how it goes, and the calls that
 * the tests of rollouts make again and again.
 */
import { randomUUID } from 'node:crypto';
import type { Pool } from '@signalbeam/platform/postgres/pool';
import type { Slot } from '@signalbeam/sync/core/manifest';
import type { PoolClient } from 'pg';
import {
  addDevice,
  makeBundle,
  openTenant,
  sendReport,
  startRig,
  type TestDevice,
} from '../rig.suite.ts';
import type { RolloutView } from './view.ts';

export type RowView = {
  deviceId: string;
  name: string;
  status: string;
  reason: string | null;
  logTail: string[];
  startedAt: string | null;
  completedAt: string | null;
  retryCount: number;
};

export const openFleet = async (postgresUrl: string) => {
  const rig = await startRig(postgresUrl);
  const one = await openTenant(rig, 'one');
  const two = await openTenant(rig, 'two');

  const start = (bundleId: string, version: string, devices: readonly TestDevice[], tenant = one) =>
    rig.ask('POST', '/api/rollouts', {
      token: tenant.operator,
      body: { bundleId, version, deviceIds: devices.map(({ deviceId }) => deviceId) },
    });
  const started = async (...args: Parameters<typeof start>): Promise<RolloutView> => {
    const answer = await start(...args);
    if (answer.status !== 201) throw new Error(JSON.stringify(answer.body));
    return answer.body;
  };
  const get = async (id: string): Promise<RolloutView> =>
    (await rig.ask('GET', `/api/rollouts/${id}`, { token: one.viewer })).body;
  const rows = async (id: string): Promise<RowView[]> => {
    const path = `/api/rollouts/${id}/devices`;
    const { body } = await rig.ask('GET', path, { token: one.viewer });
    return (body as { devices: RowView[] }).devices;
  };
  const steer = (id: string, verb: string, token = one.operator) =>
    rig.ask('POST', `/api/rollouts/${id}/${verb}`, { token });
  const desired = async (device: TestDevice): Promise<{ generation: number; slots: Slot[] }> => {
    const path = `/api/devices/${device.deviceId}/desired-state`;
    return (await rig.ask('GET', path, { token: one.viewer })).body;
  };
  const slotOf = async (device: TestDevice, bundleId: string): Promise<Slot> => {
    const slot = (await desired(device)).slots.find((one) => one.bundleId === bundleId);
    if (slot === undefined) throw new Error('no slot');
    return slot;
  };
  /** The device says this of what is wanted of it now. */
  const says = async (
    device: TestDevice,
    bundleId: string,
    status: 'downloading' | 'verifying' | 'running' | 'failed',
    more: { reason?: string; logTail?: string[] } = {},
  ): Promise<void> => {
    const { generation, slots } = await desired(device);
    const slot = slots.find((each) => each.bundleId === bundleId);
    if (slot === undefined) throw new Error('no slot');
    await sendReport(rig, one, device.deviceId, [{ slot, status, ...more }], { generation });
  };
  const trio = async (): Promise<{ bundleId: string; devices: TestDevice[]; names: string[] }> => {
    const mark = randomUUID().slice(0, 8);
    const names = ['gateway-1', 'gateway-2', 'gateway-3'].map((name) => `${name}-${mark}`);
    const bundleId = await makeBundle(rig, one, `web-${mark}`, ['1.0.0', '2.0.0', '3.0.0']);
    const devices: TestDevice[] = [];
    for (const name of names) devices.push(await addDevice(rig, one, name));
    return { bundleId, devices, names };
  };

  return { rig, one, two, start, started, get, rows, steer, desired, slotOf, says, trio };
};
export type Fleet = Awaited<ReturnType<typeof openFleet>>;

/**
 * Has something done right before a device's state is asked for to be held, by whoever it is in this
 * process: certain, where waiting until somebody waits for a lock is not.
 */
export const beforeHolding = (pool: Pool, deviceId: string, work: () => Promise<unknown>) => {
  type Query = (...args: unknown[]) => unknown;
  const changed = new Set<PoolClient>();
  let times = 0;
  const isHold = ([text, values]: unknown[]): boolean =>
    /^WITH held AS/.test(String(text)) && JSON.stringify(values).includes(deviceId);
  const change = (client: PoolClient): void => {
    if (changed.has(client)) return;
    changed.add(client);
    const query = client.query.bind(client) as Query;
    const first: Query = async (...args) => {
      times += 1;
      await work();
      return query(...args);
    };
    const changing: Query = (...args) => (isHold(args) ? first(...args) : query(...args));
    client.query = changing as typeof client.query;
  };
  pool.on('acquire', change);
  const letGo = (): void => {
    pool.off('acquire', change);
    for (const client of changed) Reflect.deleteProperty(client, 'query');
  };
  return { times: () => times, letGo };
};
