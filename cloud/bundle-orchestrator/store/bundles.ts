/**
 * Bundles and their versions in Postgres. Versions are inserted and read, never changed; "latest"
 * is the highest version by semantic order, whenever it was made. What was deleted is not found here;
 * what becomes of bundles after they were made is ./bundle-lives.ts.
 */
import type { Sql } from '@signalbeam/platform/postgres/pool';
import type { ContainerManifest } from '@signalbeam/sync/core/manifest';

/** Why it should not be used any more. */
export type Deprecation = { reason: string; at: string; by: string };

export type Bundle = {
  id: string;
  name: string;
  description: string;
  latestVersion: string | null;
  versionCount: number;
  deprecated: Deprecation | null;
  createdAt: string;
  createdBy: string;
};

export type BundleVersion = {
  bundleId: string;
  version: string;
  containers: ContainerManifest[];
  releaseNotes: string;
  releaseDigest: string;
  deprecated: Deprecation | null;
  createdAt: string;
  createdBy: string;
};

/** What assigning needs to know of a version. */
export type ReleasedVersion = {
  bundleId: string;
  bundleName: string;
  version: string;
  releaseDigest: string;
};

type DeprecationRow = {
  deprecated_at: Date | null;
  deprecated_by: string | null;
  deprecation_reason: string | null;
};
const deprecationOf = (row: DeprecationRow): Deprecation | null =>
  row.deprecated_at === null
    ? null
    : {
        reason: row.deprecation_reason ?? '',
        at: row.deprecated_at.toISOString(),
        by: row.deprecated_by ?? '',
      };

type BundleRow = DeprecationRow & {
  id: string;
  name: string;
  description: string;
  latest_version: string | null;
  version_count: number;
  created_at: Date;
  created_by: string;
};

const bundleOf = (row: BundleRow): Bundle => ({
  id: row.id,
  name: row.name,
  description: row.description,
  latestVersion: row.latest_version,
  versionCount: row.version_count,
  deprecated: deprecationOf(row),
  createdAt: row.created_at.toISOString(),
  createdBy: row.created_by,
});

/** Of the version that `one` is. */
const isThere = `NOT EXISTS (SELECT 1 FROM bundle_orchestrator.version_lives gone
    WHERE gone.tenant_id = one.tenant_id AND gone.bundle_id = one.bundle_id
      AND gone.version = one.version AND gone.deleted_at IS NOT NULL)`;

const bundleColumns = `bundle.id, bundle.name, bundle.description, bundle.created_at,
  bundle.created_by, bundle.deprecated_at, bundle.deprecated_by, bundle.deprecation_reason,
  highest.version AS latest_version,
  (SELECT count(*) FROM bundle_orchestrator.bundle_versions one
    WHERE one.tenant_id = bundle.tenant_id AND one.bundle_id = bundle.id
      AND ${isThere}) AS version_count`;
const withHighest = `bundle_orchestrator.bundles bundle
  LEFT JOIN LATERAL (
    SELECT version FROM bundle_orchestrator.bundle_versions one
     WHERE one.tenant_id = bundle.tenant_id AND one.bundle_id = bundle.id AND ${isThere}
     ORDER BY one.order_key DESC LIMIT 1) highest ON true`;

/** By name, after `after` when given. */
export const listBundles = async (
  sql: Sql,
  page: { limit: number; after: string | null },
): Promise<Bundle[]> => {
  const { rows } = await sql.query<BundleRow>(
    `SELECT ${bundleColumns} FROM ${withHighest}
      WHERE bundle.deleted_at IS NULL AND ($2::text IS NULL OR bundle.name > $2) ORDER BY bundle.name LIMIT $1`,
    [page.limit, page.after],
  );
  return rows.map(bundleOf);
};

export const findBundle = async (sql: Sql, id: string): Promise<Bundle | null> => {
  const { rows } = await sql.query<BundleRow>(
    `SELECT ${bundleColumns} FROM ${withHighest}
      WHERE bundle.id = $1 AND bundle.deleted_at IS NULL`,
    [id],
  );
  return rows[0] === undefined ? null : bundleOf(rows[0]);
};

/** Null when the tenant has a bundle of that name already, or had one that was released. */
export const insertBundle = async (
  sql: Sql,
  bundle: { tenantId: string; name: string; description: string; createdBy: string },
): Promise<Bundle | null> => {
  const { rows } = await sql.query<BundleRow>(
    `INSERT INTO bundle_orchestrator.bundles (tenant_id, name, description, created_by)
     VALUES ($1, $2, $3, $4) ON CONFLICT ON CONSTRAINT bundles_name DO NOTHING
     RETURNING id, name, description, NULL AS latest_version, 0 AS version_count,
               created_at, created_by, deprecated_at, deprecated_by, deprecation_reason`,
    [bundle.tenantId, bundle.name, bundle.description, bundle.createdBy],
  );
  return rows[0] === undefined ? null : bundleOf(rows[0]);
};

