/**
 * Whether somebody may make links for downloading now: an operator or admin of every site. A program is asked
 * for by its token: what a revoked one made ends with it.
 */
import { onlyRow, type Sql } from '@signalbeam/platform/postgres/pool';

/** In the tenant that the connection was given. */
export const mayLink = async (sql: Sql, makerId: string): Promise<boolean> => {
  const found = await sql.query<{ may: boolean }>(
    `SELECT EXISTS (
       SELECT 1 FROM device_manager.public_makers
        WHERE tenant_id = platform.current_tenant() AND maker_id = $1 AND suspension IS NULL
          AND role IN ('operator', 'admin') AND sites IS NULL
          AND (account_role IS NULL OR account_role IN ('operator', 'admin'))
          AND (expires_at IS NULL OR expires_at > now())) AS may`,
    [makerId],
  );
  return onlyRow(found).may;
};
