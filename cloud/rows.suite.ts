/** Every row of every table, as one hash per table; what moves by itself left out. */
import type { Pool } from '@signalbeam/platform/postgres/pool';

const movesByItself = [
  'platform.domain_events',
  'telemetry.presence',
  'device_manager.memberships',
  'device_manager.signed_records',
  'device_manager.site_keys',
];
export const rowsOf = async (owner: Pool): Promise<Record<string, string>> => {
  const { rows: tables } = await owner.query<{ name: string }>(
    `SELECT schemaname || '.' || tablename AS name FROM pg_tables
      WHERE schemaname IN ('platform', 'device_manager', 'bundle_orchestrator', 'telemetry')`,
  );
  const names = tables.map(({ name }) => name).filter((name) => !movesByItself.includes(name));
  const hashes = names.map(async (name) => {
    const { rows } = await owner.query<{ hash: string }>(
      `SELECT count(*) || coalesce(md5(string_agg(t::text, '' ORDER BY t::text)), '') AS hash FROM ${name} t`,
    );
    return [name, rows[0]?.hash ?? ''] as const;
  });
  return Object.fromEntries(await Promise.all(hashes));
};
