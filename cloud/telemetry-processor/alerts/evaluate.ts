/**
 * One look at everything that alerts watch, in one transaction: asks what may have to change, plans
 * it with ../core, writes it down and tells it. Whoever holds the lock looks; a second replica that
 * believes it holds the lease finds the lock taken, so nothing is raised twice. Cost: one statement
 * for each kind of rule, and rows for what changed.
 */
import type { Pool, Sql } from '@signalbeam/platform/postgres/pool';
import { transaction } from '@signalbeam/platform/postgres/transaction';
import { planAlert, planCondition } from '../core/alert-plan.ts';
import { rulesInForce, rulesOf } from '../core/alert-rules.ts';
import { planSites } from '../core/alert-sites.ts';
import { deviceWords, siteWords } from '../core/alert-words.ts';
import {
  type AlertDraft,
  type AlertRow,
  alertColumns,
  insertAlerts,
  resolveAlerts,
  tellTransition,
} from '../store/alert-rows.ts';
import { rulesOfTenants } from '../store/alert-rules.ts';
import {
  type Candidate,
  findCandidates,
  findStandings,
  findUnwatched,
  measuredTypes,
} from './candidates.ts';
import {
  beginConditions,
  forgetConditions,
  linkConditions,
  markWell,
  releaseConditions,
} from './conditions.ts';
import { type TenantRule, withScopes } from './rule-scopes.ts';
import { areSilenced } from './silenced.ts';

/** Any constant nobody else locks: "sbal". */
const lockKey = 0x7362616c;
/** Open alerts that time has to do with, of one look. */
const dueAlertsMax = 1_000;

export type Times = { now: number; graceUntilMs: number };
export type Looked = { raised: number; escalated: number; resolved: number };

const rulesNow = async (sql: Sql): Promise<TenantRule[]> => {
  const tenants = await rulesOfTenants(sql);
  const rules = [...tenants].flatMap(([tenantId, own]) =>
    rulesInForce(rulesOf(own)).map((rule) => ({ tenantId, rule })),
  );
  return withScopes(sql, rules);
};

/** An alert to be, and the devices whose conditions it stands for. */
type Raise = { draft: Omit<AlertDraft, 'silenced'>; of: Candidate[] };

const draftOf = (
  { tenantId, rule }: TenantRule,
  nowMs: number,
): Pick<
  AlertDraft,
  'tenantId' | 'ruleId' | 'ruleName' | 'severity' | 'rolloutId' | 'escalatesAt' | 'judgedAt'
> => {
  const { escalateAfterSeconds: after, severity } = rule;
  const escalates = after !== null && severity !== 'critical';
  return {
    tenantId,
    ruleId: rule.id,
    ruleName: rule.name,
    severity,
    rolloutId: null,
    escalatesAt: escalates ? new Date(nowMs + after * 1_000) : null,
    judgedAt: null,
  };
};

const raiseDevice = (candidate: Candidate, tenantRule: TenantRule, nowMs: number): Raise => {
  const { deviceId, deviceName, site, value, toldSinceMs } = candidate;
  const since = new Date(toldSinceMs).toISOString();
  const words = deviceWords({ rule: tenantRule.rule, deviceName, site, value, since });
  const about = { type: tenantRule.rule.type, site, deviceId, deviceName, deviceCount: 1 };
  return { draft: { ...draftOf(tenantRule, nowMs), ...words, ...about }, of: [candidate] };
};

const raiseSite = (
  of: Candidate[],
  tenantRule: TenantRule,
  deviceCount: number,
  nowMs: number,
): Raise => {
  const site = of[0]?.site ?? '';
  const sinceMs = Math.min(...of.map(({ toldSinceMs }) => toldSinceMs));
  const words = siteWords(site, deviceCount, new Date(sinceMs).toISOString());
  const about = { type: 'site-offline' as const, site, deviceId: null, deviceName: null };
  return { draft: { ...draftOf(tenantRule, nowMs), ...words, ...about, deviceCount }, of };
};

type Joined = Candidate & { alertId: string };

/** Who is due to be told offline, site by site: alone, as one with its site, or under its alert. */
const raiseOffline = async (
  sql: Sql,
  due: readonly Candidate[],
  nowMs: number,
): Promise<{ raises: Raise[]; joined: Joined[] }> => {
  const raises: Raise[] = [];
  const joined: Joined[] = [];
  const tenants = Map.groupBy(due, ({ tenantId }) => tenantId);
  const sites = [...tenants].flatMap(([tenantId, of]) =>
    [...new Set(of.map(({ site }) => site))].map((site) => ({ tenantId, site })),
  );
  const standings = await findStandings(sql, sites, nowMs);
  for (const [tenantId, of] of tenants) {
    const byId = new Map(of.map((candidate) => [candidate.deviceId, candidate]));
    const steps = planSites(
      of.map(({ deviceId, site, valueSinceMs }) => ({ deviceId, site, sinceMs: valueSinceMs })),
      standings.filter((standing) => standing.tenantId === tenantId),
    );
    for (const step of steps) {
      const ids = step.kind === 'site' ? step.deviceIds : [step.deviceId];
      const candidates = ids.flatMap((id) => byId.get(id) ?? []);
      const [first] = candidates;
      const rule = first?.tenantRule;
      if (first === undefined || rule == null) continue;
      if (step.kind === 'join') joined.push({ ...first, alertId: step.alertId });
      else if (step.kind === 'device') raises.push(raiseDevice(first, rule, nowMs));
      else raises.push(raiseSite(candidates, rule, step.deviceCount, nowMs));
    }
  }
  return { raises, joined };
};

