/**
 * Asks Postgres for what may have to change: devices that are bad and not noted, conditions that are
 * due, got better or worse, and those that nothing watches any more. One statement for each kind of
 * rule and look (two where some rules ask for less than an index holds, and one for the samples of
 * who is bad, ./by-samples.ts), over indexes, whatever the number of devices; rows on which nothing is due are not read into the process. What becomes of them
 * is decided in ../core/alert-plan.ts.
 */
import type { Sql } from '@signalbeam/platform/postgres/pool';
import { sampleHoldMs } from '@signalbeam/sync/core/limits';
import type { Condition, Watched } from '../core/alert-plan.ts';
import { errorWindowMs, levelsOf, type RuleType } from '../core/alert-rules.ts';
import type { SiteStanding } from '../core/alert-sites.ts';
import { judgeBySamples } from './by-samples.ts';
import { type CompiledScopes, compileScopes, partsOf, type TenantRule } from './rule-scopes.ts';

/** Of one statement; the rest is seen at the next look, a few seconds later. */
const candidatesMax = 2_000;
/** An older sample says nothing of the present. */
const sampleMsMax = sampleHoldMs + 5 * 60_000;

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
  /** From this value on a device is in an index; whoever asks for less reads all devices. */
  indexedFrom?: number;
  /** Devices that may be bad: `tenant_id, device_id`, given the lowest threshold as $11. */
  suspects: (isIndexed: boolean) => string;
  /** What is measured of the device `l`, as `m`. */
  join: string;
  /** Of the device `l`, whose presence is `p`; null when nobody knows. */
  value: string;
  since: string;
  /** Until when it is known to be so; left out: now. */
  until?: string;
  /** Its column of the samples, which say how long it has been so. */
  column?: SampledColumn;
  toldSince?: string;
};

// One device at a time: joined at once the planner reads whole tables for a few devices that are bad.
const oneOf = (table: string, name: string): string =>
  `LEFT JOIN LATERAL (SELECT * FROM ${table} t WHERE t.device_id = l.device_id OFFSET 0) ${name} ON true`;

/** By 0324. */
const indexedFrom = {
  cpu_percent: 80,
  memory_percent: 80,
  disk_percent: 80,
  temperature_celsius: 70,
} as const;

export type SampledColumn = keyof typeof indexedFrom;

const sampled = (column: SampledColumn): Measure => ({
  indexedFrom: indexedFrom[column],
  suspects: (isIndexed) => `SELECT tenant_id, device_id FROM telemetry.latest_metrics
    WHERE ${column} >= $11::float8 ${isIndexed ? `AND ${column}_is_high` : ''}`,
  join: oneOf('telemetry.latest_metrics', 'm'),
  value: `CASE WHEN p.presence = 'online'
                AND m.received_at > $12::timestamptz - interval '${sampleMsMax} milliseconds'
               THEN m.${column} END`,
  since: 'm.received_at',
  until: 'm.received_at',
  column,
});

const measures: Record<Exclude<RuleType, 'rollout-failed'>, Measure> = {
  'device-offline': {
    suspects: () => `SELECT p.tenant_id, p.device_id
                 FROM (SELECT DISTINCT tenant_id FROM rules) t
                 JOIN telemetry.presence p ON p.tenant_id = t.tenant_id
                WHERE p.presence = 'offline' AND $11::float8 > 0`,
    join: '',
    value: "CASE p.presence WHEN 'offline' THEN 1 WHEN 'online' THEN 0 END",
    since: 'p.changed_at',
    toldSince: 'p.last_seen_at',
  },
  'device-unhealthy': {
    suspects: () => `SELECT tenant_id, device_id FROM telemetry.reported
                WHERE faults > 0 AND faults >= $11::float8`,
    join: oneOf('telemetry.reported', 'm'),
    value: "CASE WHEN p.presence = 'online' THEN m.faults END",
    since: 'm.received_at',
  },
  'high-error-rate': {
    suspects: () => 'SELECT tenant_id, device_id FROM errors WHERE count >= $11::float8',
    join: 'LEFT JOIN errors m ON m.device_id = l.device_id',
    value: "CASE WHEN p.presence = 'online' THEN coalesce(m.count, 0) END",
    since: '$12::timestamptz',
  },
  'high-cpu': sampled('cpu_percent'),
  'high-memory': sampled('memory_percent'),
  'low-disk': sampled('disk_percent'),
  'low-battery': {
    indexedFrom: 50,
    suspects: (isIndexed) => `SELECT tenant_id, device_id FROM telemetry.reported
      WHERE battery_used_percent >= $11::float8 ${isIndexed ? 'AND battery_used_percent >= 50' : ''}`,
    join: oneOf('telemetry.reported', 'm'),
    value: "CASE WHEN p.presence = 'online' THEN m.battery_used_percent END",
    since: 'm.received_at',
  },
  'high-temperature': sampled('temperature_celsius'),
};
export type MeasuredType = keyof typeof measures;
export const measuredTypes = Object.keys(measures) as MeasuredType[];

