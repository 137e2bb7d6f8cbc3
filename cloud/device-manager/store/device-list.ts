/**
 * Devices as people see them: with presence (telemetry-processor) and bundles
 * (bundle-orchestrator) joined in one statement through those services' public views.
 * Pages follow the name, numbers in it as numbers, so that a page stays the same page while devices
 * come and go.
 */

import {
  type HealthLevel,
  type HealthPart,
  levelOf,
  type WorstPart,
  worstPart,
} from '@signalbeam/platform/core/health-level';
import { printTag } from '@signalbeam/platform/core/tag';
import type { Query } from '@signalbeam/platform/core/tag-query';
import { onlyRow, type Sql } from '@signalbeam/platform/postgres/pool';
import type { Removal, Wipe } from '@signalbeam/sync/core/removal';
import type { RegistrationStatus } from '../core/approval.ts';
import { byHealth, type HealthPosition, healthPageSql } from './device-by-health.ts';
import {
  conditionsOf,
  type DeviceFilter,
  type Position,
  type Presence,
  pageSql,
} from './device-filter.ts';

import type { Removed } from './device-lives.ts';
import { countBare, devicesTagged, type ExactTag, exactTag, partsOf } from './exact-tags.ts';
import { countAll, countTagged } from './fleet-counts.ts';

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

/** A device and its place in the list. */
export type ListedDevice = { view: DeviceView; position: Position };

