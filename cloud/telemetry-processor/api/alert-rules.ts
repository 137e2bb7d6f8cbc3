/** Rules of alerts: the built-in ones, changed or as they came, and a tenant's own. */
import { randomUUID } from 'node:crypto';
import { createRoute, z } from '@hono/zod-openapi';
import { authorOf, requireUser } from '@signalbeam/platform/http/caller';
import { body, conflict, json, notFound } from '@signalbeam/platform/http/describe';
import {
  conditional,
  holdVersion,
  tellVersion,
  versionOf,
} from '@signalbeam/platform/http/entity-tag';
import { refusal } from '@signalbeam/platform/http/problem';
import { writeAudit } from '@signalbeam/platform/postgres/audit';
import type { Sql } from '@signalbeam/platform/postgres/pool';
import { changeTenant, withTenant } from '@signalbeam/platform/postgres/tenant';
import { ruleFaults, ruleWords } from '../core/alert-rule-words.ts';
import { type AlertRule, builtInRule, builtInRules, rulesOf } from '../core/alert-rules.ts';
import { deleteRule, ownRules, saveRule } from '../store/alert-rules.ts';
import { checkScope, groupNames } from './alert-rule-scopes.ts';
import { newRuleSchema, ruleChangeSchema, ruleParams, ruleSchema } from './alert-schemas.ts';
import type { AddRoutes } from './parts.ts';

const tags = ['Alerts'];
/** With the built-in ones. */
export const rulesMax = 100;
const everySite = { everySite: true };
const noSuchRule = () => refusal('not-found', 'There is no such rule.');

type Names = ReadonlyMap<string, string>;
const shown = (rule: AlertRule, names: Names): z.infer<typeof ruleSchema> => {
  const groupName = names.get(rule.groupId ?? '') ?? null;
  const builtIn = builtInRule(rule.id);
  const changed =
    builtIn !== undefined && JSON.stringify({ ...builtIn, ...rule }) !== JSON.stringify(builtIn);
  return {
    ...{ ...rule, groupName },
    builtIn: builtIn !== undefined,
    changed,
    consequence: ruleWords(rule, groupName),
    version: versionOf(rule),
  };
};

/** Locks the tenant's rules, so that two requests do not both see room or overwrite each other. */
const lockedRules = async (sql: Sql, tenantId: string): Promise<AlertRule[]> => {
  await sql.query(`SELECT pg_advisory_xact_lock(hashtextextended('alert rules:' || $1, 0))`, [
    tenantId,
  ]);
  return rulesOf(await ownRules(sql));
};

const ruleNamed = (rules: readonly AlertRule[], id: string): AlertRule => {
  const rule = rules.find((each) => each.id === id);
  if (rule === undefined) throw noSuchRule();
  return rule;
};

const checkRule = (rule: AlertRule): AlertRule => {
  const errors = ruleFaults(rule);
  if (errors.length > 0) {
    throw refusal('invalid-request', 'The rule makes no sense as it is.', { errors });
  }
  return rule;
};

type By = ReturnType<typeof authorOf>;
const tell = (
  sql: Sql,
  author: By,
  verb: string,
  id: string,
  change: { before?: AlertRule; after?: AlertRule },
): Promise<void> =>
  writeAudit(sql, {
    tenantId: author.tenantId,
    actor: author.actor,
    action: `alert-rule.${verb}`,
    target: `alert-rule:${id}`,
    ...change,
    ip: author.ip,
  });

const addReading: AddRoutes = (api, { pools }) => {
  api.openapi(
    createRoute({
      method: 'get',
      path: '/api/alert-rules',
      tags,
      summary: 'Lists the rules of alerts: at most a hundred',
      middleware: [requireUser('viewer')] as const,
      responses: { 200: json(z.strictObject({ rules: z.array(ruleSchema) }), 'All of them') },
    }),
    async (c) => {
      const { rules, names } = await withTenant(pools.api, c.var.caller, async (sql) => {
        const all = rulesOf(await ownRules(sql));
        return { rules: all, names: await groupNames(sql, all) };
      });
      return c.json({ rules: rules.map((rule) => shown(rule, names)) }, 200);
    },
  );
};

