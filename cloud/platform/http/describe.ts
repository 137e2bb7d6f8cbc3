/**
 * How operations are described: the parts that routes write down themselves, and what follows for
 * every operation from how it is built (who may call it, what it reads), added in one place so that
 * the document can't forget it. Describes only; guards (./caller.ts) decide.
 */
import { type createRoute, z } from '@hono/zod-openapi';
import { requestBytesMax } from '@signalbeam/sync/core/limits';
import type { MiddlewareHandler } from 'hono';
import { type Access, type ApiEnv, accessOf } from './caller.ts';
import { conditionOf, tagAnswer } from './entity-tag.ts';
import { idempotencyHeader, keyPattern } from './idempotency.ts';
import { refuseBody } from './no-body.ts';

export const problemSchema = z
  .strictObject({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    code: z.string().openapi({ description: 'Stable; docs/errors.md lists them all' }),
    detail: z.string(),
    next: z.string().optional(),
    errors: z
      .array(
        z.strictObject({
          path: z.string(),
          message: z.string(),
          start: z.int().optional().openapi({ description: 'Where in a text the fault begins' }),
          end: z.int().optional(),
        }),
      )
      .optional(),
  })
  .openapi('Problem', {
    example: {
      type: 'https://signalbeam.dev/errors/invalid-request',
      title: 'The request is not understood',
      status: 400,
      code: 'invalid-request',
      detail: 'The body is not as described.',
      errors: [{ path: 'colour', message: 'is not a known field' }],
    },
  });

const header = (description: string) => ({ description, schema: { type: 'string' as const } });

export const problem = (description: string, headers?: Record<string, string>) => ({
  description,
  content: { 'application/problem+json': { schema: problemSchema } },
  ...(headers === undefined
    ? {}
    : {
        headers: Object.fromEntries(
          Object.entries(headers).map(([name, text]) => [name, header(text)]),
        ),
      }),
});

const retryAfter = { 'Retry-After': 'Seconds to wait' };
const limited = {
  ...retryAfter,
  RateLimit: 'What is left of the allowance, and the seconds until it is whole again',
  'RateLimit-Policy': 'The allowance and its window in seconds',
};
export const notFound = { 404: problem('There is no such thing in this tenant') };
export const conflict = { 409: problem('In conflict with the present state') };
export const tooMany = { 429: problem('Too many requests at once or in a row', limited) };
export const unacceptable = { 422: problem('The content is not acceptable; errors say where') };

export const json = <T extends z.ZodType>(schema: T, description: string) => ({
  description,
  content: { 'application/json': { schema } },
});
/** A JSON body with an example that can be sent as it is (ids aside). */
export const body = <T extends z.ZodType>(schema: T, example: z.input<T>) => ({
  required: true as const,
  content: { 'application/json': { schema, example } },
});

const user = [{ user: [] }, { session: [] }];
const device = [{ device: [] }, { apiKey: [], tenant: [] }];

const words = (access: Access): string => {
  switch (access.kind) {
    case 'user':
      return access.everySite
        ? `Needs a user with the role ${access.role} or above, who is not held to some sites.`
        : access.person
          ? 'Needs a person who signed in.'
          : `Needs a user with the role ${access.role} or above.`;
    case 'device':
      return access.role === 'pending' ? 'Needs a registered device.' : 'Needs an approved device.';
    case 'both':
      return `Needs a user with the role ${access.role} or above, or the approved device itself.`;
  }
};

type Route = Parameters<typeof createRoute>[0];

const always = {
  ...tooMany,
  500: problem('An unforeseen error; it was logged with the request id'),
  503: problem('What this needs does not answer; nothing was changed', retryAfter),
};
const guarded = {
  401: problem('No credential, or one that is not valid any more', {
    'WWW-Authenticate': 'How to send one',
  }),
  403: problem('This credential may not do this'),
};
const tooLarge = { 413: problem(`The body is larger than ${requestBytesMax} bytes`) };
const wrongKind = { 415: problem('The body is not application/json') };

const inHeader = (name: string, description: string, schema: object, required = false) =>
  ({
    name,
    in: 'header' as const,
    description,
    required,
    schema: { type: 'string', ...schema },
  }) as const;

