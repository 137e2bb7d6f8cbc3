/**
 * Whose sign-in a session is, as that person stands now: through a view that device-manager owns.
 * Nothing is cached: who signed out or was disabled is out at once.
 *
 *   device_manager.public_sessions (session_id, expires_at, user_id, tenant_id, email, role, sites,
 *     suspension)
 */
import type { Sql } from '../postgres/pool.ts';

export type SessionUser = {
  userId: string;
  tenantId: string;
  email: string;
  role: 'viewer' | 'operator' | 'admin';
  /** Null: every site. */
  sites: readonly string[] | null;
  /** Why the tenant is suspended; null: it is not. */
  suspension: string | null;
};

export type SessionLookup = (sessionId: string, nowMs: number) => Promise<SessionUser | null>;

/** Over a pool with the role `sb_system`. */
export const createSessionLookup =
  (sql: Sql): SessionLookup =>
  async (sessionId, nowMs) => {
    const { rows } = await sql.query<{
      user_id: string;
      tenant_id: string;
      email: string;
      role: SessionUser['role'];
      sites: string[] | null;
      suspension: string | null;
    }>({
      name: 'session-of-request',
      text: `SELECT user_id, tenant_id, email, role, sites, suspension
               FROM device_manager.public_sessions
              WHERE session_id = $1 AND expires_at > $2`,
      values: [sessionId, new Date(nowMs)],
    });
    const row = rows[0];
    if (row === undefined) return null;
    const { user_id: userId, tenant_id: tenantId, email, role, sites, suspension } = row;
    return { userId, tenantId, email, role, sites, suspension };
  };
