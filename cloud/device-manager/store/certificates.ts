/**
 * Certificates of devices as rows. They are never deleted while the list of revoked ones may have to
 * name them (of a tenant that is deleted their serials stay); the certificate itself is not kept, only what tells it apart.
 */
import type { Issued, Revocation } from '@signalbeam/platform/keys/authority';
import type { Pool, Sql } from '@signalbeam/platform/postgres/pool';
import { eraseTenant } from '@signalbeam/platform/postgres/tenant';

export type Certificate = {
  serial: string;
  fingerprint: string;
  issuedAt: Date;
  expiresAt: Date;
  revokedAt: Date | null;
  revocation: Revocation | null;
};

type Row = {
  serial: string;
  fingerprint: string;
  issued_at: Date;
  expires_at: Date;
  revoked_at: Date | null;
  revocation: Revocation | null;
};

const certificateOf = (row: Row): Certificate => ({
  serial: row.serial,
  fingerprint: row.fingerprint,
  issuedAt: row.issued_at,
  expiresAt: row.expires_at,
  revokedAt: row.revoked_at,
  revocation: row.revocation,
});

/** Of one transaction. */
const withdrawnAtOnce = 10_000;

const columns = 'serial, fingerprint, issued_at, expires_at, revoked_at, revocation';

export const insertCertificate = async (
  sql: Sql,
  of: { tenantId: string; deviceId: string },
  issued: Issued,
): Promise<void> => {
  await sql.query(
    `INSERT INTO device_manager.device_certificates
       (tenant_id, device_id, serial, fingerprint, issued_at, expires_at)
     VALUES ($1, $2, $3, $4, $5, $6)`,
    [
      ...[of.tenantId, of.deviceId, issued.serial, issued.fingerprint],
      ...[issued.issuedAt, issued.expiresAt],
    ],
  );
};

/** The newest hundred of a device. */
export const listCertificates = async (sql: Sql, deviceId: string): Promise<Certificate[]> => {
  const { rows } = await sql.query<Row>(
    `SELECT ${columns} FROM device_manager.device_certificates
      WHERE tenant_id = platform.current_tenant() AND device_id = $1
      ORDER BY issued_at DESC, serial LIMIT 100`,
    [deviceId],
  );
  return rows.map(certificateOf);
};

/** Those in force, newest first; the device's row must be locked by who goes on to change them. */
export const liveCertificates = async (
  sql: Sql,
  deviceId: string,
  now: Date,
): Promise<Certificate[]> => {
  const { rows } = await sql.query<Row>(
    `SELECT ${columns} FROM device_manager.device_certificates
      WHERE device_id = $1 AND revoked_at IS NULL AND expires_at > $2
      ORDER BY issued_at DESC, serial`,
    [deviceId, now],
  );
  return rows.map(certificateOf);
};

/** What became of it: what was done once stays. */
export const revokeCertificate = async (
  sql: Sql,
  of: { deviceId: string; serial: string; reason: Revocation; at: Date },
): Promise<'revoked' | 'unchanged' | 'unknown'> => {
  const { rows } = await sql.query<{ revoked_at: Date | null }>(
    `SELECT revoked_at FROM device_manager.device_certificates
      WHERE serial = $1 AND device_id = $2 FOR UPDATE`,
    [of.serial, of.deviceId],
  );
  if (rows[0] === undefined) return 'unknown';
  if (rows[0].revoked_at !== null) return 'unchanged';
  await sql.query(
    `UPDATE device_manager.device_certificates SET revoked_at = $2, revocation = $3
      WHERE serial = $1`,
    [of.serial, of.at, of.reason],
  );
  return 'revoked';
};

export type StoredList = { number: number; madeOf: string; der: Buffer; nextUpdate: Date };

/** Of all tenants, for the role `sb_system`: those that are revoked and would still be in force. */
export const listRevoked = async (
  sql: Sql,
  now: Date,
): Promise<{ serial: string; at: Date; reason: Revocation }[]> => {
  const { rows } = await sql.query<{ serial: string; revoked_at: Date; revocation: Revocation }>(
    `SELECT serial, revoked_at, revocation FROM device_manager.device_certificates
      WHERE revoked_at IS NOT NULL AND expires_at > $1
     UNION ALL
     SELECT serial, revoked_at, 'cessation' FROM device_manager.withdrawn_certificates
      WHERE expires_at > $1
        AND serial NOT IN (SELECT serial FROM device_manager.device_certificates
                            WHERE revoked_at IS NOT NULL)
      ORDER BY revoked_at, serial`,
    [now],
  );
  return rows.map((row) => ({ serial: row.serial, at: row.revoked_at, reason: row.revocation }));
};

/** Of a tenant that is deleted: revoked until they end, by the serial alone. */
export const withdrawCertificates = async (
  eraser: Pool,
  tenantId: string,
  at: Date,
): Promise<void> => {
  for (let after: string | null = ''; after !== null; ) {
    const { rows } = await eraseTenant(eraser, tenantId, (sql) =>
      sql.query<{ last: string | null }>(
        `WITH batch AS (
           SELECT serial, coalesce(revoked_at, $2) AS revoked_at, expires_at
             FROM device_manager.device_certificates
            WHERE tenant_id = $1 AND expires_at > $2 AND serial > $3
            ORDER BY serial LIMIT ${withdrawnAtOnce}),
         put AS (
           INSERT INTO device_manager.withdrawn_certificates (serial, revoked_at, expires_at)
           SELECT serial, revoked_at, expires_at FROM batch ON CONFLICT DO NOTHING)
         SELECT max(serial) AS last FROM batch`,
        [tenantId, at, after],
      ),
    );
    after = rows[0]?.last ?? null;
  }
};

/** Answers how many ended. */
export const sweepWithdrawn = async (sql: Sql, now: Date): Promise<number> => {
  const { rowCount } = await sql.query(
    'DELETE FROM device_manager.withdrawn_certificates WHERE expires_at <= $1',
    [now],
  );
  return rowCount ?? 0;
};

export const readList = async (sql: Sql): Promise<StoredList | null> => {
  const { rows } = await sql.query<{
    number: number;
    made_of: string;
    der: Buffer;
    next_update: Date;
  }>('SELECT number, made_of, der, next_update FROM device_manager.certificate_revocation_list');
  const [row] = rows;
  if (row === undefined) return null;
  return { number: row.number, madeOf: row.made_of, der: row.der, nextUpdate: row.next_update };
};

/** False when another replica was faster: its list has this number. */
export const writeList = async (sql: Sql, list: StoredList, madeAt: Date): Promise<boolean> => {
  const { rowCount } = await sql.query(
    `INSERT INTO device_manager.certificate_revocation_list AS present
       (number, made_of, der, made_at, next_update) VALUES ($1, $2, $3, $4, $5)
     ON CONFLICT (id) DO UPDATE SET number = excluded.number, made_of = excluded.made_of,
       der = excluded.der, made_at = excluded.made_at, next_update = excluded.next_update
      WHERE present.number < excluded.number`,
    [list.number, list.madeOf, list.der, madeAt, list.nextUpdate],
  );
  return rowCount === 1;
};
