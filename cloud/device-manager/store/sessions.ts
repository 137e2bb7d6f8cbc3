/**
 * Sign-ins in force. The authenticator of the platform reads them through `public_sessions` at
 * every request; here they begin and end.
 */
import { onlyRow, type Sql } from '@signalbeam/platform/postgres/pool';

export const openSession = async (
  sql: Sql,
  session: { tenantId: string; userId: string; expiresAt: Date },
): Promise<string> => {
  const result = await sql.query<{ id: string }>(
    `INSERT INTO device_manager.sessions (tenant_id, user_id, expires_at)
     VALUES ($1, $2, $3) RETURNING id`,
    [session.tenantId, session.userId, session.expiresAt],
  );
  return onlyRow(result).id;
};

export const endSession = async (sql: Sql, sessionId: string): Promise<void> => {
  await sql.query('DELETE FROM device_manager.sessions WHERE id = $1', [sessionId]);
};

export const endSessionsOf = async (sql: Sql, userId: string): Promise<void> => {
  await sql.query('DELETE FROM device_manager.sessions WHERE user_id = $1', [userId]);
};

/** Clears away what has expired; returns how many rows that were. */
export const sweepSessions = async (sql: Sql, now: Date): Promise<number> => {
  const { rowCount } = await sql.query(
    'DELETE FROM device_manager.sessions WHERE expires_at < $1',
    [now],
  );
  return rowCount ?? 0;
};
