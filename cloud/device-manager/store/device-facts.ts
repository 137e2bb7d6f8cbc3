/** What a query may ask of one device, as the database has it (texts in its own lower case). */

import type { DeviceFacts } from '@signalbeam/platform/core/tag-query-match';
import type { Sql } from '@signalbeam/platform/postgres/pool';

type FactsRow = {
  status: DeviceFacts['registrationStatus'];
  presence: 'online' | 'offline' | null;
  last_seen_at: Date | null;
  score: number | null;
  name: string;
  site: string;
  tags: [key: string, value: string][];
  bundles: [name: string, version: string][];
};

export const readFacts = async (sql: Sql, deviceId: string): Promise<DeviceFacts | null> => {
  const { rows } = await sql.query<FactsRow>(
    `SELECT d.status, p.presence, p.last_seen_at, h.score, lower(d.name) AS name, d.site,
            (SELECT coalesce(jsonb_agg(jsonb_build_array(key, value)), '[]')
               FROM device_manager.device_tags WHERE device_id = d.id) AS tags,
            (SELECT coalesce(jsonb_agg(jsonb_build_array(bundle_name, version)), '[]')
               FROM bundle_orchestrator.public_device_bundles b
              WHERE b.device_id = d.id AND b.tenant_id = d.tenant_id) AS bundles
       FROM device_manager.devices d
       LEFT JOIN telemetry.public_presence p ON p.device_id = d.id AND p.tenant_id = d.tenant_id
       LEFT JOIN telemetry.public_device_health h
         ON h.device_id = d.id AND h.tenant_id = d.tenant_id
      WHERE d.id = $1 AND d.deleted_at IS NULL`,
    [deviceId],
  );
  const [row] = rows;
  if (row === undefined) return null;
  return {
    registrationStatus: row.status,
    presence: row.presence ?? 'never',
    name: row.name,
    site: row.site,
    tags: row.tags.map(([key, value]) => ({ key, value })),
    bundles: row.bundles.map(([name, version]) => ({ name, version })),
    lastSeenAtMs: row.last_seen_at?.getTime() ?? null,
    healthScore: row.score,
  };
};
