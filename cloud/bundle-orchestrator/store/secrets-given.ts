/**
 * Which devices were given which secret, and which they are to be given: what sealing and whoever
 * changes a secret ask of Postgres.
 */
import type { Sql } from '@signalbeam/platform/postgres/pool';
import { holdSecretsAlone, placeOf, type Secret, secretsLock } from './secrets.ts';

/** Until this transaction ends nobody changes a secret of the tenant. */
const holdSecrets = (sql: Sql, tenantId: string): Promise<unknown> =>
  sql.query(`SELECT pg_advisory_xact_lock_shared(${secretsLock})`, [tenantId]);

export type Spread = { fromMs: number; overMs: number };

/**
 * Devices that use the name and for which it is: their desired state is sealed again. Spread, each has its
 * own moment within that time, which its id and the present value decide: the order is another one with each value.
 */
export const markStale = async (
  sql: Sql,
  tenantId: string,
  { name, scope, revision }: Pick<Secret, 'name' | 'scope'> & { revision?: number },
  spread: Spread | null = null,
): Promise<number> => {
  const { site, deviceId } = placeOf(scope);
  const { rowCount } = await sql.query(
    `UPDATE bundle_orchestrator.desired_secrets given
        SET stale = true,
            due_at = coalesce($5::timestamptz + $6::float8 * interval '1 millisecond'
              * (('x' || left(md5(given.device_id::text || $7::text), 8))::bit(32)::bigint / 4294967296.0), '-infinity')
      WHERE given.tenant_id = $1 AND given.name = $2
        AND ($4::uuid IS NULL OR given.device_id = $4)
        AND ($3::text IS NULL OR EXISTS (
          SELECT 1 FROM device_manager.public_sealing_keys device
           WHERE device.tenant_id = $1 AND device.device_id = given.device_id AND device.site = $3))`,
    [
      ...[tenantId, name, site, deviceId],
      ...[spread === null ? null : new Date(spread.fromMs), spread?.overMs ?? 0, revision ?? 0],
    ],
  );
  return rowCount ?? 0;
};

/**
 * Its site is another one: what it was given may be another one's. In a transaction: whoever seals for
 * its former site at this moment would take the mark away again, so the mark waits for them.
 */
export const markDeviceStale = async (
  sql: Sql,
  tenantId: string,
  deviceId: string,
): Promise<void> => {
  await holdSecretsAlone(sql, tenantId);
  await sql.query(
    `UPDATE bundle_orchestrator.desired_secrets SET stale = true, due_at = '-infinity'
      WHERE tenant_id = $1 AND device_id = $2`,
    [tenantId, deviceId],
  );
};

/** Some devices of one tenant that are to be sealed for again by now, of none `besides`; null when there are none. */
export const someStale = async (
  sql: Sql,
  limit: number,
  besides: readonly string[],
  nowMs: number,
): Promise<{ tenantId: string; deviceIds: string[] } | null> => {
  const { rows } = await sql.query<{ tenant_id: string; device_id: string }>(
    `WITH due AS MATERIALIZED (
       SELECT tenant_id, device_id FROM bundle_orchestrator.desired_secrets
        WHERE stale AND due_at <= $3 AND NOT tenant_id = ANY ($2) ORDER BY due_at LIMIT $1)
     SELECT DISTINCT tenant_id, device_id FROM due
      WHERE tenant_id = (SELECT tenant_id FROM due LIMIT 1) ORDER BY device_id`,
    [limit, besides, new Date(nowMs)],
  );
  const [first] = rows;
  if (first === undefined) return null;
  return { tenantId: first.tenant_id, deviceIds: rows.map((row) => row.device_id) };
};

/** Those of these devices that are still to be sealed for again: another replica may have been faster. */
export const stillStale = async (
  sql: Sql,
  tenantId: string,
  deviceIds: readonly string[],
): Promise<Set<string>> => {
  const { rows } = await sql.query<{ device_id: string }>(
    `SELECT DISTINCT device_id FROM bundle_orchestrator.desired_secrets
      WHERE tenant_id = $1 AND device_id = ANY ($2) AND stale`,
    [tenantId, deviceIds],
  );
  return new Set(rows.map(({ device_id }) => device_id));
};