const raise = async (sql: Sql, raises: readonly Raise[], now: Date): Promise<number> => {
  const drafts = raises.map(({ draft }) => draft);
  const silenced = await areSilenced(sql, drafts, now);
  const rows = await insertAlerts(
    sql,
    drafts.map((draft, index) => ({ ...draft, silenced: silenced[index] === true })),
    now,
  );
  await linkConditions(
    sql,
    raises.flatMap(({ of }, index) => {
      const alertId = rows[index]?.id;
      return alertId === undefined ? [] : of.map((candidate) => ({ ...candidate, alertId }));
    }),
  );
  await tellTransition(sql, rows, 'raised', now);
  return rows.length;
};

/** What the devices do: conditions begin and end, alerts are raised and resolved. */
const lookAtDevices = async (sql: Sql, times: Times): Promise<Omit<Looked, 'escalated'>> => {
  const nowMs = times.now;
  const now = new Date(nowMs);
  const rules = await rulesNow(sql);
  const candidates: Candidate[] = [];
  for (const type of measuredTypes) {
    candidates.push(...(await findCandidates(sql, type, rules, nowMs)));
  }
  candidates.push(...(await findUnwatched(sql, rules, nowMs)));
  const planned = candidates.flatMap((candidate) =>
    planCondition(candidate, times, nowMs).steps.map((step) => ({ candidate, step })),
  );
  const of = (kind: (typeof planned)[number]['step']['kind']): Candidate[] =>
    planned.filter(({ step }) => step.kind === kind).map(({ candidate }) => candidate);

  await beginConditions(
    sql,
    planned.flatMap(({ candidate, step }) =>
      step.kind === 'begin' ? [{ ...candidate, sinceMs: step.sinceMs }] : [],
    ),
  );
  await markWell(sql, of('recover'), now);
  await markWell(sql, of('relapse'), null);
  await forgetConditions(sql, of('forget'));

  const due = of('raise');
  const isOffline = ({ tenantRule }: Candidate) => tenantRule?.rule.type === 'device-offline';
  const offline = await raiseOffline(sql, due.filter(isOffline), nowMs);
  const others = due.flatMap((candidate) =>
    candidate.tenantRule === null || isOffline(candidate)
      ? []
      : [raiseDevice(candidate, candidate.tenantRule, nowMs)],
  );
  await linkConditions(sql, offline.joined);
  const raised = await raise(sql, [...offline.raises, ...others], now);

  const well = of('resolve');
  await forgetConditions(sql, well);
  const alertIds = [...new Set(well.flatMap(({ condition }) => condition?.alertId ?? []))];
  const resolved = await resolveAlerts(sql, alertIds, now);
  await releaseConditions(sql, alertIds, now);
  return { raised, resolved: resolved.length };
};

/** What time does to open alerts: they escalate, and those whose silence ended are told of. */
const lookAtAlerts = async (sql: Sql, { now: nowMs }: Times): Promise<number> => {
  const now = new Date(nowMs);
  const { rows } = await sql.query<AlertRow>(
    `(SELECT ${alertColumns} FROM telemetry.alerts
       WHERE status = 'active' AND escalates_at <= $1 ORDER BY escalates_at LIMIT ${dueAlertsMax})
     UNION
     (SELECT ${alertColumns} FROM telemetry.alerts
       WHERE status = 'active' AND silenced ORDER BY raised_at LIMIT ${dueAlertsMax})`,
    [now],
  );
  if (rows.length === 0) return 0;
  const asked = rows.map((row) => ({
    tenantId: row.tenant_id,
    ruleId: row.rule_id,
    deviceId: row.device_id,
    site: row.site,
  }));
  const silenced = await areSilenced(sql, asked, now);
  const planned = rows.map((row, index) => {
    const isSilenced = silenced[index] === true;
    const escalatesAtMs = row.escalates_at?.getTime() ?? null;
    const { steps } = planAlert({ ...row, escalatesAtMs }, isSilenced, nowMs);
    return { id: row.id, isSilenced, step: steps[0]?.kind };
  });
  const change = async (
    kind: 'escalate' | 'tell',
    transition: 'escalated' | 'raised',
    set: string,
  ): Promise<number> => {
    const chosen = planned.filter(({ step }) => step === kind);
    if (chosen.length === 0) return 0;
    const changed = await sql.query<AlertRow>(
      `UPDATE telemetry.alerts a SET silenced = k.silenced${set}
         FROM unnest($1::uuid[], $2::boolean[]) AS k (alert_id, silenced)
        WHERE a.id = k.alert_id AND a.status = 'active'
        RETURNING ${alertColumns.replaceAll('silenced', 'a.silenced')}`,
      [chosen.map(({ id }) => id), chosen.map(({ isSilenced }) => isSilenced)],
    );
    await tellTransition(sql, changed.rows, transition, now);
    return changed.rows.length;
  };
  await change('tell', 'raised', '');
  return change('escalate', 'escalated', ", severity = 'critical', escalates_at = NULL");
};

/** Over a pool with the role `sb_system`. Null: another replica is looking. */
export const evaluateAlerts = (pool: Pool, times: Times): Promise<Looked | null> =>
  transaction(pool, async (sql) => {
    const { rows } = await sql.query<{ held: boolean }>(
      'SELECT pg_try_advisory_xact_lock($1) AS held',
      [lockKey],
    );
    if (rows[0]?.held !== true) return null;
    const looked = await lookAtDevices(sql, times);
    return { ...looked, escalated: await lookAtAlerts(sql, times) };
  });
