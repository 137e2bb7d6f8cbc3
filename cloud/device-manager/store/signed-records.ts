/**
 * The newest signed bytes of each record, and how far each got to the hub. Runs as the background
 * role. `site` is '' for what all sites of a tenant share.
 */
import type { Sql } from '@signalbeam/platform/postgres/pool';

export type SignedRecord = {
  tenantId: string;
  site: string;
  name: string;
  version: number;
  envelope: Buffer;
  issuedAt: Date;
  madeOf?: string;
};

/** Keeps it only when it is newer. */
export const writeSigned = async (sql: Sql, record: SignedRecord): Promise<void> => {
  await sql.query(
    `INSERT INTO device_manager.signed_records AS present
       (tenant_id, site, name, version, envelope, issued_at, made_of)
     VALUES ($1, $2, $3, $4, $5, $6, $7)
     ON CONFLICT (tenant_id, site, name) DO UPDATE
        SET version = excluded.version, envelope = excluded.envelope,
            issued_at = excluded.issued_at, made_of = excluded.made_of
      WHERE present.version < excluded.version`,
    [
      record.tenantId,
      record.site,
      record.name,
      record.version,
      record.envelope,
      record.issuedAt,
      record.madeOf ?? '',
    ],
  );
};

export const readSigned = async (
  sql: Sql,
  at: { tenantId: string; site: string; name: string },
): Promise<Buffer | null> => {
  const { rows } = await sql.query<{ envelope: Buffer }>(
    `SELECT envelope FROM device_manager.signed_records
      WHERE tenant_id = $1 AND site = $2 AND name = $3`,
    [at.tenantId, at.site, at.name],
  );
  return rows[0]?.envelope ?? null;
};

/**
 * Takes roots and key sets over from the platform: the newest under its name, and every root under
 * its number, too, for devices that were away while several followed one another.
 */
export const copyTenantRecords = async (sql: Sql): Promise<number> => {
  const { rowCount } = await sql.query(
    `INSERT INTO device_manager.signed_records AS present
       (tenant_id, site, name, version, envelope, issued_at)
     SELECT tenant_id, '', name, version, envelope, made_at FROM (
       (SELECT DISTINCT ON (tenant_id, name) tenant_id, name, version, envelope, made_at
          FROM platform.tenant_records ORDER BY tenant_id, name, version DESC)
       UNION ALL
       SELECT tenant_id, 'root-' || version, version, envelope, made_at
         FROM platform.tenant_records WHERE name = 'root') made
      WHERE tenant_id IN (SELECT id FROM device_manager.tenants)
        AND NOT EXISTS (
          SELECT 1 FROM device_manager.signed_records copied
           WHERE copied.tenant_id = made.tenant_id AND copied.site = ''
             AND copied.name = made.name AND copied.version >= made.version)
     ON CONFLICT (tenant_id, site, name) DO UPDATE
        SET version = excluded.version, envelope = excluded.envelope, issued_at = excluded.issued_at
      WHERE present.version < excluded.version`,
  );
  return rowCount ?? 0;
};

export type DueSnapshot = {
  tenantId: string;
  site: string;
  version: number;
  madeOf: string;
  root: number;
  keyset: number;
  revocation: number;
  roster: number;
  siteKey: number;
};

type DueRow = {
  tenant_id: string;
  site: string;
  next: number;
  made_of: string;
  root: number;
  keyset: number;
  revocation: number;
  roster: number;
  site_key: number;
};

/** Sites of which a record is newer than their snapshot, or whose snapshot grows old. */
export const dueSnapshots = async (
  sql: Sql,
  olderThan: Date,
  limit: number,
): Promise<DueSnapshot[]> => {
  const { rows } = await sql.query<DueRow>(
    `SELECT * FROM (
       SELECT roster.tenant_id, roster.site, coalesce(snapshot.version, 0) + 1 AS next,
              root.version AS root, keyset.version AS keyset, revocation.version AS revocation,
              roster.version AS roster, site_key.version AS site_key,
              concat_ws('.', root.version, keyset.version, revocation.version, roster.version,
                        site_key.version) AS made_of,
              snapshot.made_of AS had, snapshot.issued_at
         FROM device_manager.signed_records roster
         JOIN device_manager.signed_records site_key
           ON (site_key.tenant_id, site_key.site, site_key.name)
            = (roster.tenant_id, roster.site, 'site-key')
         JOIN device_manager.signed_records revocation
           ON (revocation.tenant_id, revocation.site, revocation.name)
            = (roster.tenant_id, '', 'revocation')
         JOIN device_manager.signed_records keyset
           ON (keyset.tenant_id, keyset.site, keyset.name) = (roster.tenant_id, '', 'keyset')
         JOIN device_manager.signed_records root
           ON (root.tenant_id, root.site, root.name) = (roster.tenant_id, '', 'root')
         LEFT JOIN device_manager.signed_records snapshot
           ON (snapshot.tenant_id, snapshot.site, snapshot.name)
            = (roster.tenant_id, roster.site, 'snapshot')
        WHERE roster.name = 'roster') due
      WHERE due.had IS DISTINCT FROM due.made_of OR due.issued_at < $1 LIMIT $2`,
    [olderThan, limit],
  );
  return rows.map((row) => ({
    tenantId: row.tenant_id,
    site: row.site,
    version: row.next,
    madeOf: row.made_of,
    root: row.root,
    keyset: row.keyset,
    revocation: row.revocation,
    roster: row.roster,
    siteKey: row.site_key,
  }));
};
