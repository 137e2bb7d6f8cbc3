/**
 * Envelopes of released versions and which key signed each, for signing them again: the present
 * ones, those of before, and who still asks for those. What a version says is never touched.
 */
import type { Sql } from '@signalbeam/platform/postgres/pool';

export type SignedRelease = {
  bundleId: string;
  version: string;
  digest: string;
  envelope: Buffer;
};

/** Versions whose signer is none of these, locked until the transaction ends. */
export const releasesByOthers = async (
  sql: Sql,
  tenantId: string,
  trustedKeyIds: readonly string[],
  limit: number,
): Promise<SignedRelease[]> => {
  const { rows } = await sql.query<{
    bundle_id: string;
    version: string;
    release_digest: string;
    release_envelope: Buffer;
  }>(
    `SELECT bundle_id, version, release_digest, release_envelope
       FROM bundle_orchestrator.bundle_versions
      WHERE tenant_id = $1
        AND convert_from(release_envelope, 'UTF8')::jsonb -> 'signatures' -> 0 ->> 'keyid'
            <> ALL ($2)
      ORDER BY bundle_id, version LIMIT $3 FOR UPDATE`,
    [tenantId, trustedKeyIds, limit],
  );
  return rows.map((row) => ({
    bundleId: row.bundle_id,
    version: row.version,
    digest: row.release_digest,
    envelope: row.release_envelope,
  }));
};

/** Puts the new envelope in force and keeps the one of before; rollouts go back to the new one. */
export const replaceEnvelope = async (
  sql: Sql,
  tenantId: string,
  before: SignedRelease,
  after: { digest: string; envelope: Uint8Array; at: Date },
): Promise<void> => {
  const { bundleId, version } = before;
  await sql.query(
    `INSERT INTO bundle_orchestrator.former_releases
       (tenant_id, release_digest, bundle_id, version, release_envelope, replaced_at)
     VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING`,
    [tenantId, before.digest, bundleId, version, before.envelope, after.at],
  );
  await sql.query(
    `UPDATE bundle_orchestrator.bundle_versions SET release_digest = $4, release_envelope = $5
      WHERE tenant_id = $1 AND bundle_id = $2 AND version = $3`,
    [tenantId, bundleId, version, after.digest, Buffer.from(after.envelope)],
  );
  await sql.query(
    `UPDATE bundle_orchestrator.rollout_devices
        SET previous_slot = jsonb_set(previous_slot, '{releaseDigest}', to_jsonb($3::text))
      WHERE tenant_id = $1 AND previous_slot ->> 'releaseDigest' = $2`,
    [tenantId, before.digest, after.digest],
  );
};

/** Devices of which a digest of before is wanted. */
export const devicesOnFormer = async (
  sql: Sql,
  tenantId: string,
  limit: number,
): Promise<string[]> => {
  const { rows } = await sql.query<{ device_id: string }>(
    `SELECT desired.device_id
       FROM bundle_orchestrator.desired_states desired
       JOIN device_manager.public_devices device
         ON device.tenant_id = desired.tenant_id AND device.device_id = desired.device_id
      WHERE desired.tenant_id = $1 AND EXISTS (
        SELECT 1 FROM jsonb_array_elements(desired.slots) slot
          JOIN bundle_orchestrator.former_releases former
            ON former.tenant_id = $1 AND former.release_digest = slot ->> 'releaseDigest')
      ORDER BY desired.device_id LIMIT $2`,
    [tenantId, limit],
  );
  return rows.map((row) => row.device_id);
};

/** Digest of before → the one in force now. */
export const presentDigests = async (
  sql: Sql,
  tenantId: string,
  digests: readonly string[],
): Promise<Map<string, string>> => {
  const { rows } = await sql.query<{ former: string; present: string }>(
    `SELECT former.release_digest AS former, present.release_digest AS present
       FROM bundle_orchestrator.former_releases former
       JOIN bundle_orchestrator.bundle_versions present
         ON (present.tenant_id, present.bundle_id, present.version)
          = (former.tenant_id, former.bundle_id, former.version)
      WHERE former.tenant_id = $1 AND former.release_digest = ANY ($2)`,
    [tenantId, digests],
  );
  return new Map(rows.map(({ former, present }) => [former, present]));
};