const errorsCounted = `errors AS (
  SELECT tenant_id, device_id, count(*) AS count FROM telemetry.events
   WHERE severity = 'error'
     AND received_at > $12::timestamptz - interval '${errorWindowMs} milliseconds'
   GROUP BY tenant_id, device_id),`;

const rulesGiven = `rules AS (
  SELECT * FROM unnest($1::uuid[], $2::text[], $3::float8[], $4::float8[], $5::integer[],
                       $6::integer[], $7::text[], $8::text[], $9::integer[], $10::text[])
    AS r (tenant_id, rule_id, threshold, clear_below, for_seconds, clear_seconds, site, others,
          own, excepts))`;

/** The device of `l` where the rule `r` watches it. */
const inScope = (r: string, { holds }: CompiledScopes): string => `LATERAL (
  SELECT d.name, d.site AS device_site FROM device_manager.public_devices d
   WHERE d.device_id = l.device_id AND d.tenant_id = l.tenant_id
     AND d.registration_status = 'approved' AND (${r}.site IS NULL OR ${r}.site = d.site)
     AND d.site <> ALL (string_to_array(${r}.others, ','))
     AND ${holds(r)} OFFSET 0) d`;

const statementOf = (
  { suspects, join, value, since, until, toldSince }: Measure,
  isIndexed: boolean,
  scopes: CompiledScopes,
): string => `
  WITH ${join.includes('errors') ? errorsCounted : ''} ${rulesGiven},
  looked AS (
    SELECT r.*, s.device_id, NULL::timestamptz AS since, NULL::timestamptz AS ok_since,
           NULL::uuid AS alert_id
      FROM (${suspects(isIndexed)}) s
      JOIN (SELECT tenant_id, array_agg(rule_id) AS ids FROM rules GROUP BY tenant_id) kin
        ON kin.tenant_id = s.tenant_id
      -- Noted under one of them it is looked at by that one alone: another begins when that has let it go.
      LEFT JOIN LATERAL (
        SELECT true AS is_noted FROM telemetry.alert_conditions c
         WHERE c.tenant_id = s.tenant_id AND c.rule_id = ANY (kin.ids)
           AND c.device_id = s.device_id LIMIT 1) noted ON true
      JOIN rules r ON r.tenant_id = s.tenant_id
     WHERE noted.is_noted IS NULL
    UNION ALL
    SELECT r.*, c.device_id, c.since, c.ok_since, c.alert_id
      FROM rules r JOIN telemetry.alert_conditions c USING (tenant_id, rule_id)),
  known AS (
    SELECT l.*, ${value} AS value, ${since} AS value_since, ${until ?? '$12::timestamptz'} AS known_until,
           ${toldSince ?? `coalesce(l.since, ${since})`} AS told_since
      FROM looked l ${oneOf('telemetry.presence', 'p')} ${join})
  SELECT l.*, d.* FROM known l CROSS JOIN ${inScope('l', scopes)}
   WHERE CASE
     WHEN since IS NULL THEN value >= threshold
     WHEN alert_id IS NULL THEN value IS NULL OR value < threshold
       OR since + for_seconds * interval '1 second' <= known_until
     WHEN value IS NULL THEN false
     WHEN value >= clear_below THEN ok_since IS NOT NULL
     ELSE ok_since IS NULL OR ok_since + clear_seconds * interval '1 second' <= $12 END
   LIMIT ${candidatesMax}`;

