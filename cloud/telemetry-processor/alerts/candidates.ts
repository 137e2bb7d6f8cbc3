/**
 * Asks Postgres for what may have to change: devices that are bad and not noted, conditions that are
 * due, got better or worse, and those that nothing watches any more. One statement for each kind of
 * rule and look, over indexes, whatever the number of devices; rows on which nothing is due are not
 * read into the process. What becomes of them is decided in ../core/alert-plan.ts.
 */
import type { Sql } from '@signalbeam/platform/postgres/pool';
import type { Condition, Watched } from '../core/alert-plan.ts';
import { errorWindowMs, type RuleInForce, type RuleType } from '../core/alert-rules.ts';
import type { SiteStanding } from '../core/alert-sites.ts';

/** Of one statement; the rest is seen at the next look, a few seconds later. */
const candidatesMax = 2_000;
/** An older sample says nothing of the present. */
const sampleMsMax = 15 * 60_000;

export type TenantRule = { tenantId: string; rule: RuleInForce };
export type Candidate = Watched & {
  tenantId: string;
  /** Null: no rule watches it any more. */
  tenantRule: TenantRule | null;
  ruleId: string;
  deviceId: string;
  deviceName: string;
  site: string;
  /** What people are told as the beginning. */
  toldSinceMs: number;
};

type Measure = {
  /** Devices that may be bad: `tenant_id, device_id`, given the lowest threshold as $9. */
  suspects: string;
  joins: string;
  /** Of the device `l`, whose presence is `p`; null when nobody knows. */
  value: string;
  since: string;
  toldSince?: string;
};

const sampled = (column: string): Measure => ({
  suspects: `SELECT tenant_id, device_id FROM telemetry.latest_metrics WHERE ${column} >= $9::float8`,
  joins: 'LEFT JOIN telemetry.latest_metrics m ON m.device_id = l.device_id',
  value: `CASE WHEN p.presence = 'online'
                AND m.received_at > $10::timestamptz - interval '${sampleMsMax} milliseconds'
               THEN m.${column} END`,
  since: 'm.received_at',
});

const measures: Record<Exclude<RuleType, 'rollout-failed'>, Measure> = {
  'device-offline': {
    suspects: `SELECT p.tenant_id, p.device_id FROM (SELECT DISTINCT tenant_id FROM rules) t
                 JOIN telemetry.presence p ON p.tenant_id = t.tenant_id
                WHERE p.presence = 'offline' AND $9::float8 > 0`,
    joins: '',
    value: "CASE p.presence WHEN 'offline' THEN 1 WHEN 'online' THEN 0 END",
    since: 'p.changed_at',
    toldSince: 'p.last_seen_at',
  },
  'device-unhealthy': {
    suspects: `SELECT tenant_id, device_id FROM telemetry.reported
                WHERE faults > 0 AND faults >= $9::float8`,
    joins: 'LEFT JOIN telemetry.reported m ON m.device_id = l.device_id',
    value: "CASE WHEN p.presence = 'online' THEN m.faults END",
    since: 'm.received_at',
  },
  'high-error-rate': {
    suspects: 'SELECT tenant_id, device_id FROM errors WHERE count >= $9::float8',
    joins: 'LEFT JOIN errors m ON m.device_id = l.device_id',
    value: "CASE WHEN p.presence = 'online' THEN coalesce(m.count, 0) END",
    since: '$10::timestamptz',
  },
  'high-cpu': sampled('cpu_percent'),
  'high-memory': sampled('memory_percent'),
  'low-disk': sampled('disk_percent'),
  'high-temperature': sampled('temperature_celsius'),
};
export type MeasuredType = keyof typeof measures;
export const measuredTypes = Object.keys(measures) as MeasuredType[];

const errorsCounted = `errors AS (
  SELECT tenant_id, device_id, count(*) AS count FROM telemetry.events
   WHERE severity = 'error'
     AND received_at > $10::timestamptz - interval '${errorWindowMs} milliseconds'
   GROUP BY tenant_id, device_id),`;

