/**
 * Devices as people see them: with presence (telemetry-processor) and bundles
 * (bundle-orchestrator) joined in one statement through those services' public views.
 * Pages follow the name, so that a page stays the same page while devices come and go.
 */
import type { Sql } from '@signalbeam/platform/postgres/pool';
import type { RegistrationStatus } from '../core/approval.ts';

export type Presence = 'online' | 'offline' | 'never';

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
  fingerprint: string;
  agentVersion: string;
  platform: { os: string; architecture: string; hostname: string };
  createdAt: Date;
  approvedAt: Date | null;
  generation: number | null;
  bundles: DeviceBundle[];
};

export type DeviceFilter = {
  id?: string;
  registrationStatus?: RegistrationStatus;
  presence?: Presence;
  site?: string;
  /** Part of the name, host name, fingerprint or site, in any case. */
  search?: string;
  after?: { name: string; id: string };
  limit: number;
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
  fingerprint: string;
  agent_version: string;
  os: string;
  architecture: string;
  hostname: string;
  created_at: Date;
  decided_at: Date | null;
  generation: number | null;
  bundles: DeviceBundle[];
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
  fingerprint: row.fingerprint,
  agentVersion: row.agent_version,
  platform: { os: row.os, architecture: row.architecture, hostname: row.hostname },
  createdAt: row.created_at,
  approvedAt: row.status === 'approved' ? row.decided_at : null,
  generation: row.generation,
  bundles: row.bundles,
});

/**
 * The page is cut first, then what the other services know is looked up for its devices alone
 * (LATERAL, because Postgres does not push a join into a security barrier view).
 */
const selectedOf = (page: string): string => `
  SELECT d.id, d.name, d.site, d.status, d.status_reason, p.presence, p.last_seen_at,
         r.received_at AS reported_at, d.fingerprint, d.agent_version, d.os, d.architecture, d.hostname, d.created_at,
         d.decided_at, s.generation, s.bundles
    FROM (${page}) d
    LEFT JOIN LATERAL (
      SELECT presence, last_seen_at FROM telemetry.public_presence
       WHERE tenant_id = d.tenant_id AND device_id = d.id
    ) p ON true
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
   ORDER BY lower(d.name), d.id`;

/** `%`, `_` and `\` in what a person types mean themselves. */
const patternOf = (search: string): string =>
  `%${search.toLowerCase().replace(/[\\%_]/g, (letter) => `\\${letter}`)}%`;

/** One row more than `limit` says that there is a next page. Needs a tenant's transaction. */
export const listDevices = async (sql: Sql, filter: DeviceFilter): Promise<DeviceView[]> => {
  const values: unknown[] = [];
  const conditions = ['d.deleted_at IS NULL', 'd.tenant_id = platform.current_tenant()'];
  const add = (value: unknown): string => `$${values.push(value)}`;
  if (filter.id !== undefined) conditions.push(`d.id = ${add(filter.id)}`);
  if (filter.registrationStatus !== undefined) {
    conditions.push(`d.status = ${add(filter.registrationStatus)}`);
  }
  if (filter.presence === 'never') {
    conditions.push('d.id NOT IN (SELECT device_id FROM telemetry.public_presence)');
  } else if (filter.presence !== undefined) {
    const presence = add(filter.presence);
    conditions.push(
      `d.id IN (SELECT device_id FROM telemetry.public_presence WHERE presence = ${presence})`,
    );
  }
  if (filter.site !== undefined) conditions.push(`d.site = ${add(filter.site)}`);
  if (filter.search !== undefined) {
    conditions.push(`d.searched LIKE ${add(patternOf(filter.search))}`);
  }
  if (filter.after !== undefined) {
    const { name, id } = filter.after;
    conditions.push(`(lower(d.name), d.id) > (lower(${add(name)}), ${add(id)}::uuid)`);
  }
  const page = `SELECT d.* FROM device_manager.devices d WHERE ${conditions.join(' AND ')}
    ORDER BY lower(d.name), d.id LIMIT ${add(filter.limit)}`;
  const { rows } = await sql.query<ViewRow>(selectedOf(page), values);
  return rows.map(viewOf);
};

export const viewDevice = async (sql: Sql, id: string): Promise<DeviceView | null> =>
  (await listDevices(sql, { id, limit: 1 }))[0] ?? null;
