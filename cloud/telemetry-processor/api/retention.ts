/** For how many days a tenant keeps what: read by everybody, chosen by admins within the tier. */
import { createRoute, z } from '@hono/zod-openapi';
import { authorOf, requireUser } from '@signalbeam/platform/http/caller';
import { body, json } from '@signalbeam/platform/http/describe';
import { conditional, holdVersion, tellVersion } from '@signalbeam/platform/http/entity-tag';
import { refusal } from '@signalbeam/platform/http/problem';
import { writeAudit } from '@signalbeam/platform/postgres/audit';
import { changeTenant, withTenant } from '@signalbeam/platform/postgres/tenant';
import {
  type ChosenRetention,
  retentionLimits,
  retentionNames,
  retentionOf,
} from '../core/retention.ts';
import { retentionChanges } from '../core/retention-change.ts';
import {
  lockRetention,
  readRetention,
  type TenantRetention,
  writeRetention,
} from '../store/retention.ts';
import type { AddRoutes } from './parts.ts';

const tags = ['Telemetry'];
const path = '/api/telemetry/retention';
const days = z.int().min(1).max(1_100).nullable();
const wishSchema = z.strictObject({
  /** Samples, and what devices summed up. */
  metricsDays: days,
  hoursDays: days,
  /** Events and the history of reports. */
  eventsDays: days,
  deadLettersDays: days,
} satisfies Record<(typeof retentionNames)[number], typeof days>);
const keptSchema = z.strictObject({
  /** What is in force. */
  days: z.int(),
  chosen: z.int().nullable(),
  default: z.int(),
  max: z.int(),
});
const answerSchema = z
  .strictObject({
    tier: z.enum(['free', 'paid']),
    metricsDays: keptSchema,
    hoursDays: keptSchema,
    eventsDays: keptSchema,
    deadLettersDays: keptSchema,
  })
  .openapi('Retention');

const asked = z.coerce.number().int().min(1).max(1_100).optional();
const previewQuery = z.strictObject({
  metricsDays: asked,
  hoursDays: asked,
  eventsDays: asked,
  deadLettersDays: asked,
} satisfies Record<(typeof retentionNames)[number], typeof asked>);
const previewSchema = z
  .strictObject({
    changes: z.array(
      z.strictObject({
        name: z.enum(retentionNames),
        fromDays: z.int(),
        toDays: z.int(),
        /** What arrived in this time goes; null where it is kept for longer. */
        removed: z.strictObject({ from: z.iso.datetime(), before: z.iso.datetime() }).nullable(),
        says: z.string(),
      }),
    ),
  })
  .openapi('RetentionPreview');

const shown = ({ tier, chosen }: TenantRetention): z.infer<typeof answerSchema> => {
  const inForce = retentionOf(tier, chosen);
  const of = (name: (typeof retentionNames)[number]) => ({
    ...{ days: inForce[name], chosen: chosen[name] ?? null, ...retentionLimits[tier][name] },
  });
  return {
    ...{ tier, metricsDays: of('metricsDays'), hoursDays: of('hoursDays') },
    ...{ eventsDays: of('eventsDays'), deadLettersDays: of('deadLettersDays') },
  };
};

const checkWish = (tier: TenantRetention['tier'], wish: ChosenRetention): void => {
  const errors = retentionNames.flatMap((name) => {
    const { max } = retentionLimits[tier][name];
    const isMore = (wish[name] ?? 0) > max;
    return isMore ? [{ path: name, message: `is at most ${max} in the tier ${tier}` }] : [];
  });
  if (errors.length > 0) {
    throw refusal('invalid-request', 'The tier does not keep it for so long.', { errors });
  }
};

const iso = (ms: number): string => new Date(ms).toISOString();

const addPreview: AddRoutes = (api, parts) => {
  api.openapi(
    createRoute({
      method: 'get',
      path: `${path}/preview`,
      tags,
      summary: 'What a choice of days would remove, before it is made',
      description: 'What is left out is the default of the tier.',
      middleware: [requireUser('viewer')] as const,
      request: { query: previewQuery },
      responses: { 200: json(previewSchema, 'What would be kept for another time than now') },
    }),
    async (c) => {
      const { caller } = c.var;
      const after = c.req.valid('query');
      const { tier, chosen } = await withTenant(parts.pools.api, caller, (sql) =>
        readRetention(sql, caller.tenantId),
      );
      checkWish(tier, after);
      const changes = retentionChanges(tier, { before: chosen, after }, parts.now());
      const shownChanges = changes.map(({ removed, ...change }) => ({
        ...change,
        removed: removed && { from: iso(removed.fromMs), before: iso(removed.beforeMs) },
      }));
      return c.json({ changes: shownChanges }, 200);
    },
  );
};

export const addRetentionRoutes: AddRoutes = (api, parts) => {
  addPreview(api, parts);
  api.openapi(
    createRoute({
      method: 'get',
      path,
      tags,
      summary: 'For how many days samples, hours, events and dead letters are kept',
      middleware: [requireUser('viewer')] as const,
      responses: { 200: json(answerSchema, 'What is kept, and what the tier allows') },
    }),
    async (c) => {
      const { caller } = c.var;
      const kept = await withTenant(parts.pools.api, caller, (sql) =>
        readRetention(sql, caller.tenantId),
      );
      tellVersion(c, kept.chosen);
      return c.json(shown(kept), 200);
    },
  );
  api.openapi(
    createRoute({
      method: 'put',
      path,
      tags,
      summary: 'Chooses for how many days; null is the default of the tier',
      description: 'What is older is removed within a day, and does not come back.',
      middleware: [requireUser('admin', { everySite: true }), conditional()] as const,
      request: {
        body: body(wishSchema, {
          ...{ metricsDays: 14, hoursDays: null, eventsDays: 30, deadLettersDays: null },
        }),
      },
      responses: { 200: json(answerSchema, 'What is kept from now on') },
    }),
    async (c) => {
      const wish = c.req.valid('json');
      const author = authorOf(c.var);
      const { tenantId, actor, ip } = author;
      const kept = await changeTenant(parts.pools.api, author, async (sql) => {
        const before = await lockRetention(sql, tenantId);
        holdVersion(c, before.chosen);
        checkWish(before.tier, wish);
        await writeRetention(sql, tenantId, wish);
        await writeAudit(sql, {
          ...{ tenantId, actor, ip, action: 'retention.edit', target: `tenant:${tenantId}` },
          ...{ before: before.chosen, after: wish },
        });
        tellVersion(c, wish);
        return { tier: before.tier, chosen: wish };
      });
      return c.json(shown(kept), 200);
    },
  );
};