const rulesGiven = `rules AS (
  SELECT * FROM unnest($1::uuid[], $2::text[], $3::float8[], $4::float8[], $5::integer[],
                       $6::integer[], $7::text[], $8::text[])
    AS r (tenant_id, rule_id, threshold, clear_below, for_seconds, clear_seconds, site, others))`;

const inScope = `(r.site IS NULL OR r.site = d.site) AND d.site <> ALL (string_to_array(r.others, ','))`;

const statementOf = ({ suspects, joins, value, since, toldSince }: Measure): string => `
  WITH ${suspects.includes('errors') ? errorsCounted : ''} ${rulesGiven},
  looked AS (
    ${suspects}
    UNION
    SELECT c.tenant_id, c.device_id FROM telemetry.alert_conditions c
      JOIN rules r USING (tenant_id, rule_id)),
  known AS (
    SELECT r.*, d.device_id, d.name, d.site AS device_site, ${value} AS value,
           ${since} AS value_since, ${toldSince ?? `coalesce(c.since, ${since})`} AS told_since,
           c.since, c.ok_since, c.alert_id
      FROM looked l
      JOIN rules r ON r.tenant_id = l.tenant_id
      JOIN device_manager.public_devices d
        ON d.device_id = l.device_id AND d.tenant_id = l.tenant_id
       AND d.registration_status = 'approved' AND ${inScope}
      LEFT JOIN telemetry.presence p ON p.device_id = l.device_id
      ${joins}
      LEFT JOIN telemetry.alert_conditions c
        ON c.tenant_id = r.tenant_id AND c.rule_id = r.rule_id AND c.device_id = l.device_id)
  SELECT * FROM known
   WHERE CASE
     WHEN since IS NULL THEN value >= threshold
     WHEN alert_id IS NULL THEN value IS NULL OR value < threshold
       OR since + for_seconds * interval '1 second' <= $10
     WHEN value IS NULL THEN false
     WHEN value >= clear_below THEN ok_since IS NOT NULL
     ELSE ok_since IS NULL OR ok_since + clear_seconds * interval '1 second' <= $10 END
   LIMIT ${candidatesMax}`;

type Row = {
  tenant_id: string;
  rule_id: string;
  device_id: string;
  name: string | null;
  device_site: string | null;
  value: number | null;
  value_since: Date | null;
  told_since: Date | null;
  since: Date | null;
  ok_since: Date | null;
  alert_id: string | null;
};

const conditionOf = ({ since, ok_since, alert_id }: Row): Condition | null =>
  since === null
    ? null
    : { sinceMs: since.getTime(), okSinceMs: ok_since?.getTime() ?? null, alertId: alert_id };

const candidateOf = (row: Row, tenantRule: TenantRule | undefined, nowMs: number): Candidate => ({
  tenantId: row.tenant_id,
  tenantRule: tenantRule ?? null,
  ruleId: row.rule_id,
  rule: tenantRule?.rule ?? { threshold: 1, clearThreshold: 1, forSeconds: 0, clearSeconds: 0 },
  deviceId: row.device_id,
  deviceName: row.name ?? '',
  site: row.device_site ?? '',
  value: row.value === null ? null : Number(row.value),
  valueSinceMs: row.value_since?.getTime() ?? nowMs,
  toldSinceMs: row.told_since?.getTime() ?? nowMs,
  isWatched: tenantRule !== undefined,
  condition: conditionOf(row),
});

const valuesOf = (rules: readonly TenantRule[]): unknown[] => [
  rules.map(({ tenantId }) => tenantId),
  rules.map(({ rule }) => rule.id),
  rules.map(({ rule }) => rule.threshold ?? 1),
  rules.map(({ rule }) => rule.clearThreshold ?? rule.threshold ?? 1),
  rules.map(({ rule }) => rule.forSeconds),
  rules.map(({ rule }) => rule.clearSeconds),
  rules.map(({ rule }) => rule.site),
  rules.map(({ rule }) => rule.exceptSites.join(',')),
];

