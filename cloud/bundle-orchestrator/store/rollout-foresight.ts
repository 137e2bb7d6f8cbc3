/**
 * What a look ahead asks Postgres: how the devices stand, which versions each is known to have, what
 * those are made of, and how long devices took before. A fixed number of statements, whatever the
 * number of devices.
 */
import type { Sql } from '@signalbeam/platform/postgres/pool';
import { artifactHost } from '@signalbeam/sync/core/manifest';
import type { Weighed } from '../core/fetch-size.ts';

/** `bundle version`, as keys of what versions are made of. */
export const versionKey = (bundleId: string, version: string): string => `${bundleId} ${version}`;

/** How a device stands; those that stand alike share one. */
export type DeviceOutlook = {
  presence: 'online' | 'offline' | 'never';
  /** It has told of its bundles at least once. */
  reported: boolean;
  /** It runs the version. */
  runs: boolean;
  /** Keys of versions that run on it, of any bundle. */
  running: string[];
  /** Another rollout of the bundle is at work on it. */
  busyWith: string | null;
  /** Its desired state holds as many bundles as it may, and not this one. */
  isFull: boolean;
  /** Why it said that it waits, such as a technician's hold. */
  waits: string | null;
};

type OutlookRow = DeviceOutlook & { places: number[] };

/** In the order of the ids. Those that stand alike are one row: a hundred thousand take the driver longer than Postgres. */
export const outlookOf = async (
  sql: Sql,
  tenantId: string,
  wish: { bundleId: string; version: string; bundlesMax: number },
  deviceIds: readonly string[],
): Promise<DeviceOutlook[]> => {
  const { rows } = await sql.query<OutlookRow>(
    `SELECT coalesce(presence.presence, 'never') AS presence,
            report.device_id IS NOT NULL AS reported, coalesce(told.runs, false) AS runs,
            coalesce(told.running, '{}') AS running, told.waits, busy.rollout_id AS "busyWith",
            coalesce(jsonb_array_length(desired.slots) >= $5 AND NOT desired.slots @> $6::jsonb, false)
              AS "isFull", json_agg(asked.place) AS places
       FROM unnest($4::uuid[]) WITH ORDINALITY AS asked (device_id, place)
       LEFT JOIN telemetry.public_presence presence
         ON presence.tenant_id = $1 AND presence.device_id = asked.device_id
       LEFT JOIN bundle_orchestrator.device_reports report
         ON report.tenant_id = $1 AND report.device_id = asked.device_id
       LEFT JOIN bundle_orchestrator.desired_states desired
         ON desired.tenant_id = $1 AND desired.device_id = asked.device_id
       LEFT JOIN bundle_orchestrator.rollout_devices busy
         ON busy.tenant_id = $1 AND busy.device_id = asked.device_id AND busy.bundle_id = $2
        AND busy.status IN ('pending', 'in-progress', 'rolling-back')
       LEFT JOIN LATERAL (
         SELECT bool_or(slot ->> 'bundleId' = $2::text AND slot ->> 'version' = $3
                        AND slot ->> 'status' = 'running') AS runs,
                array_agg(concat(slot ->> 'bundleId', ' ', slot ->> 'runningVersion'))
                  FILTER (WHERE slot ->> 'runningVersion' IS NOT NULL) AS running,
                min(slot ->> 'reason') FILTER (WHERE slot ->> 'status' = 'pending') AS waits
           FROM jsonb_array_elements(report.slots) slot) told ON true
      GROUP BY 1, 2, 3, 4, 5, 6, 7`,
    [
      tenantId,
      wish.bundleId,
      wish.version,
      `{${deviceIds.join(',')}}`,
      wish.bundlesMax,
      JSON.stringify([{ bundleId: wish.bundleId }]),
    ],
  );
  const found = new Array<DeviceOutlook>(deviceIds.length);
  for (const { places, ...outlook } of rows) for (const place of places) found[place - 1] = outlook;
  return found;
};

/** Rollouts of the bundle that are looked at for what came before. */
const rolloutsBefore = 3;

