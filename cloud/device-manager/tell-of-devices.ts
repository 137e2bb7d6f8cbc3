/** Says of changes to devices in the transaction that makes them: audit log and domain events. */
import { recordEvents } from '@signalbeam/platform/events/outbox';
import { writeAudits } from '@signalbeam/platform/postgres/audit';
import type { Sql } from '@signalbeam/platform/postgres/pool';
import type { DeviceRecord } from './store/devices.ts';

/** Who does it, as the audit log writes it (`actorOf`), and from where. */
export type By = { actor: string; ip: string | null };

const past = {
  approve: 'approved',
  reject: 'rejected',
  rename: 'renamed',
  move: 'moved',
  delete: 'deleted',
  replace: 'replaced',
  decommission: 'decommissioned',
  tag: 'tagged',
  annotate: 'annotated',
  join: 'joined',
  leave: 'left',
} as const;
export type Verb = keyof typeof past;

export type DeviceChange = {
  device: DeviceRecord;
  before: unknown;
  after: unknown;
  /** Of the event, beside the device's id, name and site. */
  data: Record<string, unknown>;
};

export const tellOfDevices = async (
  sql: Sql,
  verb: Verb,
  changes: readonly DeviceChange[],
  by: By,
): Promise<void> => {
  await writeAudits(
    sql,
    changes.map(({ device, before, after }) => ({
      tenantId: device.tenantId,
      actor: by.actor,
      action: `device.${verb}`,
      target: `device:${device.id}`,
      before,
      after,
      ip: by.ip,
    })),
  );
  await recordEvents(
    sql,
    changes.map(({ device, data }) => ({
      tenantId: device.tenantId,
      type: `device.${past[verb]}`,
      subject: `signalbeam.devices.${past[verb]}`,
      data: { deviceId: device.id, name: device.name, site: device.site, ...data },
    })),
  );
};