export const findCandidates = async (
  sql: Sql,
  type: MeasuredType,
  all: readonly TenantRule[],
  nowMs: number,
): Promise<Candidate[]> => {
  const rules = all.filter(({ rule }) => rule.type === type);
  if (rules.length === 0) return [];
  const lowest = rules.reduce((least, { rule }) => Math.min(least, rule.threshold ?? 1), Infinity);
  const { rows } = await sql.query<Row>({
    name: `telemetry-alerts-${type}`,
    text: statementOf(measures[type]),
    values: [...valuesOf(rules), lowest, new Date(nowMs)],
  });
  const byId = new Map(rules.map((each) => [`${each.tenantId} ${each.rule.id}`, each]));
  return rows.map((row) => candidateOf(row, byId.get(`${row.tenant_id} ${row.rule_id}`), nowMs));
};

/** Conditions of devices that are gone or moved, and of rules that are off, deleted or elsewhere. */
export const findUnwatched = async (
  sql: Sql,
  rules: readonly TenantRule[],
  nowMs: number,
): Promise<Candidate[]> => {
  const { rows } = await sql.query<Row>({
    name: 'telemetry-alerts-unwatched',
    text: `WITH ${rulesGiven}
           SELECT c.*, d.name, d.site AS device_site, NULL::float8 AS value,
                  NULL::timestamptz AS value_since, NULL::timestamptz AS told_since
             FROM telemetry.alert_conditions c
             LEFT JOIN rules r ON r.tenant_id = c.tenant_id AND r.rule_id = c.rule_id
             LEFT JOIN device_manager.public_devices d
               ON d.device_id = c.device_id AND d.tenant_id = c.tenant_id
              AND d.registration_status = 'approved' AND ${inScope}
            WHERE d.device_id IS NULL LIMIT ${candidatesMax}`,
    values: valuesOf(rules),
  });
  return rows.map((row) => candidateOf(row, undefined, nowMs));
};

export type TenantSite = { tenantId: string; site: string };

/** How the devices of these sites stand together. */
export const findStandings = async (
  sql: Sql,
  sites: readonly TenantSite[],
  nowMs: number,
): Promise<(TenantSite & SiteStanding)[]> => {
  if (sites.length === 0) return [];
  const { rows } = await sql.query<{
    tenant_id: string;
    site: string;
    heard: number;
    silent: number;
    alone: number;
    alert_id: string | null;
  }>({
    name: 'telemetry-alerts-sites',
    text: `SELECT s.tenant_id, s.site, count(*) AS heard,
                  count(*) FILTER (WHERE p.presence = 'offline' OR p.last_seen_at
                    + p.next_beat_ms * 1.5 * interval '1 millisecond' < $3::timestamptz) AS silent,
                  count(*) FILTER (WHERE EXISTS (
                    SELECT 1 FROM telemetry.alert_conditions c
                      JOIN telemetry.alerts a ON a.id = c.alert_id AND a.type = 'device-offline'
                     WHERE c.tenant_id = s.tenant_id AND c.device_id = d.device_id)) AS alone,
                  (SELECT a.id FROM telemetry.alerts a
                    WHERE a.tenant_id = s.tenant_id AND a.site = s.site
                      AND a.type = 'site-offline' AND a.status <> 'resolved') AS alert_id
             FROM unnest($1::uuid[], $2::text[]) AS s (tenant_id, site)
             JOIN device_manager.public_devices d
               ON d.tenant_id = s.tenant_id AND d.site = s.site
              AND d.registration_status = 'approved'
             JOIN telemetry.presence p ON p.device_id = d.device_id
            GROUP BY s.tenant_id, s.site`,
    values: [sites.map(({ tenantId }) => tenantId), sites.map(({ site }) => site), new Date(nowMs)],
  });
  return rows.map(({ tenant_id, alert_id, ...row }) => ({
    ...row,
    tenantId: tenant_id,
    openAlertId: alert_id,
  }));
};
