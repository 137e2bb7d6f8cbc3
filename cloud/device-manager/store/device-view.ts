/**
 * Devices as people see them: with presence and health (telemetry-processor) and bundles
 * (bundle-orchestrator) joined in one statement through those services' public views. Which devices a
 * page has is for device-list.ts. Planning this takes longer than carrying it out for a page, and nothing
 * that people ask is in it, so it is planned once for each connection.
 */
import {
  type HealthLevel,
  type HealthPart,
  levelOf,
  type WorstPart,
  worstPart,
} from '@signalbeam/platform/core/health-level';
import { printTag } from '@signalbeam/platform/core/tag';
import type { Sql } from '@signalbeam/platform/postgres/pool';
import type { Removal, Wipe } from '@signalbeam/sync/core/removal';
import type { RegistrationStatus } from '../core/approval.ts';
import type { Presence } from './device-filter.ts';
import type { Removed } from './device-lives.ts';

export type DeviceBundle = { bundleId: string; name: string; version: string; status: string };

export type DeviceView = {
  id: string;
  name: string;
  site: string;
  registrationStatus: RegistrationStatus;
  statusReason: string | null;
  presence: Presence;
  lastSeenAt: Date | null;
  /** When its newest report was received; null before the first. */
  reportedAt: Date | null;
  health: {
    /** Null: nothing is known of it. */
    score: number | null;
    level: HealthLevel;
    /** What costs it most. */
    worst: WorstPart | null;
  };
  fingerprint: string;
  agentVersion: string;
  platform: { os: string; architecture: string; hostname: string };
  tags: string[];
  metadata: Record<string, string>;
  createdAt: Date;
  approvedAt: Date | null;
  generation: number | null;
  bundles: DeviceBundle[];
  /** The device whose place it took. */
  replaces: string | null;
  /** How it was removed; null while it is not. */
  removal: Removed | null;
};

type ViewRow = {
  id: string;
  name: string;
  site: string;
  status: RegistrationStatus;
  status_reason: string | null;
  presence: Presence | null;
  last_seen_at: Date | null;
  reported_at: Date | null;
  score: number | null;
  parts: Record<string, HealthPart> | null;
  fingerprint: string;
  agent_version: string;
  os: string;
  architecture: string;
  hostname: string;
  tags: [key: string, value: string][];
  metadata: Record<string, string>;
  created_at: Date;
  decided_at: Date | null;
  generation: number | null;
  bundles: DeviceBundle[];
  replaces: string | null;
  removal: Removal | null;
  deleted_at: Date | null;
  wipe: Wipe | null;
  wiped_at: Date | null;
  replaced_by: string | null;
};

const removalOf = (row: ViewRow): Removed | null => {
  const { removal, deleted_at: at, wipe, wiped_at: wipedAt, replaced_by: replacedBy } = row;
  return removal === null || at === null ? null : { removal, at, wipe, wipedAt, replacedBy };
};

const viewOf = (row: ViewRow): DeviceView => ({
  id: row.id,
  name: row.name,
  site: row.site,
  registrationStatus: row.status,
  statusReason: row.status_reason,
  presence: row.presence ?? 'never',
  lastSeenAt: row.last_seen_at,
  reportedAt: row.reported_at,
  health: {
    ...{ score: row.score, level: levelOf(row.score) },
    worst: row.parts === null ? null : worstPart(row.parts),
  },
  fingerprint: row.fingerprint,
  agentVersion: row.agent_version,
  platform: { os: row.os, architecture: row.architecture, hostname: row.hostname },
  tags: row.tags.map(([key, value]) => printTag({ key, value })),
  metadata: row.metadata,
  createdAt: row.created_at,
  approvedAt: row.status === 'approved' ? row.decided_at : null,
  generation: row.generation,
  bundles: row.bundles,
  replaces: row.replaces,
  removal: removalOf(row),
});

/** LATERAL, because Postgres does not push a join into a security barrier view. */
const text = `
  SELECT d.id, d.name, d.site, d.status, d.status_reason, p.presence,
         p.last_seen_at, d.fingerprint, d.agent_version, d.os, d.architecture, d.hostname,
         h.score, h.parts, r.received_at AS reported_at, t.tags, d.metadata, d.created_at, d.decided_at, s.generation, s.bundles,
         d.replaces, d.removal, d.deleted_at, d.wipe, d.wiped_at,
         (SELECT heir.id FROM device_manager.devices heir WHERE heir.replaces = d.id) AS replaced_by
    FROM unnest($1::uuid[]) AS page (id)
    JOIN device_manager.devices d ON d.id = page.id
    LEFT JOIN telemetry.public_presence p
      ON p.device_id = d.id AND p.tenant_id = platform.current_tenant()
    LEFT JOIN LATERAL (
      SELECT score, parts FROM telemetry.public_device_health
       WHERE tenant_id = d.tenant_id AND device_id = d.id
    ) h ON true
    LEFT JOIN LATERAL (
      SELECT coalesce(jsonb_agg(jsonb_build_array(key, value) ORDER BY key, value), '[]') AS tags
        FROM device_manager.device_tags WHERE device_id = d.id
    ) t ON true
    LEFT JOIN LATERAL (
      SELECT received_at FROM telemetry.public_reported
       WHERE tenant_id = d.tenant_id AND device_id = d.id
    ) r ON true
    LEFT JOIN LATERAL (
      SELECT max(slot.generation) AS generation,
             coalesce(jsonb_agg(
               jsonb_build_object('bundleId', slot.bundle_id, 'name', slot.bundle_name,
                                  'version', slot.version, 'status', slot.status)
               ORDER BY slot.bundle_name, slot.bundle_id)
               FILTER (WHERE slot.bundle_id IS NOT NULL), '[]') AS bundles
        FROM bundle_orchestrator.public_device_slots slot
       WHERE slot.tenant_id = d.tenant_id AND slot.device_id = d.id
    ) s ON true`;

/** Of those of these devices that the caller sees, by id. Needs a tenant's transaction. */
export const viewsOf = async (
  sql: Sql,
  ids: readonly string[],
): Promise<ReadonlyMap<string, DeviceView>> => {
  if (ids.length === 0) return new Map();
  const { rows } = await sql.query<ViewRow>({ name: 'device-views', text, values: [ids] });
  return new Map(rows.map((row) => [row.id, viewOf(row)]));
};