/** The names of secrets that a version's containers give to variables and files. */
const namedIn =
  '$[*].keyvalue() ? (@.key == "secretEnvironment" || @.key == "secretFiles").value.*';

export type NamedVersion = { bundleId: string; version: string };

/** Of these versions, those whose containers name secrets, with what they name. */
export const secretsOfVersions = async (
  sql: Sql,
  tenantId: string,
  versions: readonly NamedVersion[],
): Promise<(NamedVersion & { names: string[] })[]> => {
  const { rows } = await sql.query<{ bundle_id: string; version: string; names: string[] }>(
    `SELECT one.bundle_id, one.version,
            ARRAY(SELECT DISTINCT named #>> '{}' FROM jsonb_path_query(
                    one.containers, '${namedIn}') AS named ORDER BY 1) AS names
       FROM unnest($2::uuid[], $3::text[]) AS asked (bundle_id, version)
       JOIN bundle_orchestrator.bundle_versions one
         ON one.tenant_id = $1 AND one.bundle_id = asked.bundle_id AND one.version = asked.version
      WHERE jsonb_path_exists(one.containers, '${namedIn}')`,
    [tenantId, versions.map(({ bundleId }) => bundleId), versions.map(({ version }) => version)],
  );
  return rows.map((row) => ({
    bundleId: row.bundle_id,
    version: row.version,
    names: row.names,
  }));
};

/** What a device is to be given; the rest null where there is no secret of the name for it. */
export type ToSeal = {
  deviceId: string;
  name: string;
  sealingKey: string;
  secret: { id: string; revision: number; valueSealed: Buffer } | null;
};

const closest = `LATERAL (
  SELECT one.id, one.revision, one.value_sealed FROM bundle_orchestrator.secrets one
   WHERE one.tenant_id = $1 AND one.name = wanted.name
     AND (one.device_id = device.device_id OR one.site = device.site
          OR (one.site IS NULL AND one.device_id IS NULL))
   ORDER BY one.device_id IS NULL, one.site IS NULL LIMIT 1) chosen`;

/** Held until the transaction ends: see `holdSecretsAlone`. */
export const secretsToSeal = async (
  sql: Sql,
  tenantId: string,
  wanted: readonly { deviceId: string; name: string }[],
): Promise<ToSeal[]> => {
  await holdSecrets(sql, tenantId);
  const { rows } = await sql.query<{
    device_id: string;
    name: string;
    sealing_key: string;
    id: string | null;
    revision: number;
    value_sealed: Buffer;
  }>(
    `SELECT wanted.device_id, wanted.name, device.sealing_key,
            chosen.id, chosen.revision, chosen.value_sealed
       FROM unnest($2::uuid[], $3::text[]) AS wanted (device_id, name)
       JOIN device_manager.public_sealing_keys device
         ON device.tenant_id = $1 AND device.device_id = wanted.device_id
       LEFT JOIN ${closest} ON true`,
    [tenantId, wanted.map(({ deviceId }) => deviceId), wanted.map(({ name }) => name)],
  );
  return rows.map((row) => ({
    deviceId: row.device_id,
    name: row.name,
    sealingKey: row.sealing_key,
    secret:
      row.id === null
        ? null
        : { id: row.id, revision: row.revision, valueSealed: row.value_sealed },
  }));
};

/** Which secrets these devices' desired states hold now, in place of what they held before. */
export const keepGiven = async (
  sql: Sql,
  tenantId: string,
  deviceIds: readonly string[],
  given: readonly { deviceId: string; name: string; secretId: string | null }[],
): Promise<void> => {
  await sql.query(
    `DELETE FROM bundle_orchestrator.desired_secrets
      WHERE tenant_id = $1 AND device_id = ANY ($2)`,
    [tenantId, deviceIds],
  );
  if (given.length === 0) return;
  await sql.query(
    `INSERT INTO bundle_orchestrator.desired_secrets (tenant_id, device_id, name, secret_id)
     SELECT $1, * FROM unnest($2::uuid[], $3::text[], $4::uuid[])`,
    [
      tenantId,
      given.map(({ deviceId }) => deviceId),
      given.map(({ name }) => name),
      given.map(({ secretId }) => secretId),
    ],
  );
};