type Row = {
  tenant_id: string;
  rule_id: string;
  device_id: string;
  name: string | null;
  device_site: string | null;
  value: number | null;
  value_since: Date | null;
  known_until: Date | null;
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
  rule:
    tenantRule === undefined
      ? { threshold: 1, clearThreshold: 1, forSeconds: 0, clearSeconds: 0 }
      : levelsOf(tenantRule.rule),
  deviceId: row.device_id,
  deviceName: row.name ?? '',
  site: row.device_site ?? '',
  value: row.value === null ? null : Number(row.value),
  valueSinceMs: row.value_since?.getTime() ?? nowMs,
  knownUntilMs: row.known_until?.getTime() ?? nowMs,
  wellAtMs: null,
  toldSinceMs: row.told_since?.getTime() ?? nowMs,
  isWatched: tenantRule !== undefined,
  condition: conditionOf(row),
});

/** What every statement is given first, whatever it asks. */
const rulesAsValues = (rules: readonly TenantRule[], scopes: CompiledScopes): unknown[] => [
  rules.map(({ tenantId }) => tenantId),
  rules.map(({ rule }) => rule.id),
  rules.map(({ rule }) => levelsOf(rule).threshold ?? 1),
  rules.map(({ rule }) => levelsOf(rule).clearThreshold ?? levelsOf(rule).threshold ?? 1),
  rules.map(({ rule }) => rule.forSeconds),
  rules.map(({ rule }) => rule.clearSeconds),
  rules.map(({ rule }) => rule.site),
  rules.map(({ rule }) => rule.exceptSites.join(',')),
  scopes.own,
  scopes.excepts,
];

/** Conditions of scopes take the places behind the `fixed` ones. */
const scopesBehind = (rules: readonly TenantRule[], fixed: number, nowMs: number) => {
  const values: unknown[] = [];
  const add = (value: unknown): string => `$${fixed + values.push(value)}`;
  return { scopes: compileScopes(rules, add, nowMs), values };
};

const thresholdOf = ({ rule }: TenantRule): number => levelsOf(rule).threshold ?? 1;

/** Apart: where one tenant's rule reads all devices, those of the others are not looked at closer. */
export const byIndex = (type: MeasuredType, all: readonly TenantRule[]) => {
  const { indexedFrom: from = Number.NEGATIVE_INFINITY } = measures[type];
  const rules = all.filter(({ rule }) => rule.type === type);
  return [true, false].flatMap((isIndexed) => {
    const among = rules.filter((each) => thresholdOf(each) >= from === isIndexed);
    return partsOf(among).map((part) => ({ isIndexed, rules: part }));
  });
};

export const findCandidates = async (
  sql: Sql,
  type: MeasuredType,
  all: readonly TenantRule[],
  nowMs: number,
): Promise<Candidate[]> => {
  const found: Candidate[] = [];
  for (const { isIndexed, rules } of byIndex(type, all)) {
    const { scopes, values } = scopesBehind(rules, 12, nowMs);
    const lowest = Math.min(...rules.map(thresholdOf));
    const { rows } = await sql.query<Row>({
      text: statementOf(measures[type], isIndexed, scopes),
      values: [...rulesAsValues(rules, scopes), lowest, new Date(nowMs), ...values],
    });
    const byId = new Map(rules.map((each) => [`${each.tenantId} ${each.rule.id}`, each]));
    for (const row of rows) {
      found.push(candidateOf(row, byId.get(`${row.tenant_id} ${row.rule_id}`), nowMs));
    }
  }
  const { column } = measures[type];
  return column === undefined ? found : judgeBySamples(sql, column, found);
};

