/**
 * A fleet to roll out to: people of two tenants, devices that say how it goes, and the calls that
 * the tests of rollouts make again and again.
 */
import { randomUUID } from 'node:crypto';
import type { Slot } from '@signalbeam/sync/core/manifest';
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
