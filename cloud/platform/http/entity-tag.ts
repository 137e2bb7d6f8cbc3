/**
 * Entity tags of JSON answers. A tag is `"<version>.<hash>"`: the hash is of the answer as it was
 * sent, so If-None-Match is right for all of it; the version, where there is one, is of what people
 * change, so a heartbeat between reading and writing does not spoil an If-Match.
 */
import { createHash } from 'node:crypto';
import type { MiddlewareHandler } from 'hono';
import type { ApiEnv, EntityTags } from './caller.ts';
import { problemBody, problemResponse, refusal } from './problem.ts';

/** A handler's context, whatever else is on it. */
export type Tagged = { var: { tags: EntityTags } };

const digest = (content: string | Uint8Array): string =>
  createHash('sha256').update(content).digest('base64url').slice(0, 16);

/** Whoever read it and whoever has just changed it may have put its fields in another order. */
const inOrder = (_key: string, value: unknown): unknown =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date)
    ? Object.fromEntries(Object.entries(value).toSorted(([one], [two]) => (one < two ? -1 : 1)))
    : value;

/**
 * The version of what `facts` say, which must be all that a conditional write may change. Lists show
 * it with each thing, for those that have no address of their own to read a tag from.
 */
export const versionOf = (facts: unknown): string => digest(JSON.stringify(facts, inOrder));

const tagsIn = (header: string): string[] =>
  header.split(',').map((tag) => tag.trim().replace(/^W\//, ''));

/** Whether If-Match allows a write on this version. */
const allowsVersion = (ifMatch: string, version: string): boolean =>
  ifMatch.trim() === '*' ||
  tagsIn(ifMatch).some((tag) => tag === `"${version}"` || tag.startsWith(`"${version}.`));

const isKnown = (ifNoneMatch: string | undefined, tag: string): boolean =>
  ifNoneMatch !== undefined && (ifNoneMatch.trim() === '*' || tagsIn(ifNoneMatch).includes(tag));

/** Says what an answer's version is: in the handler that reads or has changed the thing. */
export const tellVersion = (c: Tagged, facts: unknown): void => {
  c.var.tags.version = versionOf(facts);
};

/**
 * Refuses a write whose If-Match names another version. Call it in the transaction, once the row
 * is locked: what was looked at earlier may have changed since.
 */
export const holdVersion = (c: Tagged, facts: unknown): void => {
  const { tags } = c.var;
  tags.held = true;
  const { ifMatch } = tags;
  if (ifMatch !== undefined && !allowsVersion(ifMatch, versionOf(facts))) {
    throw refusal('version-changed', 'It was changed since it was read; nothing was changed.', {
      next: 'Read it again, and repeat the change on what it is now.',
    });
  }
};

const conditions = new WeakMap<object, { required: boolean }>();

/** What a middleware asks of If-Match; undefined when it is about something else. */
export const conditionOf = (middleware: object) => conditions.get(middleware);

/**
 * A write that minds If-Match, and with `required` one that is refused without. Its handler calls
 * `holdVersion`; forgetting that is a bug that the first conditional request shows.
 */
export const conditional = (options: { required?: boolean } = {}): MiddlewareHandler<ApiEnv> => {
  const required = options.required ?? false;
  const condition: MiddlewareHandler<ApiEnv> = async (c, next) => {
    const ifMatch = c.req.header('if-match');
    if (ifMatch === undefined && required) {
      throw refusal('version-required', 'This change must say which version it is about.', {
        next: 'Send the ETag of what was read as If-Match, or * for any.',
      });
    }
    if (ifMatch !== undefined) c.var.tags.ifMatch = ifMatch;
    await next();
    if (ifMatch !== undefined && c.res.ok && c.var.tags.held !== true) {
      c.res = problemResponse(problemBody('internal', 'A condition was not looked at.'));
    }
  };
  conditions.set(condition, { required });
  return condition;
};

/** Tags JSON answers, and answers 304 to who has the same already. */
export const tagAnswer: MiddlewareHandler<ApiEnv> = async (c, next) => {
  await next();
  const type = c.res.headers.get('content-type') ?? '';
  if (c.res.status !== 200 || !type.startsWith('application/json')) return;
  if (c.res.headers.has('etag')) return;
  const bytes = new Uint8Array(await c.res.arrayBuffer());
  const { version = '' } = c.var.tags;
  const tag = `"${version}.${digest(bytes)}"`;
  const reads = c.req.method === 'GET' || c.req.method === 'HEAD';
  const unchanged = reads && isKnown(c.req.header('if-none-match'), tag);
  const headers = new Headers(c.res.headers);
  headers.set('etag', tag);
  // Its own user's browser may keep it, and asks each time whether it still is so.
  if (reads && !headers.has('cache-control')) headers.set('cache-control', 'private, no-cache');
  for (const name of unchanged ? ['content-type', 'content-length'] : []) headers.delete(name);
  c.res = undefined;
  c.res = new Response(unchanged ? null : bytes, { status: unchanged ? 304 : 200, headers });
};
