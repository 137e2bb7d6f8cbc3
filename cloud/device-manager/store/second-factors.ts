/** Second factors as rows. Reads need a role that sees the person: `sb_api` or `sb_system`. */
import type { Sql } from '@signalbeam/platform/postgres/pool';

export const readTotp = async (
  sql: Sql,
  userId: string,
): Promise<{ sealed: Buffer; confirmed: boolean; step: number } | null> => {
  const { rows } = await sql.query<{ sealed: Buffer | null; at: Date | null; step: number }>(
    `SELECT totp_sealed AS sealed, totp_confirmed_at AS at, totp_step AS step
       FROM device_manager.users WHERE id = $1`,
    [userId],
  );
  const row = rows[0];
  if (row === undefined || row.sealed === null) return null;
  return { sealed: row.sealed, confirmed: row.at !== null, step: row.step };
};

/** A new secret has used no code yet. */
export const writeTotp = async (
  sql: Sql,
  userId: string,
  totp: { sealed?: Buffer; confirmedAt: Date | null },
): Promise<void> => {
  await sql.query(
    `UPDATE device_manager.users
        SET totp_sealed = coalesce($2, totp_sealed), totp_confirmed_at = $3,
            totp_step = CASE WHEN $2::bytea IS NULL THEN totp_step ELSE 0 END
      WHERE id = $1`,
    [userId, totp.sealed ?? null, totp.confirmedAt],
  );
};

/** Takes the second factor from a person; false when there was none. */
export const removeTotp = async (sql: Sql, userId: string): Promise<boolean> => {
  await sql.query('DELETE FROM device_manager.recovery_codes WHERE user_id = $1', [userId]);
  const { rowCount } = await sql.query(
    `UPDATE device_manager.users SET totp_sealed = NULL, totp_confirmed_at = NULL
      WHERE id = $1 AND totp_confirmed_at IS NOT NULL`,
    [userId],
  );
  return rowCount === 1;
};

/** False when somebody was faster with it, or with a later one. */
export const spendTotpStep = async (sql: Sql, userId: string, step: number): Promise<boolean> => {
  const { rowCount } = await sql.query(
    'UPDATE device_manager.users SET totp_step = $2 WHERE id = $1 AND totp_step < $2',
    [userId, step],
  );
  return rowCount === 1;
};

export const writeRecoveryCodes = async (
  sql: Sql,
  codes: { tenantId: string; userId: string; hashes: readonly Buffer[] },
): Promise<void> => {
  const { tenantId, userId, hashes } = codes;
  await sql.query('DELETE FROM device_manager.recovery_codes WHERE user_id = $1', [userId]);
  await sql.query(
    `INSERT INTO device_manager.recovery_codes (tenant_id, user_id, hash)
     SELECT $1, $2, hash FROM unnest($3::bytea[]) AS hash`,
    [tenantId, userId, hashes],
  );
};

export const spendRecoveryCode = async (
  sql: Sql,
  userId: string,
  hash: Buffer,
): Promise<boolean> => {
  const { rowCount } = await sql.query(
    'DELETE FROM device_manager.recovery_codes WHERE user_id = $1 AND hash = $2',
    [userId, hash],
  );
  return rowCount === 1;
};
