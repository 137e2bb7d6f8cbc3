/**
 * Carries out what was decided about devices that the caller has locked: whether they are let in,
 * and that they are deleted. One device or a batch of them cost the same few statements.
 */
import { holdQuota } from '@signalbeam/platform/identity/quota';
import type { Sql } from '@signalbeam/platform/postgres/pool';
import { type Decided, type Decision, decide } from './core/approval.ts';
import { type DeviceRecord, deleteDevices, writeDecisions } from './store/devices.ts';
import { type By, tellOfDevices } from './tell-of-devices.ts';

export type DecidedBy = By & { now: Date };

const statusOf = { approve: 'approved', reject: 'rejected' } as const;

/** What came of it for each; those that were refused are left as they were. */
export const decideDevices = async (
  sql: Sql,
  devices: readonly DeviceRecord[],
  wish: { decision: Decision; reason: string | null },
  by: DecidedBy,
): Promise<Map<string, Decided>> => {
  const { decision, reason } = wish;
  const outcomes = new Map(devices.map(({ id, status }) => [id, decide(status, decision)]));
  const changed = devices.filter(({ id }) => outcomes.get(id)?.kind === 'changed');
  if (changed.length === 0) return outcomes;
  const ids = changed.map(({ id }) => id);
  const after = { status: statusOf[decision], reason };
  await writeDecisions(sql, ids, { ...after, by: by.actor, at: by.now });
  // A rejected one did not count.
  if (decision === 'approve' && changed.some(({ status }) => status === 'rejected')) {
    await holdQuota(sql, 'devices');
  }
  const changes = changed.map((device) => {
    const before = { status: device.status, reason: device.statusReason };
    return { device, before, after, data: after };
  });
  await tellOfDevices(sql, decision, changes, by);
  return outcomes;
};

export const deleteAndTell = async (
  sql: Sql,
  devices: readonly DeviceRecord[],
  by: DecidedBy,
): Promise<void> => {
  if (devices.length === 0) return;
  const ids = devices.map(({ id }) => id);
  await deleteDevices(sql, ids, by.now);
  const changes = devices.map((device) => {
    const { name, site, status, fingerprint, publicKey } = device;
    return {
      device,
      before: { name, site, status, fingerprint },
      after: null,
      data: { publicKey },
    };
  });
  await tellOfDevices(sql, 'delete', changes, by);
};
