/**
 * Secrets in Postgres as people keep them. Values come and go sealed under the key-encryption key; who
 * opens them is ../secrets/value.ts, and which device holds which is ./secrets-given.ts. Whoever reads secrets to seal them and
 * whoever changes one hold the same lock, so no device keeps a value that was just replaced.
 */
import type { Sql } from '@signalbeam/platform/postgres/pool';

/** For whom: a device's own comes before its site's, and that before the tenant's. */
export type SecretScope =
  | { kind: 'tenant' }
  | { kind: 'site'; site: string }
  | { kind: 'device'; deviceId: string };

export type Secret = {
  id: string;
  name: string;
  scope: SecretScope;
  revision: number;
  /** Devices whose desired state holds it. */
  devices: number;
  /** Of them those that have yet to get its present value. */
  waiting: number;
  createdAt: string;
  createdBy: string;
  changedAt: string;
  changedBy: string;
};

type SecretRow = {
  id: string;
  name: string;
  site: string | null;
  device_id: string | null;
  revision: number;
  devices: number;
  waiting: number;
  created_at: Date;
  created_by: string;
  changed_at: Date;
  changed_by: string;
};

const scopeOf = ({ site, device_id: deviceId }: SecretRow): SecretScope => {
  if (site !== null) return { kind: 'site', site };
  return deviceId === null ? { kind: 'tenant' } : { kind: 'device', deviceId };
};

const secretOf = (row: SecretRow): Secret => ({
  id: row.id,
  name: row.name,
  scope: scopeOf(row),
  revision: row.revision,
  devices: row.devices,
  waiting: row.waiting,
  createdAt: row.created_at.toISOString(),
  createdBy: row.created_by,
  changedAt: row.changed_at.toISOString(),
  changedBy: row.changed_by,
});

const columns = `one.id, one.name, one.site, one.device_id, one.revision, one.created_at,
  one.created_by, one.changed_at, one.changed_by,
  (SELECT count(*)::integer FROM bundle_orchestrator.desired_secrets given
    WHERE given.tenant_id = one.tenant_id AND given.secret_id = one.id) AS devices,
  (SELECT count(*)::integer FROM bundle_orchestrator.desired_secrets given
    WHERE given.tenant_id = one.tenant_id AND given.secret_id = one.id AND given.stale) AS waiting`;

export const placeOf = (scope: SecretScope) => ({
  site: scope.kind === 'site' ? scope.site : null,
  deviceId: scope.kind === 'device' ? scope.deviceId : null,
});

export const secretsLock = `hashtextextended('secrets ' || $1, 0)`;
/** Alone until this transaction ends: nobody seals a value that is about to be replaced. */
export const holdSecretsAlone = (sql: Sql, tenantId: string): Promise<unknown> =>
  sql.query(`SELECT pg_advisory_xact_lock(${secretsLock})`, [tenantId]);

/** By name, after `after`; each name's own values by id. */
export const listSecrets = async (
  sql: Sql,
  page: { limit: number; after: { name: string; id: string } | null },
): Promise<Secret[]> => {
  const { rows } = await sql.query<SecretRow>(
    `SELECT ${columns} FROM bundle_orchestrator.secrets one
      WHERE one.tenant_id = platform.current_tenant()
        AND ($2::text IS NULL OR (one.name, one.id) > ($2, $3::uuid))
      ORDER BY one.name, one.id LIMIT $1`,
    [page.limit, page.after?.name ?? null, page.after?.id ?? null],
  );
  return rows.map(secretOf);
};

export const findSecret = async (sql: Sql, id: string): Promise<Secret | null> => {
  const { rows } = await sql.query<SecretRow>(
    `SELECT ${columns} FROM bundle_orchestrator.secrets one
      WHERE one.tenant_id = platform.current_tenant() AND one.id = $1`,
    [id],
  );
  return rows[0] === undefined ? null : secretOf(rows[0]);
};

export const countSecrets = async (sql: Sql): Promise<number> => {
  const { rows } = await sql.query<{ count: number }>(
    `SELECT count(*)::integer AS count FROM bundle_orchestrator.secrets
      WHERE tenant_id = platform.current_tenant()`,
  );
  return rows[0]?.count ?? 0;
};

export type NewSecret = {
  tenantId: string;
  id: string;
  name: string;
  scope: SecretScope;
  valueSealed: Uint8Array;
  at: Date;
  by: string;
};

/** False when there is one of this name for the same. */
export const insertSecret = async (sql: Sql, secret: NewSecret): Promise<boolean> => {
  const { tenantId, id, name, scope, valueSealed, at, by } = secret;
  const { site, deviceId } = placeOf(scope);
  const { rowCount } = await sql.query(
    `INSERT INTO bundle_orchestrator.secrets
       (tenant_id, id, name, site, device_id, value_sealed, created_at, created_by, changed_at, changed_by)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $7, $8)
     ON CONFLICT ON CONSTRAINT secrets_once DO NOTHING`,
    [tenantId, id, name, site, deviceId, Buffer.from(valueSealed), at, by],
  );
  return rowCount === 1;
};

export const replaceValue = async (
  sql: Sql,
  secret: { tenantId: string; id: string; revision: number; valueSealed: Uint8Array },
  change: { at: Date; by: string },
): Promise<void> => {
  await sql.query(
    `UPDATE bundle_orchestrator.secrets
        SET value_sealed = $4, revision = $3, changed_at = $5, changed_by = $6
      WHERE tenant_id = $1 AND id = $2`,
    [
      ...[secret.tenantId, secret.id, secret.revision],
      ...[Buffer.from(secret.valueSealed), change.at, change.by],
    ],
  );
};

export const deleteSecret = async (sql: Sql, tenantId: string, id: string): Promise<void> => {
  await sql.query('DELETE FROM bundle_orchestrator.secrets WHERE tenant_id = $1 AND id = $2', [
    tenantId,
    id,
  ]);
};

export const isApproved = async (
  sql: Sql,
  tenantId: string,
  deviceId: string,
): Promise<boolean> => {
  const { rowCount } = await sql.query(
    `SELECT 1 FROM device_manager.public_devices
      WHERE tenant_id = $1 AND device_id = $2 AND registration_status = 'approved'`,
    [tenantId, deviceId],
  );
  return rowCount === 1;
};
