/**
 * How every HTTP application of the cloud starts: validation failures with paths, errors as
 * problem+json, limits on bodies, request ids, security headers. Services add routes to `createApi`;
 * a process serves the result of `createHost` (./host.ts).
 */
import { randomUUID } from 'node:crypto';
import type { HttpBindings } from '@hono/node-server';
import { OpenAPIHono } from '@hono/zod-openapi';
import { requestBytesMax } from '@signalbeam/sync/core/limits';
import type { MiddlewareHandler } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import type { z } from 'zod';
import type { Logger } from '../logging/log.ts';
import { answerErrors } from './answer-errors.ts';
import type { ApiEnv } from './caller.ts';
import { describeRoute } from './describe.ts';
import { fieldWords } from './field-words.ts';
import { type FieldError, problemBody, problemResponse, refusal } from './problem.ts';
import { traceRequests } from './trace-requests.ts';
import { refuseWrongMethods } from './wrong-method.ts';

export type Api = OpenAPIHono<ApiEnv>;

export type ApiOptions = {
  log: Logger;
  /** Sets `authentication`; from `createAuthenticator(...)`. */
  authenticate: MiddlewareHandler<ApiEnv>;
  /** Paths (exact or ending in `*`) whose bodies are streams with a limit of their own. */
  streamedPaths?: readonly string[];
  bodyBytesMax?: number;
  /** Measures requests by route. */
  measure?: MiddlewareHandler<ApiEnv>;
  /** Whether X-Forwarded-For is our own proxy's word. */
  trustedProxy?: boolean;
  /** Counts requests per credential; from `limitRate(...)`. */
  limitRate?: MiddlewareHandler<ApiEnv>;
  /** Answers repeats of a request; from `createIdempotency(...)`. */
  idempotency?: MiddlewareHandler<ApiEnv>;
};

const pathOf = (path: PropertyKey[]): string =>
  path.reduce<string>(
    (text, part) =>
      typeof part === 'number'
        ? `${text}[${part}]`
        : text === ''
          ? String(part)
          : `${text}.${String(part)}`,
    '',
  );

/** A zod error as the list of what is wrong and where. */
export const fieldErrors = (error: z.ZodError): FieldError[] =>
  error.issues.flatMap((issue) =>
    issue.code === 'unrecognized_keys'
      ? issue.keys.map((key) => ({
          path: pathOf([...issue.path, key]),
          message: 'is not a known field',
        }))
      : [{ path: pathOf(issue.path), message: fieldWords(issue) }],
  );

const requestId: MiddlewareHandler<ApiEnv> = async (c, next) => {
  const given = c.req.header('x-request-id');
  const id = given !== undefined && /^[\w.-]{8,64}$/.test(given) ? given : randomUUID();
  c.set('requestId', id);
  await next();
  c.res.headers.set('x-request-id', id);
};

/** The address of the client: of the socket, or what our own proxy appended last. */
const clientAddress = (
  bindings: unknown,
  forwarded: string | undefined,
  trustedProxy: boolean,
): string | null => {
  const told = trustedProxy ? forwarded?.split(',').at(-1)?.trim() : undefined;
  if (told !== undefined && told !== '') return told;
  const { incoming } = (bindings ?? {}) as Partial<HttpBindings>;
  return incoming?.socket.remoteAddress ?? null;
};

const limitBody = (options: ApiOptions): MiddlewareHandler<ApiEnv> => {
  const maxSize = options.bodyBytesMax ?? requestBytesMax;
  const limit = bodyLimit({
    maxSize,
    onError: () => {
      throw refusal('body-too-large', `The body may have at most ${maxSize} bytes.`);
    },
  });
  const streamed = options.streamedPaths ?? [];
  return (c, next) =>
    streamed.some((path) =>
      path.endsWith('*') ? c.req.path.startsWith(path.slice(0, -1)) : c.req.path === path,
    )
      ? next()
      : limit(c, next);
};

/** What is read of a body that nobody wanted, so that its connection stays good for the next request. */
const discardedBytesMax = 4 * 1024 * 1024;

const discard = async (body: ReadableStream<Uint8Array>): Promise<boolean> => {
  let seen = 0;
  for await (const chunk of body) {
    seen += chunk.byteLength;
    if (seen > discardedBytesMax) return false;
  }
  return true;
};

/**
 * Refused requests leave their body unread. A client that still sends would meet a broken
 * connection instead of the answer, so the rest is read; what is too long ends the connection.
 */
const finishBody: MiddlewareHandler<ApiEnv> = async (c, next) => {
  await next();
  const { incoming } = (c.env ?? {}) as Partial<HttpBindings>;
  if (incoming === undefined || incoming.readableEnded || c.req.raw.body === null) return;
  const announced = Number(c.req.header('content-length') ?? 0);
  const { body } = c.req.raw;
  const read =
    !body.locked && announced <= discardedBytesMax && (await discard(body).catch(() => false));
  if (!read) c.res.headers.set('connection', 'close');
};

/** What hono's validator looked at, in words of whoever asks. */
const places: Readonly<Record<string, string>> = {
  json: 'body',
  param: 'address',
  header: 'head of the request',
};

/** An application with the house's manners; add routes with `api.openapi(createRoute(...), handler)`. */
export const createApi = (options: ApiOptions): Api => {
  const api = new OpenAPIHono<ApiEnv>({
    defaultHook: (result) => {
      if (result.success) return;
      const errors = fieldErrors(result.error);
      return problemResponse(
        problemBody(
          'invalid-request',
          `The ${places[result.target] ?? result.target} is not as described.`,
          { errors },
        ),
      );
    },
  });
  const register = api.openapi;
  // Its type says the same of the described route as of the given one.
  api.openapi = ((route, handler, hook) =>
    register(
      describeRoute(route, { idempotency: options.idempotency }) as typeof route,
      handler,
      hook,
    )) as typeof register;
  answerErrors(api, options.log);
  api.use('*', traceRequests);
  if (options.measure !== undefined) api.use('*', options.measure);
  api.use('*', requestId, async (c, next) => {
    c.set('tags', {});
    c.set('log', options.log.child({ requestId: c.var.requestId }));
    const forwarded = c.req.header('x-forwarded-for');
    c.set('clientAddress', clientAddress(c.env, forwarded, options.trustedProxy ?? false));
    await next();
  });
  api.use('*', finishBody, limitBody(options), refuseWrongMethods(api));
  api.use('/api/*', options.authenticate);
  if (options.limitRate !== undefined) api.use('/api/*', options.limitRate);
  return api;
};
