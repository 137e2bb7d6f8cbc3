/** What requests read of health, through views of one tenant. `sql` is a client inside `withTenant`. */
import { healthLevels } from '@signalbeam/platform/core/health-level';
import { onlyRow, type Sql } from '@signalbeam/platform/postgres/pool';
import type { Health, Part, PartName } from '../core/health.ts';

type StoredPart = Omit<Part, 'isKnown'> & Partial<Part>;
type StoredParts = Record<PartName, StoredPart>;

export type HealthRow = {
  score: number | null;
  not_heard_since: Date | null;
  parts: Health['parts'];
  judged_at: Date;
};

/** What was judged before that was said counts as known, as it was told then. */
const withIsKnown = (parts: StoredParts): Health['parts'] => {
  const said = (part: StoredPart): Part => ({ isKnown: true, ...part });
  const { freshness, reconciliation, resources, stability } = parts;
  return {
    freshness: said(freshness),
    reconciliation: said(reconciliation),
    resources: said(resources),
    stability: said(stability),
  };
};

export const readHealth = async (sql: Sql, deviceId: string): Promise<HealthRow | null> => {
  const { rows } = await sql.query<Omit<HealthRow, 'parts'> & { parts: StoredParts }>(
    `SELECT score, not_heard_since, parts, judged_at
       FROM telemetry.public_device_health WHERE device_id = $1`,
    [deviceId],
  );
  const [row] = rows;
  return row === undefined ? null : { ...row, parts: withIsKnown(row.parts) };
};

export type HealthSummary = {
  healthy: number;
  degraded: number;
  critical: number;
  silent: number;
  neverHeard: number;
  averageScore: number | null;
};

/** Of all approved devices that the caller sees; one pass over both tables' rows of the tenant. */
export const readHealthSummary = async (sql: Sql): Promise<HealthSummary> =>
  onlyRow(
    await sql.query<HealthSummary>(
      `SELECT count(*) FILTER (WHERE h.score >= $1) AS healthy,
              count(*) FILTER (WHERE h.score >= $2 AND h.score < $1) AS degraded,
              count(*) FILTER (WHERE h.score < $2) AS critical,
              count(*) FILTER (WHERE h.score IS NULL AND h.not_heard_since IS NOT NULL) AS silent,
              count(*) FILTER (WHERE h.score IS NULL AND h.not_heard_since IS NULL) AS "neverHeard",
              round(avg(h.score), 1)::float8 AS "averageScore"
         FROM device_manager.public_devices d
         LEFT JOIN telemetry.public_device_health h ON h.device_id = d.device_id
        WHERE d.registration_status = 'approved'`,
      [healthLevels.healthy, healthLevels.degraded],
    ),
  );
