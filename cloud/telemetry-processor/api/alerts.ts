/** Alerts: listed, looked at, acknowledged and resolved by people. They are raised by what is watched. */
import { createRoute, z } from '@hono/zod-openapi';
import { actorOf, authorOf, requireUser } from '@signalbeam/platform/http/caller';
import { pageOf, readCursor } from '@signalbeam/platform/http/cursor';
import { body, conflict, json, notFound } from '@signalbeam/platform/http/describe';
import { refusal } from '@signalbeam/platform/http/problem';
import { writeAudit } from '@signalbeam/platform/postgres/audit';
import type { Sql } from '@signalbeam/platform/postgres/pool';
import { changeTenant, withTenant } from '@signalbeam/platform/postgres/tenant';
import { type AlertRule, rulesOf } from '../core/alert-rules.ts';
import { whyWords } from '../core/alert-why.ts';
import { type AlertRow, resolveAlerts } from '../store/alert-rows.ts';
import { ownRules } from '../store/alert-rules.ts';
import {
  acknowledgeAlert,
  findAlert,
  listAlerts,
  lockAlert,
  readStatistics,
  readTransitions,
} from '../store/alerts.ts';
import { fittingRules } from '../store/rules-of-device.ts';
import {
  alertDetailSchema,
  alertSchema,
  alertsQuery,
  idParams,
  noteSchema,
  statisticsSchema,
} from './alert-schemas.ts';
import type { AddRoutes } from './parts.ts';

const tags = ['Alerts'];
const noSuchAlert = () => refusal('not-found', 'There is no such alert.');
const position = z.tuple([z.iso.datetime(), z.uuid()]);

export const shownAlert = (row: AlertRow): z.infer<typeof alertSchema> => ({
  id: row.id,
  type: row.type,
  ruleId: row.rule_id,
  ruleName: row.rule_name,
  severity: row.severity,
  status: row.status,
  title: row.title,
  detail: row.detail,
  site: row.site,
  deviceId: row.device_id,
  deviceName: row.device_name,
  rolloutId: row.rollout_id,
  deviceCount: row.device_count,
  silenced: row.silenced,
  raisedAt: row.raised_at.toISOString(),
  escalatesAt: row.escalates_at?.toISOString() ?? null,
  acknowledgedAt: row.acknowledged_at?.toISOString() ?? null,
  acknowledgedBy: row.acknowledged_by,
  resolvedAt: row.resolved_at?.toISOString() ?? null,
  resolvedBy: row.resolved_by,
});

/** Of the device as it is now, which the caller may see as they see its alert. */
const whyOf = async (
  sql: Sql,
  tenantId: string,
  { row, own }: { row: AlertRow; own: readonly AlertRule[] },
  nowMs: number,
): Promise<string | null> => {
  const { device_id: deviceId, rule_id: ruleId, rule_name: ruleName, type } = row;
  if (deviceId === null) return null;
  const rules = rulesOf(own).filter((rule) => rule.type === type);
  const fitting = await fittingRules(sql, { tenantId, deviceId }, rules, nowMs);
  return whyWords({ ruleId, ruleName }, fitting);
};

