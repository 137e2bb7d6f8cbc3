/** How a device proved itself, or failed to, as rows of an hour; written by the platform. */
import type { Sql } from '@signalbeam/platform/postgres/pool';

export type Authentication = {
  hour: Date;
  method: string;
  outcome: string;
  attempts: number;
  firstAt: Date;
  lastAt: Date;
  ip: string | null;
  userAgent: string | null;
};
export type AuthenticationPosition = Pick<Authentication, 'hour' | 'method' | 'outcome'>;

type Row = Omit<Authentication, 'firstAt' | 'lastAt' | 'userAgent'> & {
  first_at: Date;
  last_at: Date;
  user_agent: string | null;
};

/** Newest hour first; from the primary key, read backwards. */
export const listAuthentications = async (
  sql: Sql,
  deviceId: string,
  page: { after: AuthenticationPosition | null; limit: number },
): Promise<Authentication[]> => {
  const { after } = page;
  const { rows } = await sql.query<Row>(
    `SELECT hour, method, outcome, attempts, first_at, last_at, ip, user_agent
       FROM device_manager.device_authentications
      WHERE tenant_id = platform.current_tenant() AND device_id = $1
        AND ($2::timestamptz IS NULL OR (hour, method, outcome) < ($2, $3, $4))
      ORDER BY hour DESC, method DESC, outcome DESC LIMIT $5`,
    [...[deviceId, after?.hour ?? null, after?.method ?? null, after?.outcome ?? null], page.limit],
  );
  return rows.map(({ first_at: firstAt, last_at: lastAt, user_agent: userAgent, ...row }) => ({
    ...row,
    firstAt,
    lastAt,
    userAgent,
  }));
};

export const sweepAuthentications = async (sql: Sql, before: Date): Promise<number> => {
  const { rowCount } = await sql.query(
    'DELETE FROM device_manager.device_authentications WHERE hour < $1',
    [before],
  );
  return rowCount ?? 0;
};