/** Names that some of these devices would find no secret for, with the first of those devices. */
export const missingSecrets = async (
  sql: Sql,
  tenantId: string,
  deviceIds: readonly string[],
  names: readonly string[],
): Promise<{ name: string; devices: number; first: string[] }[]> => {
  const { rows } = await sql.query<{ name: string; devices: number; first: string[] }>(
    `SELECT wanted.name, count(*)::integer AS devices,
            (array_agg(device.name ORDER BY device.name))[1:3] AS first
       FROM unnest($3::text[]) AS wanted (name)
      CROSS JOIN unnest($2::uuid[]) AS asked (device_id)
       JOIN device_manager.public_sealing_keys device
         ON device.tenant_id = $1 AND device.device_id = asked.device_id
      WHERE NOT EXISTS (
              SELECT 1 FROM bundle_orchestrator.secrets one
               WHERE one.tenant_id = $1 AND one.name = wanted.name
                 AND one.site IS NULL AND one.device_id IS NULL)
        AND NOT EXISTS (
              SELECT 1 FROM bundle_orchestrator.secrets one
               WHERE one.tenant_id = $1 AND one.name = wanted.name
                 AND (one.device_id = device.device_id OR one.site = device.site))
      GROUP BY wanted.name ORDER BY wanted.name`,
    [tenantId, deviceIds, names],
  );
  return rows;
};

/** The agents of these devices that are older than secrets are. */
export const devicesWithoutSecrets = async (
  sql: Sql,
  tenantId: string,
  deviceIds: readonly string[],
): Promise<string[]> => {
  const { rows } = await sql.query<{ name: string }>(
    `SELECT device.name FROM device_manager.public_sealing_keys device
       LEFT JOIN bundle_orchestrator.device_reports report
         ON report.tenant_id = device.tenant_id AND report.device_id = device.device_id
      WHERE device.tenant_id = $1 AND device.device_id = ANY ($2)
        AND coalesce(report.agent_version, device.agent_version) !~ '^(?:0\\.(?:[2-9]|\\d\\d)|[1-9])'
      ORDER BY device.name`,
    [tenantId, deviceIds],
  );
  return rows.map(({ name }) => name);
};

/** A rollout that is at work and whose version names it, or null. */
export const rolloutNaming = async (
  sql: Sql,
  tenantId: string,
  name: string,
): Promise<string | null> => {
  const { rows } = await sql.query<{ id: string }>(
    `SELECT rollout.id FROM bundle_orchestrator.rollouts rollout
       JOIN bundle_orchestrator.bundle_versions one
         ON one.tenant_id = rollout.tenant_id AND one.bundle_id = rollout.bundle_id
        AND one.version = rollout.version
      WHERE rollout.tenant_id = $1 AND rollout.completed_at IS NULL
        AND EXISTS (SELECT 1 FROM jsonb_path_query(one.containers, '${namedIn}') named
                     WHERE named #>> '{}' = $2)
      LIMIT 1`,
    [tenantId, name],
  );
  return rows[0]?.id ?? null;
};

/** Whether every device that holds it would find one of its name without it. */
export const isReplaceable = async (
  sql: Sql,
  tenantId: string,
  secret: Pick<Secret, 'id' | 'name'>,
): Promise<boolean> => {
  const { rows } = await sql.query<{ is: boolean }>(
    `SELECT NOT EXISTS (
       SELECT 1 FROM bundle_orchestrator.desired_secrets given
         JOIN device_manager.public_sealing_keys device
           ON device.tenant_id = given.tenant_id AND device.device_id = given.device_id
        WHERE given.tenant_id = $1 AND given.secret_id = $2
          AND NOT EXISTS (
            SELECT 1 FROM bundle_orchestrator.secrets other
             WHERE other.tenant_id = $1 AND other.name = $3 AND other.id <> $2
               AND (other.device_id = device.device_id OR other.site = device.site
                    OR (other.site IS NULL AND other.device_id IS NULL)))) AS is`,
    [tenantId, secret.id, secret.name],
  );
  return rows[0]?.is === true;
};

/** Of devices that are given nothing any more. */
export const forgetGiven = async (
  sql: Sql,
  tenantId: string,
  deviceIds: readonly string[],
): Promise<void> => {
  if (deviceIds.length > 0) await keepGiven(sql, tenantId, deviceIds, []);
};