export type NewVersion = Omit<BundleVersion, 'deprecated'> & {
  tenantId: string;
  orderKey: string;
  releaseEnvelope: Uint8Array;
};

/** False when the version exists, or did before it was deleted: it is immutable. */
export const insertVersion = async (sql: Sql, version: NewVersion): Promise<boolean> => {
  const { rowCount } = await sql.query(
    `INSERT INTO bundle_orchestrator.bundle_versions
       (tenant_id, bundle_id, version, order_key, containers, release_notes, release_digest,
        release_envelope, created_at, created_by)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
     ON CONFLICT (tenant_id, bundle_id, version) DO NOTHING`,
    [
      version.tenantId,
      version.bundleId,
      version.version,
      version.orderKey,
      JSON.stringify(version.containers),
      version.releaseNotes,
      version.releaseDigest,
      Buffer.from(version.releaseEnvelope),
      version.createdAt,
      version.createdBy,
    ],
  );
  return rowCount === 1;
};

/** A version of before there was an order, or were secrets, says nothing of them. */
type Later = 'dependsOn' | 'secretEnvironment' | 'secretFiles';
type StoredContainer = Omit<ContainerManifest, Later> & Partial<Pick<ContainerManifest, Later>>;

type VersionRow = DeprecationRow & {
  bundle_id: string;
  version: string;
  containers: StoredContainer[];
  release_notes: string;
  release_digest: string;
  created_at: Date;
  created_by: string;
};

const versionOf = (row: VersionRow): BundleVersion => ({
  bundleId: row.bundle_id,
  version: row.version,
  containers: row.containers.map((container) => ({
    ...{ dependsOn: [], secretEnvironment: {}, secretFiles: {} },
    ...container,
  })),
  releaseNotes: row.release_notes,
  releaseDigest: row.release_digest,
  deprecated: deprecationOf(row),
  createdAt: row.created_at.toISOString(),
  createdBy: row.created_by,
});

const versionRows = `SELECT one.bundle_id, one.version, one.containers, one.release_notes, one.release_digest,
    one.created_at, one.created_by, life.deprecated_at, life.deprecated_by, life.deprecation_reason
  FROM bundle_orchestrator.bundle_versions one
  LEFT JOIN bundle_orchestrator.version_lives life
    ON life.tenant_id = one.tenant_id AND life.bundle_id = one.bundle_id AND life.version = one.version
 WHERE one.bundle_id = $1 AND life.deleted_at IS NULL`;

/** Highest first, below `below` (an order key) when given. */
export const listVersions = async (
  sql: Sql,
  bundleId: string,
  page: { limit: number; below: string | null },
): Promise<BundleVersion[]> => {
  const { rows } = await sql.query<VersionRow>(
    `${versionRows} AND ($3::text IS NULL OR one.order_key < $3 COLLATE "C")
      ORDER BY one.order_key DESC LIMIT $2`,
    [bundleId, page.limit, page.below],
  );
  return rows.map(versionOf);
};

export const findVersion = async (
  sql: Sql,
  bundleId: string,
  version: string,
): Promise<BundleVersion | null> => {
  const { rows } = await sql.query<VersionRow>(`${versionRows} AND one.version = $2`, [
    bundleId,
    version,
  ]);
  return rows[0] === undefined ? null : versionOf(rows[0]);
};

export const findRelease = async (
  sql: Sql,
  bundleId: string,
  version: string,
): Promise<ReleasedVersion | null> => {
  const { rows } = await sql.query<{ name: string; release_digest: string }>(
    `SELECT bundle.name, released.release_digest
       FROM bundle_orchestrator.bundle_versions released
       JOIN bundle_orchestrator.bundles bundle
         ON bundle.tenant_id = released.tenant_id AND bundle.id = released.bundle_id
      WHERE released.bundle_id = $1 AND released.version = $2`,
    [bundleId, version],
  );
  const row = rows[0];
  return row === undefined
    ? null
    : { bundleId, bundleName: row.name, version, releaseDigest: row.release_digest };
};

/** The signed envelope that a digest names, byte for byte; one of before its key was withdrawn, too. */
export const findEnvelope = async (sql: Sql, digest: string): Promise<Buffer | null> => {
  const { rows } = await sql.query<{ release_envelope: Buffer }>(
    `SELECT release_envelope FROM bundle_orchestrator.bundle_versions WHERE release_digest = $1
     UNION ALL
     SELECT release_envelope FROM bundle_orchestrator.former_releases WHERE release_digest = $1
      LIMIT 1`,
    [digest],
  );
  return rows[0]?.release_envelope ?? null;
};
