/**
 * Letters by what they have in common: counted, tried again or thrown away together, a part of them at
 * each request, so that none takes long. What comes while somebody is at it is not meant.
 */
import { createRoute, z } from '@hono/zod-openapi';
import { authorOf } from '@signalbeam/platform/http/caller';
import { readCursor, writeCursor } from '@signalbeam/platform/http/cursor';
import { body, json } from '@signalbeam/platform/http/describe';
import { writeAudit } from '@signalbeam/platform/postgres/audit';
import { type Author, changeTenant, withTenant } from '@signalbeam/platform/postgres/tenant';
import { FleetError } from '@signalbeam/sync/core/errors';
import {
  countedMax,
  countLetters,
  discardLetters,
  type LetterId,
  type LetterKind,
  letterIdText,
  letterKinds,
  lettersOf,
  newestLetter,
} from '../store/dead-letters.ts';
import { causeSchema, lettersGuard, replayLetter } from './dead-letters.ts';
import type { AddRoutes, Parts } from './parts.ts';

const tags = ['Dead letters'];
const root = '/api/telemetry/dead-letters';
/** Each is a transaction, and a message to the hub. */
const replayedTogether = 50;
const discardedTogether = 500;

const causesSchema = z
  .strictObject({
    causes: z.array(
      z.strictObject({
        cause: z.string(),
        letters: z.int(),
        oldestAt: z.iso.datetime(),
        newestAt: z.iso.datetime(),
      }),
    ),
    /** There are older ones than were counted. */
    isCut: z.boolean(),
  })
  .openapi('DeadLetterCauses');
const wishSchema = z.strictObject({
  kind: z.enum(letterKinds),
  cause: causeSchema,
  /** `nextCursor` of the answer before. */
  cursor: z.string().max(200).optional(),
});
const answerSchema = z
  .strictObject({
    done: z.int(),
    /** Those that are still not as described: they stay. */
    refused: z.array(z.strictObject({ id: z.string(), reason: z.string() })),
    /** Ask again with it, until it is null. */
    nextCursor: z.string().nullable(),
  })
  .openapi('DeadLettersDone');
const wishExample = { kind: 'ingest' as const, cause: 'row-refused' };
const positionSchema = z.tuple([z.int().min(0), z.int().min(0)]);

type Wish = z.infer<typeof wishSchema>;
type Part = { kind: LetterKind; ids: number[]; nextCursor: string | null };

const partOf = (parts: Parts, author: Author, wish: Wish, limit: number): Promise<Part> =>
  withTenant(parts.pools.api, author, async (sql) => {
    const { kind, cause } = wish;
    const { tenantId } = author;
    const [afterId, upToId] = readCursor(wish.cursor, positionSchema) ?? [
      0,
      await newestLetter(sql, tenantId, kind, cause),
    ];
    const range = { kind, cause, afterId, upToId };
    const ids = await lettersOf(sql, tenantId, range, limit);
    const last = ids.at(-1);
    const isMore = ids.length === limit && last !== undefined && last < upToId;
    return { kind, ids, nextCursor: isMore ? writeCursor([last, upToId]) : null };
  });

type Tried = 'done' | 'gone' | { id: string; reason: string };

const tryOne = async (parts: Parts, author: Author, id: LetterId): Promise<Tried> => {
  try {
    await replayLetter(parts, author, id);
    return 'done';
  } catch (error) {
    if (error instanceof FleetError && error.code === 'not-found') return 'gone';
    if (!(error instanceof FleetError) || error.code !== 'wrong-state') throw error;
    return { id: letterIdText(id), reason: error.message };
  }
};

const addCauses: AddRoutes = (api, parts) => {
  api.openapi(
    createRoute({
      method: 'get',
      path: `${root}/causes`,
      tags,
      summary: 'How many letters there are of each cause, and since when',
      middleware: [lettersGuard] as const,
      request: { query: z.strictObject({ kind: z.enum(letterKinds).default('ingest') }) },
      responses: { 200: json(causesSchema, 'The causes, those of most letters first') },
    }),
    async (c) => {
      const { caller } = c.var;
      const { kind } = c.req.valid('query');
      const found = await withTenant(parts.pools.api, caller, (sql) =>
        countLetters(sql, caller.tenantId, kind),
      );
      const counted = found.reduce((sum, { letters }) => sum + letters, 0);
      const causes = found.map(({ cause, letters, oldestAt, newestAt }) => ({
        ...{ cause, letters },
        ...{ oldestAt: oldestAt.toISOString(), newestAt: newestAt.toISOString() },
      }));
      return c.json({ causes, isCut: counted >= countedMax }, 200);
    },
  );
};

const addReplay: AddRoutes = (api, parts) => {
  api.openapi(
    createRoute({
      method: 'post',
      path: `${root}/replay`,
      tags,
      summary: 'Tries those of a cause again, in the order in which they came',
      description: `At most ${replayedTogether} at each request. When the hub goes away, those before it are done.`,
      middleware: [lettersGuard] as const,
      request: { body: body(wishSchema, wishExample) },
      responses: { 200: json(answerSchema, 'What became of them, and whether there are more') },
    }),
    async (c) => {
      const author = authorOf(c.var);
      const part = await partOf(parts, author, c.req.valid('json'), replayedTogether);
      const { kind, ids, nextCursor } = part;
      const tried: Tried[] = [];
      for (const id of ids) tried.push(await tryOne(parts, author, { kind, id }));
      const refused = tried.filter((each) => typeof each === 'object');
      const done = tried.filter((each) => each === 'done').length;
      return c.json({ done, refused, nextCursor }, 200);
    },
  );
};

const addDiscard: AddRoutes = (api, parts) => {
  api.openapi(
    createRoute({
      method: 'post',
      path: `${root}/discard`,
      tags,
      summary: 'Throws those of a cause away',
      description: `At most ${discardedTogether} at each request.`,
      middleware: [lettersGuard] as const,
      request: { body: body(wishSchema, wishExample) },
      responses: { 200: json(answerSchema, 'How many are gone, and whether there are more') },
    }),
    async (c) => {
      const author = authorOf(c.var);
      const wish = c.req.valid('json');
      const { kind, ids, nextCursor } = await partOf(parts, author, wish, discardedTogether);
      const done = await changeTenant(parts.pools.api, author, async (client) => {
        const gone = await discardLetters(client, author.tenantId, kind, ids);
        if (gone.length === 0) return 0;
        const { tenantId, actor, ip, requestId } = author;
        await writeAudit(client, {
          ...{ tenantId, actor, ip, requestId, action: 'dead-letter.discard-all' },
          target: `dead-letters:${wish.cause}`,
          before: { letters: gone.map((id) => letterIdText({ kind, id })) },
        });
        return gone.length;
      });
      return c.json({ done, refused: [], nextCursor }, 200);
    },
  );
};

export const addDeadLettersOfCauseRoutes: AddRoutes = (api, parts) => {
  for (const add of [addCauses, addReplay, addDiscard]) add(api, parts);
};