type ViewRow = {
  id: string;
  listed_as: string;
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

/**
 * The page is cut first, then what the other services know is looked up for its devices alone
 * (LATERAL, because Postgres does not push a join into a security barrier view).
 */
const selectedOf = (page: string, order: string): string => `
  SELECT d.id, page.listed_as, d.name, d.site, d.status, d.status_reason, p.presence,
         p.last_seen_at, d.fingerprint, d.agent_version, d.os, d.architecture, d.hostname,
         h.score, h.parts, r.received_at AS reported_at, t.tags, d.metadata, d.created_at, d.decided_at, s.generation, s.bundles,
         d.replaces, d.removal, d.deleted_at, d.wipe, d.wiped_at,
         (SELECT heir.id FROM device_manager.devices heir WHERE heir.replaces = d.id) AS replaced_by
    FROM (${page}) page
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
    ) s ON true
   ORDER BY ${order}`;

const byName = 'page.listed_as, d.id';

/** Of lists as consoles and commands ask for them, and of one device; with the row too many. */
const usualLimits: readonly number[] = [1, 51, 101];

/**
 * Planning it takes longer than reading a page, so what is asked for again and again is planned once for
 * each connection. Only where the plan is the same whatever is asked for; null: planned each time.
 */
const planName = (
  filter: DeviceFilter,
  page: { after?: Position | undefined; limit: number },
): string | null => {
  const { ids, registrationStatus, site, ...more } = filter;
  const isSame =
    Object.keys(more).length === 0 && (registrationStatus ?? 'approved') === 'approved';
  if (!isSame || !usualLimits.includes(page.limit)) return null;
  const shape = [ids, registrationStatus, site, page.after];
  return `device-list-${shape.map((part) => (part === undefined ? 0 : 1)).join('')}-${page.limit}`;
};

/** One row more than a page holds says that there is a next page. Needs a tenant's transaction. */
export const listDevices = async (
  sql: Sql,
  filter: DeviceFilter,
  page: { after?: Position | undefined; limit: number },
  nowMs: number,
): Promise<ListedDevice[]> => {
  const values: unknown[] = [];
  const add = (value: unknown): string => `$${values.push(value)}`;
  const text = selectedOf(pageSql(filter, page, add, nowMs), byName);
  const name = planName(filter, page);
  const { rows } = await sql.query<ViewRow>({ text, values, ...(name === null ? {} : { name }) });
  return rows.map((row) => ({
    view: viewOf(row),
    position: { listedAs: row.listed_as, id: row.id },
  }));
};

/** The worst first; those of which nothing is known at the end, by name. */
export const listDevicesByHealth = async (
  sql: Sql,
  filter: DeviceFilter,
  page: { after?: HealthPosition | undefined; limit: number },
  nowMs: number,
): Promise<{ view: DeviceView; position: HealthPosition }[]> => {
  const values: unknown[] = [];
  const add = (value: unknown): string => `$${values.push(value)}`;
  const text = selectedOf(healthPageSql(filter, page, add, nowMs), byHealth);
  const { rows } = await sql.query<ViewRow>(text, values);
  return rows.map((row) => ({
    view: viewOf(row),
    position: { score: row.score, listedAs: row.listed_as, id: row.id },
  }));
};

/** Only which ones, in the order of the list. */
export const pickDevices = async (
  sql: Sql,
  filter: DeviceFilter,
  page: { after?: Position | undefined; limit: number },
  nowMs: number,
): Promise<Position[]> => {
  const values: unknown[] = [];
  const add = (value: unknown): string => `$${values.push(value)}`;
  const { rows } = await sql.query<{ id: string; listed_as: string }>(
    pageSql(filter, page, add, nowMs),
    values,
  );
  return rows.map((row) => ({ listedAs: row.listed_as, id: row.id }));
};

/** Each one more is a table joined; queries of more are rare, and counted as any other. */
const joinedTagsMax = 5;

/** All but those that have it. Of several it is not told: some devices have more than one of them. */
const countLacking = async (
  sql: Sql,
  [tag, ...others]: readonly ExactTag[],
): Promise<number | null> => {
  if (tag === undefined || others.length > 0) return null;
  const having = await countTagged(sql, tag);
  return having === null ? null : (await countAll(sql, {})) - having;
};

/**
 * Devices by tags that they have and tags that they lack. Null: that is not all that is asked, or the
 * tags alone don't tell.
 */
const countByTags = async (sql: Sql, queries: readonly Query[]): Promise<number | null> => {
  const parts = queries.flatMap(partsOf);
  if (parts.length > joinedTagsMax) return null;
  const has = parts.flatMap((part) => exactTag(part) ?? []);
  const lacks = parts.flatMap((part) => (part.kind === 'not' ? (exactTag(part.part) ?? []) : []));
  if (has.length + lacks.length < parts.length) return null;
  const [first, ...others] = has;
  if (first === undefined) return countLacking(sql, lacks);
  if (others.length + lacks.length === 0) return countTagged(sql, first);
  if ((await countBare(sql, [...has, ...lacks])) > 0) return null;
  const values: unknown[] = [];
  const add = (value: unknown): string => `$${values.push(value)}`;
  const from = devicesTagged({ has, lacks }, add);
  const counted = await sql.query<{ count: number }>(`SELECT count(*) FROM ${from}`, values);
  return onlyRow(counted).count;
};

/** Null: neither the kept counts nor the tags alone tell. */
const knownCount = async (sql: Sql, filter: DeviceFilter): Promise<number | null> => {
  const { registrationStatus: status, site, queries = [], ...more } = filter;
  if (Object.keys(more).length > 0) return null;
  if (queries.length === 0) return countAll(sql, { site, status });
  return site === undefined && status === undefined ? countByTags(sql, queries) : null;
};

export const countDevices = async (
  sql: Sql,
  filter: DeviceFilter,
  nowMs: number,
): Promise<number> => {
  const known = await knownCount(sql, filter);
  if (known !== null) return known;
  const values: unknown[] = [];
  const add = (value: unknown): string => `$${values.push(value)}`;
  const where = conditionsOf(filter, add, nowMs);
  const counted = await sql.query<{ count: number }>(
    `SELECT count(*) FROM device_manager.devices d WHERE ${where}`,
    values,
  );
  return onlyRow(counted).count;
};

export const viewDevice = async (sql: Sql, id: string): Promise<DeviceView | null> =>
  (await listDevices(sql, { ids: [id] }, { limit: 1 }, 0))[0]?.view ?? null;

/** One that was replaced or decommissioned: for its history, and in no list. */
export const viewRemovedDevice = async (sql: Sql, id: string): Promise<DeviceView | null> =>
  (await listDevices(sql, { ids: [id], removed: true }, { limit: 1 }, 0))[0]?.view ?? null;