const addMaking: AddRoutes = (api, { pools, now }) => {
  api.openapi(
    createRoute({
      method: 'post',
      path: '/api/alert-rules',
      tags,
      summary: 'Makes a rule; what is left out is as in the built-in rule of its type',
      middleware: [requireUser('operator', everySite)] as const,
      request: {
        body: body(newRuleSchema, {
          ...{ type: 'low-disk', name: 'Disks of plant 7', site: 'plant-7' },
          ...{ threshold: 80, clearThreshold: 75 },
        }),
      },
      responses: { 201: json(ruleSchema, 'The rule'), ...conflict },
    }),
    async (c) => {
      const author = authorOf(c.var);
      const given = c.req.valid('json');
      const builtIn = builtInRules.find(({ type }) => type === given.type);
      if (builtIn === undefined) throw new Error(`no built-in rule of type ${given.type}`);
      const id = randomUUID();
      const wish = Object.fromEntries(
        Object.entries(given).filter(([, value]) => value !== undefined),
      );
      const rule = checkRule({ ...builtIn, ...wish, id });
      const names = await changeTenant(pools.api, author, async (sql) => {
        const rules = await lockedRules(sql, author.tenantId);
        if (rules.length >= rulesMax) {
          throw refusal('conflict', `There are ${rulesMax} rules already, which is the limit.`, {
            next: 'Delete one that is not used any more.',
          });
        }
        await checkScope(sql, rule, rules);
        await saveRule(sql, rule, { ...author, at: new Date(now()) });
        await tell(sql, author, 'create', id, { after: rule });
        return groupNames(sql, [rule]);
      });
      return c.json(shown(rule, names), 201);
    },
  );
};

const addChanging: AddRoutes = (api, { pools, now }) => {
  api.openapi(
    createRoute({
      method: 'patch',
      path: '/api/alert-rules/{id}',
      tags,
      summary: 'Changes a rule; open alerts stay as they were raised',
      middleware: [requireUser('operator', everySite), conditional()] as const,
      request: { params: ruleParams, body: body(ruleChangeSchema, { forSeconds: 600 }) },
      responses: { 200: json(ruleSchema, 'The rule'), ...notFound },
    }),
    async (c) => {
      const author = authorOf(c.var);
      const { id } = c.req.valid('param');
      const change = Object.fromEntries(
        Object.entries(c.req.valid('json')).filter(([, value]) => value !== undefined),
      );
      const { rule, names } = await changeTenant(pools.api, author, async (sql) => {
        const rules = await lockedRules(sql, author.tenantId);
        const before = ruleNamed(rules, id);
        holdVersion(c, before);
        const after = checkRule({ ...before, ...change });
        await checkScope(
          sql,
          after,
          rules.filter((each) => each.id !== id),
        );
        await saveRule(sql, after, { ...author, at: new Date(now()) });
        await tell(sql, author, 'change', id, { before, after });
        tellVersion(c, after);
        return { rule: after, names: await groupNames(sql, [after]) };
      });
      return c.json(shown(rule, names), 200);
    },
  );
};

const addResetting: AddRoutes = (api, { pools, now }) => {
  api.openapi(
    createRoute({
      method: 'post',
      path: '/api/alert-rules/{id}/reset',
      tags,
      summary:
        'Sets a rule back to the built-in one of its type; a rule of one’s own keeps its name and whom it is for',
      middleware: [requireUser('operator', everySite)] as const,
      request: { params: ruleParams },
      responses: { 200: json(ruleSchema, 'The rule'), ...notFound },
    }),
    async (c) => {
      const author = authorOf(c.var);
      const { id } = c.req.valid('param');
      const { after, names } = await changeTenant(pools.api, author, async (sql) => {
        const before = ruleNamed(await lockedRules(sql, author.tenantId), id);
        const model = builtInRules.find(({ type }) => type === before.type);
        if (model === undefined) throw new Error(`no built-in rule of type ${before.type}`);
        const isBuiltIn = model.id === id;
        const { name, site, groupId, query } = before;
        const reset = isBuiltIn ? model : { ...model, id, name, site, groupId, query };
        if (isBuiltIn) await deleteRule(sql, id);
        else await saveRule(sql, reset, { ...author, at: new Date(now()) });
        await tell(sql, author, 'reset', id, { before, after: reset });
        return { after: reset, names: await groupNames(sql, [reset]) };
      });
      return c.json(shown(after, names), 200);
    },
  );
  api.openapi(
    createRoute({
      method: 'delete',
      path: '/api/alert-rules/{id}',
      tags,
      summary: "Deletes a rule of the tenant's own; its open alerts resolve",
      middleware: [requireUser('operator', everySite)] as const,
      request: { params: ruleParams },
      responses: { 204: { description: 'Deleted' }, ...notFound, ...conflict },
    }),
    async (c) => {
      const author = authorOf(c.var);
      const { id } = c.req.valid('param');
      if (builtInRule(id) !== undefined) {
        throw refusal('wrong-state', 'A built-in rule is not deleted.', {
          next: 'Turn it off instead.',
        });
      }
      await changeTenant(pools.api, author, async (sql) => {
        const before = ruleNamed(await lockedRules(sql, author.tenantId), id);
        await deleteRule(sql, id);
        await tell(sql, author, 'delete', id, { before });
      });
      return c.body(null, 204);
    },
  );
};

export const addAlertRuleRoutes: AddRoutes = (api, parts) => {
  for (const add of [addReading, addMaking, addChanging, addResetting]) add(api, parts);
};
