/**
 * Sites as rows. They come by themselves with the first token or device (a trigger sees to it), or by
 * hand before. A site that devices are at can't be deleted, also not while one is just being written.
 */
import type { Sql } from '@signalbeam/platform/postgres/pool';
import type { When } from '@signalbeam/platform/schedule/windows';
import { countedRows } from './fleet-counts.ts';

export type Site = {
  name: string;
  title: string;
  devices: number;
  pending: number;
  createdAt: Date;
  windows: When[];
};

type SiteRow = {
  name: string;
  title: string;
  devices: number;
  pending: number;
  created_at: Date;
  windows: When[];
};

/** Counted for the sites of the page alone. */
const counted = (page: string): string => `
  SELECT s.name, s.title, s.created_at, s.windows, c.devices, c.pending
    FROM (${page}) s
    CROSS JOIN LATERAL (
      SELECT coalesce(sum(devices), 0)::bigint AS devices,
             coalesce(sum(devices) FILTER (WHERE status = 'pending'), 0)::bigint AS pending
        FROM (${countedRows('device', 'site = s.name')}) counted
    ) c
   ORDER BY s.name`;

const siteOf = (row: SiteRow): Site => ({
  name: row.name,
  title: row.title,
  devices: row.devices,
  pending: row.pending,
  createdAt: row.created_at,
  windows: row.windows,
});

export const listSites = async (
  sql: Sql,
  page: { after: string; limit: number },
): Promise<Site[]> => {
  const { rows } = await sql.query<SiteRow>(
    counted(`SELECT * FROM device_manager.sites
      WHERE tenant_id = platform.current_tenant() AND name > $1 ORDER BY name LIMIT $2`),
    [page.after, page.limit],
  );
  return rows.map(siteOf);
};

export const findSite = async (sql: Sql, name: string): Promise<Site | null> => {
  const { rows } = await sql.query<SiteRow>(
    counted(`SELECT * FROM device_manager.sites
      WHERE tenant_id = platform.current_tenant() AND name = $1`),
    [name],
  );
  return rows[0] === undefined ? null : siteOf(rows[0]);
};

/** False when it is there already. */
export const insertSite = async (
  sql: Sql,
  site: { tenantId: string; name: string; title: string; createdAt: Date },
): Promise<boolean> => {
  const { rowCount } = await sql.query(
    `INSERT INTO device_manager.sites (tenant_id, name, title, created_at)
     VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`,
    [site.tenantId, site.name, site.title, site.createdAt],
  );
  return rowCount === 1;
};

/** Waits for devices that are just being written, and lets none come until the transaction ends. */
export const lockSite = async (
  sql: Sql,
  name: string,
): Promise<{ title: string; windows: When[] } | null> => {
  const { rows } = await sql.query<{ title: string; windows: When[] }>(
    `SELECT title, windows FROM device_manager.sites
      WHERE tenant_id = platform.current_tenant() AND name = $1 FOR UPDATE`,
    [name],
  );
  return rows[0] ?? null;
};

export const retitleSite = async (sql: Sql, name: string, title: string): Promise<void> => {
  await sql.query(
    `UPDATE device_manager.sites SET title = $2
      WHERE tenant_id = platform.current_tenant() AND name = $1`,
    [name, title],
  );
};

export const setSiteWindows = async (
  sql: Sql,
  name: string,
  windows: readonly When[],
): Promise<void> => {
  await sql.query(
    `UPDATE device_manager.sites SET windows = $2
      WHERE tenant_id = platform.current_tenant() AND name = $1`,
    [name, JSON.stringify(windows)],
  );
};

/** Tokens that could still bring a device there. */
export const countOpenTokens = async (sql: Sql, name: string, now: Date): Promise<number> => {
  const { rows } = await sql.query<{ count: number }>(
    `SELECT count(*) FROM device_manager.registration_tokens
      WHERE tenant_id = platform.current_tenant() AND site = $1 AND revoked_at IS NULL
        AND expires_at > $2 AND current_uses < max_uses`,
    [name, now],
  );
  return rows[0]?.count ?? 0;
};

export const deleteSite = async (sql: Sql, name: string): Promise<void> => {
  await sql.query(
    'DELETE FROM device_manager.sites WHERE tenant_id = platform.current_tenant() AND name = $1',
    [name],
  );
};
