/**
 * Letters that could not be taken: looked at, tried again, thrown away; by admins of every site, each
 * change in the audit log. A frame and an event are sent to the hub once more, as they were: ingest
 * and consumers bear repeats, and what is refused again becomes a letter again. A row is stored.
 */
import { createRoute, z } from '@hono/zod-openapi';
import { authorOf, requireUser } from '@signalbeam/platform/http/caller';
import { conflict, json, notFound } from '@signalbeam/platform/http/describe';
import { refusal } from '@signalbeam/platform/http/problem';
import { writeAudit } from '@signalbeam/platform/postgres/audit';
import { type Author, changeTenant, withTenant } from '@signalbeam/platform/postgres/tenant';
import { transaction } from '@signalbeam/platform/postgres/transaction';
import { plainText } from '@signalbeam/sync/wire/shape';
import type { PoolClient } from 'pg';
import { withoutSecrets } from '../core/redact.ts';
import type { StoredLane } from '../ingest/decode.ts';
import { replayRow } from '../ingest/replay.ts';
import { isAboutContent } from '../ingest/set-aside.ts';
import {
  type Letter,
  type LetterId,
  letterIdText,
  letterKinds,
  listLetters,
  parseLetterId,
  readLetter,
  takeLetter,
  type WholeLetter,
} from '../store/dead-letters.ts';
import type { AddRoutes, Parts } from './parts.ts';

const tags = ['Dead letters'];
const publishMs = 5_000;

const letterSchema = z
  .strictObject({
    id: z.string(),
    kind: z.enum(letterKinds),
    at: z.iso.datetime(),
    subject: z.string(),
    code: z.string(),
    reason: z.string(),
    bytes: z.int(),
    deviceId: z.uuid().nullable(),
    lane: z.string().nullable(),
    epoch: z.string().nullable(),
    seq: z.int().nullable(),
    consumer: z.string().nullable(),
    deliveries: z.int().nullable(),
  })
  .openapi('DeadLetter');
const wholeSchema = z
  .strictObject({
    letter: letterSchema,
    /** Rows and events, their secrets cut out; null for frames, which are signed and packed. */
    content: z.string().nullable(),
  })
  .openapi('WholeDeadLetter');
const pageSchema = z
  .strictObject({ letters: z.array(letterSchema), nextCursor: z.string().nullable() })
  .openapi('DeadLetters');
const replayedSchema = z
  .strictObject({
    /** `stored`: a row, in its table. `sent`: a frame or an event, to the hub. */
    outcome: z.enum(['stored', 'sent']),
  })
  .openapi('ReplayedDeadLetter');

export const causeSchema = plainText(100).min(1);
const listQuery = z.strictObject({
  kind: z.enum(letterKinds).default('ingest'),
  /** The code of what was refused, or the consumer that gave up. */
  cause: causeSchema.optional(),
  cursor: z.string().max(30).optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
});
const idParams = z.strictObject({
  id: z.string().regex(/^(ingest|events)-[1-9]\d{0,15}$/, 'ingest-… or events-…'),
});
export const lettersGuard = requireUser('admin', { everySite: true });

const shown = (kind: LetterId['kind'], letter: Letter): z.infer<typeof letterSchema> => {
  const { id, at, device_id, subject, code, reason, bytes, lane, epoch, seq } = letter;
  const { consumer, deliveries } = letter;
  return {
    ...{ id: letterIdText({ kind, id }), kind, at: at.toISOString() },
    ...{
      subject,
      code,
      reason,
      bytes,
      deviceId: device_id,
      lane,
      epoch,
      seq,
      consumer,
      deliveries,
    },
  };
};

const noSuchLetter = () => refusal('not-found', 'There is no such letter.');
const idOf = (text: string): LetterId => {
  const id = parseLetterId(text);
  if (id === null) throw noSuchLetter();
  return id;
};

const addList: AddRoutes = (api, parts) => {
  api.openapi(
    createRoute({
      method: 'get',
      path: '/api/telemetry/dead-letters',
      tags,
      summary: 'Messages and rows that could not be taken, the newest first',
      middleware: [lettersGuard] as const,
      request: { query: listQuery },
      responses: { 200: json(pageSchema, 'A page of them') },
    }),
    async (c) => {
      const { kind, cause = null, cursor, limit } = c.req.valid('query');
      const before = cursor === undefined ? null : parseLetterId(cursor);
      if (cursor !== undefined && before?.kind !== kind) {
        throw refusal('invalid-request', 'The cursor is not one that this list gave out.', {
          errors: [{ path: 'cursor', message: 'use nextCursor of the page before' }],
        });
      }
      const { caller } = c.var;
      const wanted = { kind, cause, beforeId: before?.id ?? null, limit: limit + 1 };
      const rows = await withTenant(parts.pools.api, caller, (sql) =>
        listLetters(sql, caller.tenantId, wanted),
      );
      const page = rows.slice(0, limit).map((row) => shown(kind, row));
      const nextCursor = rows.length > limit ? (page.at(-1)?.id ?? null) : null;
      return c.json({ letters: page, nextCursor }, 200);
    },
  );
};