const addReading: AddRoutes = (api, { pools, now }) => {
  api.openapi(
    createRoute({
      method: 'get',
      path: '/api/alerts',
      tags,
      summary: 'Lists alerts, newest first',
      middleware: [requireUser('viewer')] as const,
      request: { query: alertsQuery },
      responses: {
        200: json(
          z.strictObject({ alerts: z.array(alertSchema), nextCursor: z.string().nullable() }),
          'A page',
        ),
      },
    }),
    async (c) => {
      const { cursor, limit, device, from, to, ...filter } = c.req.valid('query');
      const given = readCursor(cursor, position);
      const after = given === null ? null : { raisedAt: new Date(given[0]), id: given[1] };
      const wanted = {
        ...filter,
        deviceId: device,
        from: from === undefined ? undefined : new Date(from),
        to: to === undefined ? undefined : new Date(to),
      };
      const rows = await withTenant(pools.api, c.var.caller, (sql) =>
        listAlerts(sql, wanted, { after, limit: limit + 1 }),
      );
      const page = pageOf(rows, limit, (row) => [row.raised_at.toISOString(), row.id]);
      return c.json({ alerts: page.rows.map(shownAlert), nextCursor: page.nextCursor }, 200);
    },
  );
  api.openapi(
    createRoute({
      method: 'get',
      path: '/api/alerts/statistics',
      tags,
      summary: 'How many alerts are open, by severity and type, and how many were resolved',
      middleware: [requireUser('viewer')] as const,
      responses: { 200: json(statisticsSchema, 'Counts') },
    }),
    async (c) => {
      const counts = await withTenant(pools.api, c.var.caller, (sql) => readStatistics(sql, now()));
      return c.json(counts, 200);
    },
  );
  api.openapi(
    createRoute({
      method: 'get',
      path: '/api/alerts/{id}',
      tags,
      summary: 'One alert with its history',
      middleware: [requireUser('viewer')] as const,
      request: { params: idParams },
      responses: { 200: json(alertDetailSchema, 'The alert'), ...notFound },
    }),
    async (c) => {
      const { id } = c.req.valid('param');
      const found = await withTenant(pools.api, c.var.caller, async (sql) => {
        const row = await findAlert(sql, id);
        if (row === null) return null;
        return { row, history: await readTransitions(sql, id), own: await ownRules(sql) };
      });
      if (found === null) throw noSuchAlert();
      const history = found.history.map((each) => ({ ...each, at: each.at.toISOString() }));
      const why = await whyOf(pools.system, c.var.caller.tenantId, found, now());
      return c.json({ ...shownAlert(found.row), why, history }, 200);
    },
  );
};

const verbs = [
  {
    verb: 'acknowledge',
    summary: 'Takes an alert on: it does not escalate any more, and resolves when it is over',
  },
  {
    verb: 'resolve',
    summary: 'Closes an alert; it is not raised again before what it tells of was over',
  },
] as const;

const addActing: AddRoutes = (api, { pools, now }) => {
  for (const { verb, summary } of verbs) {
    api.openapi(
      createRoute({
        method: 'post',
        path: `/api/alerts/{id}/${verb}`,
        tags,
        summary,
        middleware: [requireUser('operator')] as const,
        request: { params: idParams, body: body(noteSchema, { note: 'On my way.' }) },
        responses: { 200: json(alertSchema, 'The alert'), ...notFound, ...conflict },
      }),
      async (c) => {
        const { id } = c.req.valid('param');
        const { note } = c.req.valid('json');
        const author = authorOf(c.var);
        const told = { actor: actorOf(c.var.caller), note: note === '' ? null : note };
        const at = new Date(now());
        const changed = await changeTenant(pools.api, author, async (sql) => {
          const row = await lockAlert(sql, id);
          if (row === null) throw noSuchAlert();
          if (row.status === 'resolved') {
            throw refusal('wrong-state', 'This alert is resolved already.');
          }
          if (verb === 'acknowledge' && row.status === 'acknowledged') {
            throw refusal('wrong-state', `${row.acknowledged_by} has acknowledged it already.`);
          }
          await writeAudit(sql, {
            tenantId: author.tenantId,
            actor: author.actor,
            action: `alert.${verb}`,
            target: `alert:${id}`,
            before: { status: row.status },
            after: { title: row.title, note: told.note },
            ip: author.ip,
          });
          if (verb === 'acknowledge') return acknowledgeAlert(sql, id, at, told);
          const [resolved] = await resolveAlerts(sql, [id], at, told);
          return resolved ?? row;
        });
        return c.json(shownAlert(changed), 200);
      },
    );
  }
};

export const addAlertRoutes: AddRoutes = (api, parts) => {
  addReading(api, parts);
  addActing(api, parts);
};
