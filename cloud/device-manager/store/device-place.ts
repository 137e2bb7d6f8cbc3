/** Where a device of the fleet is now. */
import type { Sql } from '@signalbeam/platform/postgres/pool';

/** Its site, which it does not leave before the transaction is over; null when it is not in the fleet. */
export const holdPlace = async (
  sql: Sql,
  tenantId: string,
  deviceId: string,
): Promise<string | null> => {
  const { rows } = await sql.query<{ site: string; isHere: boolean }>(
    `SELECT site, status = 'approved' AND deleted_at IS NULL AS "isHere"
       FROM device_manager.devices
      WHERE tenant_id = $1 AND id = $2 FOR SHARE`,
    [tenantId, deviceId],
  );
  const [device] = rows;
  return device?.isHere === true ? device.site : null;
};
