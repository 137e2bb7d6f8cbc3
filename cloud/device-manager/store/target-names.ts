/**
 * What the targets of a page of the audit log are called now: lines keep `device:<id>`, people know
 * names. Those that are gone and left no row have none. `sql` is a client inside `withTenant`.
 */
import type { Sql } from '@signalbeam/platform/postgres/pool';

/** Ids are looked up by their own kind alone, so a line that names no id costs nothing. */
const lookups = new Map([
  ['device', 'SELECT id, name FROM device_manager.devices WHERE'],
  ['group', 'SELECT id, name FROM device_manager.groups WHERE'],
  ['user', 'SELECT id, email AS name FROM device_manager.users WHERE'],
  ['service-account', 'SELECT id, name FROM device_manager.service_accounts WHERE'],
  ['bundle', `SELECT id, name FROM bundle_orchestrator.public_names WHERE kind = 'bundle' AND`],
  ['rollout', `SELECT id, name FROM bundle_orchestrator.public_names WHERE kind = 'rollout' AND`],
]);
const target = /^([a-z-]+):([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/;

/** By target. One statement for all of them; a page has at most 200. */
export const readTargetNames = async (
  sql: Sql,
  targets: readonly string[],
): Promise<ReadonlyMap<string, string>> => {
  const idsOf = new Map<string, Set<string>>();
  for (const each of targets) {
    const [, kind = '', id = ''] = target.exec(each) ?? [];
    if (lookups.has(kind)) idsOf.set(kind, (idsOf.get(kind) ?? new Set()).add(id));
  }
  if (idsOf.size === 0) return new Map();
  const parts = [...idsOf.keys()].map(
    (kind, place) => `SELECT '${kind}:' || id AS target, name FROM (
       ${lookups.get(kind)} tenant_id = platform.current_tenant() AND id = ANY ($${place + 1}::uuid[])) AS named`,
  );
  const { rows } = await sql.query<{ target: string; name: string }>(
    parts.join(' UNION ALL '),
    [...idsOf.values()].map((ids) => [...ids]),
  );
  return new Map(rows.map(({ target: of, name }) => [of, name]));
};