const addShow: AddRoutes = (api, parts) => {
  api.openapi(
    createRoute({
      method: 'get',
      path: '/api/telemetry/dead-letters/{id}',
      tags,
      summary: 'One of them, without its secrets',
      middleware: [lettersGuard] as const,
      request: { params: idParams },
      responses: { 200: json(wholeSchema, 'The letter'), ...notFound },
    }),
    async (c) => {
      const id = idOf(c.req.valid('param').id);
      const { caller } = c.var;
      const letter = await withTenant(parts.pools.api, caller, (sql) =>
        readLetter(sql, caller.tenantId, id),
      );
      if (letter === null) throw noSuchLetter();
      const isText = id.kind === 'events' || letter.lane !== null;
      const content = isText ? withoutSecrets(letter.payload.toString('utf8')) : null;
      return c.json({ letter: shown(id.kind, letter), content }, 200);
    },
  );
};

const tell = (client: PoolClient, author: Author, verb: string, id: LetterId, letter: Letter) =>
  writeAudit(client, {
    tenantId: author.tenantId,
    actor: author.actor,
    action: `dead-letter.${verb}`,
    target: `dead-letter:${letterIdText(id)}`,
    before: { subject: letter.subject, code: letter.code, deviceId: letter.device_id },
    ip: author.ip,
    requestId: author.requestId,
  });

const send = async (parts: Parts, letter: WholeLetter): Promise<'sent'> => {
  if (letter.consumer === 'event-publisher') {
    throw refusal(
      'wrong-state',
      'It is larger than a message may be, so it can only be discarded.',
    );
  }
  const { js, isConnected } = parts.cloud;
  if (!isConnected()) throw refusal('broker-unavailable', 'The hub does not answer.');
  await js.publish(letter.subject, letter.payload, { timeout: publishMs }).catch(() => {
    throw refusal('broker-unavailable', 'The hub did not take it.');
  });
  return 'sent';
};

const store = async (
  client: PoolClient,
  tenantId: string,
  letter: WholeLetter,
): Promise<'stored'> => {
  const { device_id: deviceId, lane, epoch, seq, payload, at } = letter;
  if (deviceId === null || lane === null || epoch === null || seq === null) {
    throw new Error('a row that was set aside has its lane and number');
  }
  const replayed = await replayRow(client, {
    ...{ tenantId, deviceId, epoch, seq, lane: lane as StoredLane },
    ...{ text: payload.toString('utf8'), receivedAt: at.getTime() },
  }).catch((error: unknown) => {
    if (!isAboutContent(error)) throw error;
    throw refusal('wrong-state', 'The database refuses it still.', { cause: error });
  });
  if (replayed.kind === 'refused') {
    throw refusal('wrong-state', `It is still not as described: ${replayed.reason}`);
  }
  return 'stored';
};

/** Rows go where requests may not write, so this runs as what ingest or the system is. */
export const replayLetter = (
  parts: Parts,
  author: Author,
  id: LetterId,
): Promise<'stored' | 'sent'> => {
  const pool = id.kind === 'ingest' ? parts.pools.ingest : parts.pools.system;
  return transaction(pool, async (client) => {
    const letter = await takeLetter(client, author.tenantId, id);
    if (letter === null) throw noSuchLetter();
    await tell(client, author, 'replay', id, letter);
    return letter.lane === null ? send(parts, letter) : store(client, author.tenantId, letter);
  });
};

const addReplay: AddRoutes = (api, parts) => {
  api.openapi(
    createRoute({
      method: 'post',
      path: '/api/telemetry/dead-letters/{id}/replay',
      tags,
      summary: 'Tries it again, and takes it off the list',
      middleware: [lettersGuard] as const,
      request: { params: idParams },
      responses: { 200: json(replayedSchema, 'What became of it'), ...notFound, ...conflict },
    }),
    async (c) => {
      const id = idOf(c.req.valid('param').id);
      return c.json({ outcome: await replayLetter(parts, authorOf(c.var), id) }, 200);
    },
  );
};

const addDiscard: AddRoutes = (api, parts) => {
  api.openapi(
    createRoute({
      method: 'delete',
      path: '/api/telemetry/dead-letters/{id}',
      tags,
      summary: 'Throws it away',
      middleware: [lettersGuard] as const,
      request: { params: idParams },
      responses: { 204: { description: 'Thrown away' }, ...notFound },
    }),
    async (c) => {
      const id = idOf(c.req.valid('param').id);
      const author = authorOf(c.var);
      await changeTenant(parts.pools.api, author, async (client) => {
        const letter = await takeLetter(client, author.tenantId, id);
        if (letter === null) throw noSuchLetter();
        await tell(client, author, 'discard', id, letter);
      });
      return c.body(null, 204);
    },
  );
};

export const addDeadLetterRoutes: AddRoutes = (api, parts) => {
  for (const add of [addList, addShow, addReplay, addDiscard]) add(api, parts);
};