/** The version that each had before the newest that it confirmed: its images are kept for going back. */
export const versionsBefore = async (
  sql: Sql,
  tenantId: string,
  bundleId: string,
): Promise<Map<string, string>> => {
  const { rows } = await sql.query<{ device_id: string; version: string }>(
    `SELECT DISTINCT ON (member.device_id) member.device_id, member.previous_slot ->> 'version' AS version
       FROM (SELECT id, created_at FROM bundle_orchestrator.rollouts
              WHERE tenant_id = $1 AND bundle_id = $2
              ORDER BY created_at DESC LIMIT ${rolloutsBefore}) rollout
       JOIN bundle_orchestrator.rollout_devices member
         ON member.tenant_id = $1 AND member.rollout_id = rollout.id
      WHERE member.status = 'succeeded' AND member.previous_slot IS NOT NULL
      ORDER BY member.device_id, rollout.created_at DESC`,
    [tenantId, bundleId],
  );
  return new Map(rows.map((row) => [row.device_id, row.version]));
};

/** Half of the devices took no longer, of the newest rollouts of the bundle; null: none finished. */
export const usualDeviceMs = async (
  sql: Sql,
  tenantId: string,
  bundleId: string,
): Promise<number | null> => {
  const { rows } = await sql.query<{ ms: number | null }>(
    `SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM took) * 1000) AS ms
       FROM (SELECT member.completed_at - member.started_at AS took
               FROM (SELECT id FROM bundle_orchestrator.rollouts
                      WHERE tenant_id = $1 AND bundle_id = $2
                      ORDER BY created_at DESC LIMIT ${rolloutsBefore}) rollout
               CROSS JOIN LATERAL (
                 SELECT completed_at, started_at FROM bundle_orchestrator.rollout_devices
                  WHERE tenant_id = $1 AND rollout_id = rollout.id AND status = 'succeeded'
                    AND completed_at > started_at LIMIT 1000) member) spans`,
    [tenantId, bundleId],
  );
  return rows[0]?.ms ?? null;
};

type PartRow = {
  bundle_id: string;
  version: string;
  image: string;
  digest: string | null;
  size_bytes: number | null;
  platforms: number | null;
};

/** What these versions are made of, by their keys. */
export const weighed = async (
  sql: Sql,
  tenantId: string,
  versions: readonly { bundleId: string; version: string }[],
): Promise<Map<string, Weighed>> => {
  const { rows } = await sql.query<PartRow>(
    `SELECT one.bundle_id, one.version, container ->> 'image' AS image, blob.digest, blob.size_bytes,
            (SELECT max(cardinality(platforms)) FROM bundle_orchestrator.artifacts artifact
              WHERE artifact.tenant_id = $1
                AND artifact.digest = split_part(container ->> 'image', '@', 2)) AS platforms
       FROM unnest($2::uuid[], $3::text[]) AS asked (bundle_id, version)
       JOIN bundle_orchestrator.bundle_versions one
         ON one.tenant_id = $1 AND one.bundle_id = asked.bundle_id AND one.version = asked.version
      CROSS JOIN LATERAL jsonb_array_elements(one.containers) container
       LEFT JOIN bundle_orchestrator.artifact_blobs blob
         ON blob.tenant_id = $1 AND blob.image_digest = split_part(container ->> 'image', '@', 2)
        AND starts_with(container ->> 'image', $4)`,
    [
      tenantId,
      versions.map(({ bundleId }) => bundleId),
      versions.map(({ version }) => version),
      `${artifactHost}/`,
    ],
  );
  const found = new Map<
    string,
    { blobs: Map<string, number>; foreign: Set<string>; several: boolean }
  >();
  for (const row of rows) {
    const key = versionKey(row.bundle_id, row.version);
    const one = found.get(key) ?? { blobs: new Map(), foreign: new Set(), several: false };
    if (row.digest === null) one.foreign.add(row.image);
    else {
      one.blobs.set(row.digest, row.size_bytes ?? 0);
      one.several ||= (row.platforms ?? 1) > 1;
    }
    found.set(key, one);
  }
  return new Map(
    [...found].map(([key, { blobs, foreign, several }]) => [
      key,
      { blobs, foreign: [...foreign], severalPlatforms: several },
    ]),
  );
};
