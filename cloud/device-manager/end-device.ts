/**
 * Replaces a device by another, or takes it out for good. Rows, events and audit lines are one
 * transaction; what follows (revocation, rosters, site keys, desired state, credentials at the hub)
 * follows from those by itself.
 */
import { refusal } from '@signalbeam/platform/http/problem';
import type { Sql } from '@signalbeam/platform/postgres/pool';
import type { Wipe } from '@signalbeam/sync/core/removal';
import { noSuchDevice } from './refusals.ts';
import { removeDevice, takeOver } from './store/device-lives.ts';
import { type DeviceRecord, lockDevices, writeDecisions } from './store/devices.ts';
import { type By, tellOfDevices } from './tell-of-devices.ts';

const approved = (device: DeviceRecord | undefined): DeviceRecord => {
  if (device === undefined) throw noSuchDevice();
  if (device.status === 'approved') return device;
  throw refusal('wrong-state', `${device.name} is not approved; nothing was changed.`, {
    next: 'Reject or delete a device that was never approved.',
  });
};

const waiting = (device: DeviceRecord | undefined): DeviceRecord => {
  if (device === undefined) throw noSuchDevice();
  if (device.status === 'pending') return device;
  throw refusal('wrong-state', `${device.name} does not wait for approval; nothing was changed.`, {
    next: 'Register the new hardware with a token that does not approve by itself.',
  });
};

export const replaceDevice = async (
  sql: Sql,
  wish: { id: string; heirId: string; at: Date },
  by: By,
): Promise<void> => {
  const { id, heirId, at } = wish;
  const locked = await lockDevices(sql, [id, heirId]);
  const old = approved(locked.find((device) => device.id === id));
  const heir = waiting(locked.find((device) => device.id === heirId));
  await takeOver(sql, id, heirId);
  await removeDevice(sql, id, { removal: 'replaced', wipe: null, at });
  await writeDecisions(sql, [heirId], { status: 'approved', reason: null, by: by.actor, at });
  const { name, site, publicKey, fingerprint } = old;
  const place = { ...heir, name, site };
  await tellOfDevices(
    sql,
    'replace',
    [
      {
        device: place,
        before: { deviceId: id, name, site, fingerprint },
        after: { deviceId: heirId, name, site, fingerprint: heir.fingerprint },
        data: { replaced: id },
      },
    ],
    by,
  );
  const data = { status: 'approved', reason: null };
  const approval = {
    device: place,
    before: { status: 'pending' },
    after: { status: 'approved' },
    data,
  };
  await tellOfDevices(sql, 'approve', [approval], by);
  const removal = { before: { name, site, fingerprint }, after: { replacedBy: heirId } };
  await tellOfDevices(sql, 'delete', [{ device: old, ...removal, data: { publicKey } }], by);
};

export const decommissionDevice = async (
  sql: Sql,
  wish: { id: string; wipe: Wipe; at: Date },
  by: By,
): Promise<void> => {
  const { id, wipe, at } = wish;
  const device = approved((await lockDevices(sql, [id]))[0]);
  await removeDevice(sql, id, { removal: 'decommissioned', wipe, at });
  const { name, site, status, publicKey, fingerprint } = device;
  const before = { name, site, status, fingerprint };
  const change = { device, before, after: { wipe } };
  await tellOfDevices(sql, 'decommission', [{ ...change, data: { wipe } }], by);
  await tellOfDevices(sql, 'delete', [{ ...change, data: { publicKey } }], by);
};