const unwatchedOf = async (
  sql: Sql,
  rules: readonly TenantRule[],
  { join, isScoped }: { join: 'JOIN' | 'LEFT JOIN'; isScoped: boolean },
  nowMs: number,
): Promise<Candidate[]> => {
  const { scopes, values } = scopesBehind(isScoped ? rules : [], 10, nowMs);
  const none = { ...scopes, own: rules.map(() => 0), excepts: rules.map(() => '') };
  const { rows } = await sql.query<Row>({
    text: `WITH ${rulesGiven}
           SELECT l.*, d.name, d.device_site, NULL::float8 AS value,
                  NULL::timestamptz AS value_since, NULL::timestamptz AS known_until,
                  NULL::timestamptz AS told_since
             FROM telemetry.alert_conditions l
             ${join} rules r USING (tenant_id, rule_id)
             LEFT JOIN ${inScope('r', scopes)} ON r.rule_id IS NOT NULL
            WHERE d.device_site IS NULL LIMIT ${candidatesMax}`,
    values: [...rulesAsValues(rules, isScoped ? scopes : none), ...values],
  });
  return rows.map((row) => candidateOf(row, undefined, nowMs));
};

/**
 * Conditions of devices that are gone or moved, of rules that are off, deleted or elsewhere, and of
 * devices for which another rule holds by now.
 */
export const findUnwatched = async (
  sql: Sql,
  rules: readonly TenantRule[],
  nowMs: number,
): Promise<Candidate[]> => {
  const found = await unwatchedOf(sql, rules, { join: 'LEFT JOIN', isScoped: false }, nowMs);
  const known = new Set(found.map(({ ruleId, deviceId }) => `${ruleId} ${deviceId}`));
  for (const part of partsOf(rules)) {
    if (part.every(({ scope, before }) => scope === null && before.length === 0)) continue;
    const moved = await unwatchedOf(sql, part, { join: 'JOIN', isScoped: true }, nowMs);
    found.push(...moved.filter((each) => !known.has(`${each.ruleId} ${each.deviceId}`)));
  }
  return found;
};

export type TenantSite = { tenantId: string; site: string };

const heardAt = `device_manager.public_devices d JOIN telemetry.presence p
  ON p.device_id = d.device_id AND d.tenant_id = s.tenant_id AND d.site = s.site
 AND d.registration_status = 'approved'`;
const isSilent = `(p.presence = 'offline'
  OR p.last_seen_at + p.next_beat_ms * 1.5 * interval '1 millisecond' < $3::timestamptz)`;

/** How the devices of these sites stand together, of sites where nobody answers. */
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
    text: `SELECT s.tenant_id, s.site, standing.*, a.id AS alert_id
             FROM unnest($1::uuid[], $2::text[]) AS s (tenant_id, site)
             LEFT JOIN LATERAL (
               SELECT true AS answers FROM ${heardAt} WHERE NOT ${isSilent} LIMIT 1) one ON true
             CROSS JOIN LATERAL (
               SELECT count(*) AS heard, count(*) AS silent,
                      count(*) FILTER (WHERE EXISTS (
                        SELECT 1 FROM telemetry.alert_conditions c
                          JOIN telemetry.alerts own
                            ON own.id = c.alert_id AND own.type = 'device-offline'
                         WHERE c.device_id = d.device_id)) AS alone
                 FROM ${heardAt} WHERE one.answers IS NULL) standing
             LEFT JOIN telemetry.alerts a
               ON a.tenant_id = s.tenant_id AND a.site = s.site
              AND a.type = 'site-offline' AND a.status <> 'resolved'
            WHERE one.answers IS NULL`,
    values: [sites.map(({ tenantId }) => tenantId), sites.map(({ site }) => site), new Date(nowMs)],
  });
  return rows.map(({ tenant_id, alert_id, ...row }) => ({
    ...row,
    tenantId: tenant_id,
    openAlertId: alert_id,
  }));
};
