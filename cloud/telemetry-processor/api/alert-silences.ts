/** Silences and maintenance windows: who is not told, of what, until when, and why. */
import { createRoute, z } from '@hono/zod-openapi';
import { authorOf, requireUser } from '@signalbeam/platform/http/caller';
import { pageOf, readCursor } from '@signalbeam/platform/http/cursor';
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
import { builtInRule } from '../core/alert-rules.ts';
import { isInForce } from '../core/alert-silences.ts';
import { ownRules } from '../store/alert-rules.ts';
import {
  changeSilence,
  countOpenSilences,
  deleteSilence,
  insertSilence,
  listSilences,
  lockSilence,
  type SilenceRecord,
} from '../store/alert-silences.ts';
import { deviceExists } from '../store/reads.ts';
import {
  idParams,
  newSilenceSchema,
  silenceChangeSchema,
  silenceSchema,
  silencesQuery,
} from './alert-schemas.ts';
import type { AddRoutes } from './parts.ts';

const tags = ['Alerts'];
export const silencesMax = 500;
/** A year: what is never to be told is a rule that is turned off. */
const silenceMsMax = 366 * 86_400_000;
const noSuchSilence = () => refusal('not-found', 'There is no such silence.');
const position = z.tuple([z.iso.datetime(), z.uuid()]);

/** What of a silence can be changed. */
const changeable = ({ reason, endsAtMs }: SilenceRecord) => ({ reason, endsAtMs });

const shown = (silence: SilenceRecord, nowMs: number): z.infer<typeof silenceSchema> => {
  const { startsAtMs, endsAtMs, createdAt, ...facts } = silence;
  return {
    ...facts,
    startsAt: new Date(startsAtMs).toISOString(),
    endsAt: new Date(endsAtMs).toISOString(),
    inForce: isInForce(silence, nowMs),
    createdAt: createdAt.toISOString(),
    version: versionOf(changeable(silence)),
  };
};

const factsOf = ({ id: _, createdBy: __, createdAt: ___, ...facts }: SilenceRecord) => facts;

const refused = (path: string, message: string) =>
  refusal('invalid-request', 'The silence makes no sense as it is.', {
    errors: [{ path, message }],
  });

const checkSpan = (startsAtMs: number, endsAtMs: number, nowMs: number): void => {
  if (endsAtMs <= startsAtMs) throw refused('endsAt', 'must be after the start');
  if (endsAtMs <= nowMs) throw refused('endsAt', 'is over already');
  if (endsAtMs - startsAtMs > silenceMsMax)
    throw refused('endsAt', 'at most a year after the start');
};

/** What it names must be there, or a slip of the pen would silence nothing, unnoticed. */
const checkNamed = async (
  sql: Sql,
  given: Pick<SilenceRecord, 'deviceId' | 'site' | 'groupId' | 'tag' | 'ruleId'>,
): Promise<void> => {
  const { deviceId, site, groupId, tag, ruleId } = given;
  if ((deviceId ?? site ?? groupId ?? tag ?? ruleId) === null) {
    throw refused('', 'must name a device, a site, a group, a tag or a rule');
  }
  if (deviceId !== null && !(await deviceExists(sql, deviceId))) {
    throw refused('deviceId', 'there is no such device');
  }
  if (groupId !== null) {
    const { rowCount } = await sql.query(
      'SELECT 1 FROM device_manager.public_groups WHERE group_id = $1',
      [groupId],
    );
    if (rowCount === 0) throw refused('groupId', 'there is no such group');
  }
  if (ruleId !== null && builtInRule(ruleId) === undefined) {
    const own = await ownRules(sql);
    if (!own.some(({ id }) => id === ruleId)) throw refused('ruleId', 'there is no such rule');
  }
};

const tell = (
  sql: Sql,
  author: ReturnType<typeof authorOf>,
  verb: string,
  id: string,
  change: { before?: unknown; after?: unknown },
): Promise<void> =>
  writeAudit(sql, {
    tenantId: author.tenantId,
    actor: author.actor,
    action: `silence.${verb}`,
    target: `silence:${id}`,
    ...change,
    ip: author.ip,
  });

const addReading: AddRoutes = (api, { pools, now }) => {
  api.openapi(
    createRoute({
      method: 'get',
      path: '/api/alert-silences',
      tags,
      summary: 'Lists silences and maintenance windows, those that end last first',
      middleware: [requireUser('viewer')] as const,
      request: { query: silencesQuery },
      responses: {
        200: json(
          z.strictObject({ silences: z.array(silenceSchema), nextCursor: z.string().nullable() }),
          'A page',
        ),
      },
    }),
    async (c) => {
      const { all, cursor, limit } = c.req.valid('query');
      const given = readCursor(cursor, position);
      const after = given === null ? null : { endsAt: new Date(given[0]), id: given[1] };
      const endAfter = all === 'true' ? null : new Date(now());
      const found = await withTenant(pools.api, c.var.caller, (sql) =>
        listSilences(sql, { after, endAfter, limit: limit + 1 }),
      );
      const page = pageOf(found, limit, (each) => [new Date(each.endsAtMs).toISOString(), each.id]);
      const silences = page.rows.map((silence) => shown(silence, now()));
      return c.json({ silences, nextCursor: page.nextCursor }, 200);
    },
  );
};

