/**
 * Desired states in Postgres: one row per device whose generation only grows. A change locks the
 * row, and a first one is held by the primary key, so two replicas never make the same generation.
 */
import type { Sql } from '@signalbeam/platform/postgres/pool';
import type { Slot } from '@signalbeam/sync/core/manifest';
import { windowsDueAtMs } from '../core/windows-over.ts';

/** A device and what is wanted of it now. */
export type Target = {
  deviceId: string;
  name: string;
  site: string;
  approved: boolean;
  /** 0 when nothing was ever wanted of it. */
  generation: number;
  /** The highest generation it ever reported: above ours if this database came from a backup. */
  reportedGeneration: number;
  slots: Slot[];
};

export type NewDesired = {
  deviceId: string;
  /** The generation it replaces. */
  expected: number;
  generation: number;
  slots: Slot[];
  envelope: Uint8Array;
};

type TargetRow = {
  device_id: string;
  name: string;
  site: string;
  registration_status: string;
  generation: number | null;
  reported_generation: number | null;
  slots: Slot[] | null;
};

/** The tenant's devices among `deviceIds`, their rows locked until the transaction ends. */
export const lockTargets = async (
  sql: Sql,
  tenantId: string,
  deviceIds: readonly string[],
): Promise<Target[]> => {
  // Locks in order of id, whoever comes: two changes of the same devices can't wait for each other.
  const { rows } = await sql.query<TargetRow>(
    `WITH held AS (
       SELECT device_id, generation, slots FROM bundle_orchestrator.desired_states
        WHERE tenant_id = $1 AND device_id = ANY ($2) ORDER BY device_id FOR UPDATE)
     SELECT device.device_id, device.name, device.site, device.registration_status, held.generation, held.slots,
            report.generation AS reported_generation
       FROM device_manager.public_devices device
       LEFT JOIN held ON held.device_id = device.device_id
       LEFT JOIN bundle_orchestrator.device_reports report
         ON report.tenant_id = device.tenant_id AND report.device_id = device.device_id
      WHERE device.tenant_id = $1 AND device.device_id = ANY ($2)
      ORDER BY device.device_id`,
    [tenantId, deviceIds],
  );
  return rows.map((row) => ({
    deviceId: row.device_id,
    name: row.name,
    site: row.site,
    approved: row.registration_status === 'approved',
    generation: row.generation ?? 0,
    reportedGeneration: row.reported_generation ?? 0,
    slots: row.slots ?? [],
  }));
};

const dateOf = (atMs: number | null): Date | null => (atMs === null ? null : new Date(atMs));

/** False when another change came first for one of them: undo all of it and begin again. */
export const writeDesired = async (
  sql: Sql,
  tenantId: string,
  states: readonly NewDesired[],
  issuedAt: string,
): Promise<boolean> => {
  const { rows } = await sql.query<{ written: number }>(
    `WITH new AS (
       SELECT * FROM unnest($2::uuid[], $3::bigint[], $4::bigint[], $5::jsonb[], $6::bytea[],
                $8::timestamptz[])
         AS new (device_id, expected, generation, slots, envelope, windows_due_at)),
     updated AS (
       UPDATE bundle_orchestrator.desired_states present
          SET generation = new.generation, slots = new.slots, envelope = new.envelope,
              issued_at = $7, windows_due_at = new.windows_due_at
         FROM new
        -- By their ids, too: as a join alone it may read the states of all the tenant's devices.
        WHERE present.tenant_id = $1 AND present.device_id = ANY ($2)
          AND present.device_id = new.device_id
          AND present.generation = new.expected AND new.expected > 0
       RETURNING 1),
     inserted AS (
       INSERT INTO bundle_orchestrator.desired_states
         (tenant_id, device_id, generation, slots, envelope, issued_at, windows_due_at)
       SELECT $1, device_id, generation, slots, envelope, $7, windows_due_at FROM new WHERE expected = 0
       ON CONFLICT DO NOTHING RETURNING 1)
     SELECT (SELECT count(*) FROM updated) + (SELECT count(*) FROM inserted) AS written`,
    [
      tenantId,
      states.map((state) => state.deviceId),
      states.map((state) => state.expected),
      states.map((state) => state.generation),
      states.map((state) => JSON.stringify(state.slots)),
      states.map((state) => Buffer.from(state.envelope)),
      issuedAt,
      states.map(({ slots }) => dateOf(windowsDueAtMs(slots))),
    ],
  );
  return rows[0]?.written === states.length;
};

/** Of any device that ever had one, also when it was removed since. */
export const desiredOf = async (
  sql: Sql,
  tenantId: string,
  deviceId: string,
): Promise<{ generation: number; slots: Slot[] } | null> => {
  const { rows } = await sql.query<{ generation: number; slots: Slot[] }>(
    `SELECT generation, slots FROM bundle_orchestrator.desired_states
      WHERE tenant_id = $1 AND device_id = $2`,
    [tenantId, deviceId],
  );
  return rows[0] ?? null;
};

export type StoredDesired = {
  generation: number;
  slots: Slot[];
  envelope: Buffer;
  issuedAt: string;
};

/** Null for a device that is not the tenant's; `desired` is null while nothing was asked of it. */
export const findDesired = async (
  sql: Sql,
  deviceId: string,
): Promise<{ desired: StoredDesired | null } | null> => {
  const { rows } = await sql.query<{
    generation: number | null;
    slots: Slot[];
    envelope: Buffer;
    issued_at: Date;
  }>(
    `SELECT desired.generation, desired.slots, desired.envelope, desired.issued_at
       FROM device_manager.public_devices device
       LEFT JOIN bundle_orchestrator.desired_states desired
         ON desired.tenant_id = device.tenant_id AND desired.device_id = device.device_id
      WHERE device.device_id = $1 AND device.tenant_id = platform.current_tenant()`,
    [deviceId],
  );
  const row = rows[0];
  if (row === undefined) return null;
  if (row.generation === null) return { desired: null };
  const { generation, slots, envelope } = row;
  return { desired: { generation, slots, envelope, issuedAt: row.issued_at.toISOString() } };
};
