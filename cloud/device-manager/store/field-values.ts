/** Values that a field of devices has in this tenant, for suggestions: a few, by prefix. */
import type { Sql } from '@signalbeam/platform/postgres/pool';
import { escapeLike } from '@signalbeam/platform/postgres/tag-query-sql';

export type SuggestedField = 'site' | 'bundle' | 'version';

const statements: Record<SuggestedField, string> = {
  site: `SELECT name AS value FROM device_manager.sites
          WHERE tenant_id = platform.current_tenant() AND name LIKE $1 ORDER BY name LIMIT $2`,
  // Of the tenant's bundles there are few, of devices that run them many.
  bundle: `SELECT DISTINCT lower(bundle_name) AS value
             FROM bundle_orchestrator.public_bundle_versions
            WHERE tenant_id = platform.current_tenant() AND lower(bundle_name) LIKE $1
            ORDER BY 1 LIMIT $2`,
  version: `SELECT DISTINCT lower(version) AS value
              FROM bundle_orchestrator.public_bundle_versions
             WHERE tenant_id = platform.current_tenant() AND lower(version) LIKE $1
             ORDER BY 1 LIMIT $2`,
};

export const listFieldValues = async (
  sql: Sql,
  field: SuggestedField,
  of: { prefix: string; limit: number },
): Promise<string[]> => {
  const { rows } = await sql.query<{ value: string }>(statements[field], [
    `${escapeLike(of.prefix)}%`,
    of.limit,
  ]);
  return rows.map(({ value }) => value);
};
