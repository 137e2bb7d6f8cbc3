/** Whether somebody may make links for downloading now: an operator or admin of every site, person or program. */
import { onlyRow, type Sql } from '@signalbeam/platform/postgres/pool';

/** In the tenant that the connection was given. */
export const mayLink = async (sql: Sql, accountId: string): Promise<boolean> => {
  const found = await sql.query<{ may: boolean }>(
    `SELECT EXISTS (
       SELECT 1 FROM device_manager.public_accounts
        WHERE tenant_id = platform.current_tenant() AND account_id = $1 AND suspension IS NULL
          AND role IN ('operator', 'admin') AND sites IS NULL) AS may`,
    [accountId],
  );
  return onlyRow(found).may;
};