const addMaking: AddRoutes = (api, { pools, now }) => {
  api.openapi(
    createRoute({
      method: 'post',
      path: '/api/alert-silences',
      tags,
      summary:
        'Holds the telling of alerts back for a time; they are recorded and shown all the same',
      middleware: [requireUser('operator')] as const,
      request: {
        body: body(newSilenceSchema, {
          ...{ site: 'plant-7', reason: 'The switch is replaced.' },
          endsAt: '2031-01-01T06:00:00Z',
          startsAt: '2030-12-31T22:00:00Z',
        }),
      },
      responses: { 201: json(silenceSchema, 'The silence'), ...conflict },
    }),
    async (c) => {
      const author = authorOf(c.var);
      const { startsAt, endsAt, ...given } = c.req.valid('json');
      const nowMs = now();
      const startsAtMs = startsAt === undefined ? nowMs : Date.parse(startsAt);
      const endsAtMs = Date.parse(endsAt);
      checkSpan(startsAtMs, endsAtMs, nowMs);
      const made = await changeTenant(pools.api, author, async (sql) => {
        await sql.query(`SELECT pg_advisory_xact_lock(hashtextextended('silences:' || $1, 0))`, [
          author.tenantId,
        ]);
        if ((await countOpenSilences(sql, new Date(nowMs))) >= silencesMax) {
          throw refusal('conflict', `There are ${silencesMax} silences, which is the limit.`, {
            next: 'End one, or silence a site, a group or a tag instead of devices.',
          });
        }
        await checkNamed(sql, given);
        const silence = await insertSilence(sql, author.tenantId, {
          ...{ ...given, startsAtMs, endsAtMs },
          createdBy: author.actor,
          createdAt: new Date(nowMs),
        });
        await tell(sql, author, 'create', silence.id, { after: factsOf(silence) });
        return silence;
      });
      return c.json(shown(made, nowMs), 201);
    },
  );
};

const addChanging: AddRoutes = (api, { pools, now }) => {
  api.openapi(
    createRoute({
      method: 'patch',
      path: '/api/alert-silences/{id}',
      tags,
      summary: 'Changes the reason or the end of a silence',
      middleware: [requireUser('operator'), conditional()] as const,
      request: {
        params: idParams,
        body: body(silenceChangeSchema, { reason: 'It takes longer.' }),
      },
      responses: { 200: json(silenceSchema, 'The silence'), ...notFound },
    }),
    async (c) => {
      const author = authorOf(c.var);
      const { id } = c.req.valid('param');
      const { reason, endsAt } = c.req.valid('json');
      const nowMs = now();
      const changed = await changeTenant(pools.api, author, async (sql) => {
        const before = await lockSilence(sql, id);
        if (before === null) throw noSuchSilence();
        holdVersion(c, changeable(before));
        const endsAtMs = endsAt === undefined ? before.endsAtMs : Date.parse(endsAt);
        if (endsAt !== undefined) checkSpan(before.startsAtMs, endsAtMs, nowMs);
        const after = { ...before, reason: reason ?? before.reason, endsAtMs };
        await changeSilence(sql, id, { reason: after.reason, endsAt: new Date(endsAtMs) });
        await tell(sql, author, 'change', id, { before: factsOf(before), after: factsOf(after) });
        tellVersion(c, changeable(after));
        return after;
      });
      return c.json(shown(changed, nowMs), 200);
    },
  );
  api.openapi(
    createRoute({
      method: 'delete',
      path: '/api/alert-silences/{id}',
      tags,
      summary: 'Ends a silence: alerts that are still active are told of now',
      middleware: [requireUser('operator')] as const,
      request: { params: idParams },
      responses: { 204: { description: 'Ended' }, ...notFound },
    }),
    async (c) => {
      const author = authorOf(c.var);
      const { id } = c.req.valid('param');
      await changeTenant(pools.api, author, async (sql) => {
        const before = await lockSilence(sql, id);
        if (before === null) throw noSuchSilence();
        await deleteSilence(sql, id);
        await tell(sql, author, 'delete', id, { before: factsOf(before) });
      });
      return c.body(null, 204);
    },
  );
};

export const addAlertSilenceRoutes: AddRoutes = (api, parts) => {
  for (const add of [addReading, addMaking, addChanging]) add(api, parts);
};
