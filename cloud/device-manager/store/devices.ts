/**
 * Devices as rows, for changing them: one at a time, under a lock. Reading for people, with what
 * the other services know, is device-list.ts. A deleted device is invisible to everything here.
 */
import type { Sql } from '@signalbeam/platform/postgres/pool';
import type { RegistrationStatus } from '../core/approval.ts';

export type DeviceRecord = {
  id: string;
  tenantId: string;
  name: string;
  site: string;
  status: RegistrationStatus;
  statusReason: string | null;
  publicKey: string;
  fingerprint: string;
  metadata: Record<string, string>;
};

type DeviceRow = {
  id: string;
  tenant_id: string;
  name: string;
  site: string;
  status: RegistrationStatus;
  status_reason: string | null;
  public_key: string;
  fingerprint: string;
  metadata: Record<string, string>;
};

const columns =
  'id, tenant_id, name, site, status, status_reason, public_key, fingerprint, metadata';

const recordOf = (row: DeviceRow): DeviceRecord => ({
  id: row.id,
  tenantId: row.tenant_id,
  name: row.name,
  site: row.site,
  status: row.status,
  statusReason: row.status_reason,
  publicKey: row.public_key,
  fingerprint: row.fingerprint,
  metadata: row.metadata,
});

export type NewDevice = {
  tenantId: string;
  name: string;
  site: string;
  status: RegistrationStatus;
  publicKey: string;
  sealingKey: string;
  fingerprint: string;
  agentVersion: string;
  platform: { os: string; architecture: string; hostname: string };
  registrationTokenId: string;
  createdAt: Date;
  /** Who approved it, when its token did so at once. */
  decidedBy: string | null;
};

/** Null when a device with this key exists already, in whatever tenant. */
export const insertDevice = async (sql: Sql, device: NewDevice): Promise<DeviceRecord | null> => {
  const { rows } = await sql.query<DeviceRow>(
    `INSERT INTO device_manager.devices
       (tenant_id, name, site, status, public_key, sealing_key, fingerprint, agent_version,
        os, architecture, hostname, registration_token_id, created_at, decided_at, decided_by)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13::timestamptz,
             CASE WHEN $14::text IS NULL THEN NULL ELSE $13::timestamptz END, $14)
     ON CONFLICT (public_key) WHERE deleted_at IS NULL DO NOTHING
     RETURNING ${columns}`,
    [
      device.tenantId,
      device.name,
      device.site,
      device.status,
      device.publicKey,
      device.sealingKey,
      device.fingerprint,
      device.agentVersion,
      device.platform.os,
      device.platform.architecture,
      device.platform.hostname,
      device.registrationTokenId,
      device.createdAt,
      device.decidedBy,
    ],
  );
  return rows[0] === undefined ? null : recordOf(rows[0]);
};

export const findDevice = async (sql: Sql, id: string): Promise<DeviceRecord | null> => {
  const { rows } = await sql.query<DeviceRow>(
    `SELECT ${columns} FROM device_manager.devices WHERE id = $1 AND deleted_at IS NULL`,
    [id],
  );
  return rows[0] === undefined ? null : recordOf(rows[0]);
};

export const findDeviceByKey = async (
  sql: Sql,
  publicKey: string,
): Promise<DeviceRecord | null> => {
  const { rows } = await sql.query<DeviceRow>(
    `SELECT ${columns} FROM device_manager.devices
      WHERE public_key = $1 AND deleted_at IS NULL`,
    [publicKey],
  );
  return rows[0] === undefined ? null : recordOf(rows[0]);
};

/** Reads a device and keeps others from changing it until the transaction ends. */
export const lockDevice = async (sql: Sql, id: string): Promise<DeviceRecord | null> => {
  const { rows } = await sql.query<DeviceRow>(
    `SELECT ${columns} FROM device_manager.devices
      WHERE id = $1 AND deleted_at IS NULL FOR UPDATE`,
    [id],
  );
  return rows[0] === undefined ? null : recordOf(rows[0]);
};

/** Several, in one order for everybody, so that two who lock the same never wait for each other. */
export const lockDevices = async (sql: Sql, ids: readonly string[]): Promise<DeviceRecord[]> => {
  const { rows } = await sql.query<DeviceRow>(
    `SELECT ${columns} FROM device_manager.devices
      WHERE id = ANY($1::uuid[]) AND deleted_at IS NULL ORDER BY id FOR UPDATE`,
    [ids],
  );
  return rows.map(recordOf);
};

export const renameDevice = async (sql: Sql, id: string, name: string): Promise<void> => {
  await sql.query('UPDATE device_manager.devices SET name = $2 WHERE id = $1', [id, name]);
};

/** Its credentials of before end with the move. */
export const moveDevice = async (sql: Sql, id: string, site: string, at: Date): Promise<void> => {
  const set = 'UPDATE device_manager.devices SET site = $2, moved_at = $3 WHERE id = $1';
  await sql.query(set, [id, site, at]);
};

export const writeMetadata = async (
  sql: Sql,
  id: string,
  metadata: Record<string, string>,
): Promise<void> => {
  await sql.query('UPDATE device_manager.devices SET metadata = $2 WHERE id = $1', [
    id,
    JSON.stringify(metadata),
  ]);
};

/** Of locked devices. */
export const writeDecisions = async (
  sql: Sql,
  ids: readonly string[],
  decided: { status: RegistrationStatus; reason: string | null; by: string; at: Date },
): Promise<void> => {
  await sql.query(
    `UPDATE device_manager.devices
        SET status = $2, status_reason = $3, decided_by = $4, decided_at = $5
      WHERE id = ANY($1::uuid[])`,
    [ids, decided.status, decided.reason, decided.by, decided.at],
  );
};

/** Takes locked devices out of everything: tags and groups are gone, keys and certificates revoked. */
export const deleteDevices = async (sql: Sql, ids: readonly string[], at: Date): Promise<void> => {
  for (const [statement, values] of [
    ['UPDATE device_manager.devices SET deleted_at = $2 WHERE id = ANY($1::uuid[])', [ids, at]],
    [
      `UPDATE device_manager.api_keys SET revoked_at = $2
        WHERE device_id = ANY($1::uuid[]) AND revoked_at IS NULL`,
      [ids, at],
    ],
    [
      `UPDATE device_manager.device_certificates SET revoked_at = $2, revocation = 'cessation'
        WHERE device_id = ANY($1::uuid[]) AND revoked_at IS NULL`,
      [ids, at],
    ],
    ['DELETE FROM device_manager.device_tags WHERE device_id = ANY($1::uuid[])', [ids]],
    ['DELETE FROM device_manager.group_members WHERE device_id = ANY($1::uuid[])', [ids]],
  ] as const) {
    await sql.query(statement, [...values]);
  }
};
