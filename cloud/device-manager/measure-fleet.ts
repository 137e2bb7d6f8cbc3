/** The fleet in numbers, for whoever operates the cloud: all tenants together, by state. */
import type { Platform } from '@signalbeam/platform/service';

export const measureFleet = ({ metrics, pools }: Pick<Platform, 'metrics' | 'pools'>): void => {
  const by = async (sql: string): Promise<Record<string, number>> => {
    const { rows } = await pools.system.query<{ state: string; count: number }>(sql);
    return Object.fromEntries(rows.map(({ state, count }) => [state, count]));
  };
  metrics.counted(
    'signalbeam_devices',
    'Devices by where their registration stands',
    'status',
    () =>
      by(`SELECT status AS state, count(*) FROM device_manager.devices
         WHERE deleted_at IS NULL GROUP BY status`),
  );
  metrics.counted(
    'signalbeam_devices_present',
    'Devices by whether they are heard of',
    'presence',
    () => by('SELECT presence AS state, count(*) FROM telemetry.public_presence GROUP BY presence'),
  );
  metrics.counted('signalbeam_tenants', 'Tenants', 'state', () =>
    by(`SELECT 'all' AS state, count(*) FROM device_manager.tenants`),
  );
  metrics.counted('signalbeam_sign_ups', 'Sign-ups of a day by how far they are', 'state', () =>
    by(`SELECT CASE WHEN used_at IS NOT NULL THEN 'confirmed'
                    WHEN mail_due_at IS NULL THEN 'told'
                    WHEN tries = 0 THEN 'new' ELSE 'mail-failing' END AS state, count(*)
          FROM device_manager.sign_ups GROUP BY 1`),
  );
};