const ifNoneMatch = inHeader(
  'If-None-Match',
  'The ETag of what is known: 304 if it is the same',
  {},
);
const ifMatch = (required: boolean) =>
  inHeader('If-Match', 'The ETag of what was read: 412 if it was changed since', {}, required);
const idempotencyKey = inHeader(
  idempotencyHeader,
  'Made up for this request and sent again with its repeats: these get the first answer. Kept for a day.',
  { pattern: keyPattern },
);

const isJson = (response: object | undefined): boolean =>
  'application/json' in ((response as { content?: object } | undefined)?.content ?? {});

/** What is added to routes by what they are, with the words that describe it. */
type Extra = {
  middleware: MiddlewareHandler<ApiEnv>[];
  parameters: ReturnType<typeof inHeader>[];
  responses: Record<number, { description: string }>;
};

const readsTagged: Extra = {
  middleware: [tagAnswer],
  parameters: [ifNoneMatch],
  responses: { 304: { description: 'The same as If-None-Match names' } },
};
const writesTagged = (required: boolean): Extra => ({
  middleware: [tagAnswer],
  parameters: [ifMatch(required)],
  responses: {
    412: problem('It was changed since; nothing was changed'),
    ...(required ? { 428: problem('If-Match is missing; nothing was changed') } : {}),
  },
});
const keyed = (idempotency: MiddlewareHandler<ApiEnv>): Extra => ({
  middleware: [idempotency],
  parameters: [idempotencyKey],
  responses: {
    409: problem('In conflict with the present state, or its repeat is being carried out'),
    422: problem('The content is not acceptable, or the key came with another request'),
  },
});

export type RouteParts = {
  /** Answers repeats of POST; from `createIdempotency`. */
  idempotency?: MiddlewareHandler<ApiEnv> | undefined;
};

const extrasOf = (route: Route, access: Access | undefined, parts: RouteParts): Extra[] => {
  const condition = [route.middleware ?? []].flat().map(conditionOf).find(Boolean);
  const { body: taken } = route.request ?? {};
  const wholeBody = taken === undefined || 'application/json' in taken.content;
  const mayRepeat = route.method === 'post' && access !== undefined && wholeBody;
  return [
    ...(route.method === 'get' && isJson(route.responses[200]) ? [readsTagged] : []),
    ...(condition === undefined ? [] : [writesTagged(condition.required)]),
    ...(mayRepeat && parts.idempotency !== undefined ? [keyed(parts.idempotency)] : []),
  ];
};

/**
 * The same route with what its guards and its inputs imply. What it says itself wins; what it does
 * not say that it takes (a query, a body) is refused.
 */
export const describeRoute = (route: Route, parts: RouteParts = {}): Route => {
  const guards = [route.middleware ?? []].flat();
  const access = guards.map(accessOf).find((found) => found !== undefined);
  const { query = z.strictObject({}), body: taken } = route.request ?? {};
  const mayChange = route.method !== 'get';
  const takesJson = taken !== undefined && 'application/json' in taken.content;
  const sentences = [route.description, access && words(access)].filter(Boolean);
  const extras = extrasOf(route, access, parts);
  const parameters = extras.flatMap((extra) => extra.parameters);
  const added = extras.flatMap(({ middleware }) => middleware);
  return {
    ...route,
    // Guards first: who may not call this must not reserve a key or learn of a version.
    middleware: [...guards, ...added, ...(mayChange && taken === undefined ? [refuseBody] : [])],
    request: { ...route.request, query },
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(sentences.length === 0 ? {} : { description: sentences.join(' ') }),
    security: access === undefined ? [] : { user, device, both: [...user, ...device] }[access.kind],
    responses: {
      ...always,
      ...(access === undefined ? {} : guarded),
      400: problem('The request is not as described; errors say where'),
      ...(mayChange ? tooLarge : {}),
      ...(takesJson ? wrongKind : {}),
      ...Object.assign({}, ...extras.map(({ responses }) => responses)),
      ...route.responses,
    },
  };
};
