/** Where a device of the fleet is now. */
import type { Sql } from '@signalbeam/platform/postgres/pool';

/** Its site; null when it is not in the fleet. */
export const placeOf = async (
  sql: Sql,
  tenantId: string,
  deviceId: string,
): Promise<string | null> => {
  const { rows } = await sql.query<{ site: string; isHere: boolean }>(
    `SELECT site, status = 'approved' AND deleted_at IS NULL AS "isHere"
       FROM device_manager.devices
      WHERE tenant_id = $1 AND id = $2`,
    [tenantId, deviceId],
  );
  const [device] = rows;
  return device?.isHere === true ? device.site : null;
};
