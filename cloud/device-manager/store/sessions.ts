/**
 * Sign-ins in force. The authenticator of the platform reads them through `public_sessions` at
 * every request; here they begin, are renewed and end.
 */
import { onlyRow, type Sql } from '@signalbeam/platform/postgres/pool';
import type { SessionState } from '../core/session.ts';

export type NewSession = {
  tenantId: string;
  userId: string;
  createdAt: Date;
  expiresAt: Date;
  ip: string | null;
  userAgent: string | null;
};

export const openSession = async (sql: Sql, session: NewSession): Promise<string> => {
  const { tenantId, userId, createdAt, expiresAt, ip, userAgent } = session;
  const result = await sql.query<{ id: string }>(
    `INSERT INTO device_manager.sessions
       (tenant_id, user_id, created_at, renewed_at, expires_at, ip, user_agent)
     VALUES ($1, $2, $3, $3, $4, $5, $6) RETURNING id`,
    [tenantId, userId, createdAt, expiresAt, ip, userAgent?.slice(0, 300) ?? null],
  );
  return onlyRow(result).id;
};

/** One renewal after another: of two at once, the second meets the first one's generation. */
export const lockSession = async (
  sql: Sql,
  sessionId: string,
  now: Date,
): Promise<(SessionState & { tenantId: string; userId: string }) | null> => {
  const { rows } = await sql.query<{
    tenant_id: string;
    user_id: string;
    generation: number;
    renewed_at: Date;
    created_at: Date;
  }>(
    `SELECT tenant_id, user_id, generation, renewed_at, created_at FROM device_manager.sessions
      WHERE id = $1 AND expires_at > $2 FOR UPDATE`,
    [sessionId, now],
  );
  const row = rows[0];
  if (row === undefined) return null;
  return {
    tenantId: row.tenant_id,
    userId: row.user_id,
    generation: row.generation,
    renewedAtMs: row.renewed_at.getTime(),
    createdAtMs: row.created_at.getTime(),
  };
};

export const renewSession = async (
  sql: Sql,
  sessionId: string,
  renewal: { generation: number; at: Date; expiresAt: Date; ip: string | null },
): Promise<void> => {
  const { generation, at, expiresAt, ip } = renewal;
  await sql.query(
    `UPDATE device_manager.sessions
        SET generation = $2, renewed_at = $3, expires_at = $4, ip = $5 WHERE id = $1`,
    [sessionId, generation, at, expiresAt, ip],
  );
};

export type ShownSession = {
  id: string;
  createdAt: Date;
  renewedAt: Date;
  expiresAt: Date;
  ip: string | null;
  userAgent: string | null;
};

export const listSessions = async (
  sql: Sql,
  userId: string,
  now: Date,
): Promise<ShownSession[]> => {
  const { rows } = await sql.query<ShownSession>(
    `SELECT id, created_at AS "createdAt", renewed_at AS "renewedAt", expires_at AS "expiresAt", ip,
            user_agent AS "userAgent"
       FROM device_manager.sessions WHERE user_id = $1 AND expires_at > $2
      ORDER BY renewed_at DESC, id LIMIT 100`,
    [userId, now],
  );
  return rows;
};

export const endSession = async (sql: Sql, sessionId: string): Promise<void> => {
  await sql.query('DELETE FROM device_manager.sessions WHERE id = $1', [sessionId]);
};

/** False when this person has no such session. */
export const endSessionOf = async (
  sql: Sql,
  userId: string,
  sessionId: string,
): Promise<boolean> => {
  const { rowCount } = await sql.query(
    'DELETE FROM device_manager.sessions WHERE id = $1 AND user_id = $2',
    [sessionId, userId],
  );
  return rowCount === 1;
};

/** All of a person's, but for one that goes on. */
export const endSessionsOf = async (
  sql: Sql,
  userId: string,
  but: string | null = null,
): Promise<void> => {
  await sql.query(
    'DELETE FROM device_manager.sessions WHERE user_id = $1 AND ($2::uuid IS NULL OR id <> $2)',
    [userId, but],
  );
};

/** Clears away what has expired; returns how many rows that were. */
export const sweepSessions = async (sql: Sql, now: Date): Promise<number> => {
  const { rowCount } = await sql.query(
    'DELETE FROM device_manager.sessions WHERE expires_at < $1',
    [now],
  );
  return rowCount ?? 0;
};
