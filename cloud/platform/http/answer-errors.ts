/**
 * What a thrown error becomes: an answer, and a line of the log that names the route. What breaks
 * because the client went away is neither a failure of ours nor one of the database.
 */
import type { HttpBindings } from '@hono/node-server';
import type { OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { HTTPException } from 'hono/http-exception';
import { routePath } from 'hono/route';
import type { Logger } from '../logging/log.ts';
import type { ApiEnv } from './caller.ts';
import { problemBody, problemOf, problemResponse } from './problem.ts';

const describeHttpException = (error: HTTPException): Response =>
  error.status === 400
    ? problemResponse(problemBody('malformed-json', 'The body is not valid JSON.'))
    : error.status === 415
      ? problemResponse(
          problemBody('unsupported-media-type', 'The body must be JSON.', {
            next: 'Send it with content-type: application/json.',
          }),
        )
      : problemResponse(problemBody('invalid-request', error.message || 'The request is refused.'));

/** Its body will never be whole: the connection ended, or we ended one that took too long. */
const hasBrokenOff = (c: Context<ApiEnv>): boolean => {
  const { incoming } = (c.env ?? {}) as Partial<HttpBindings>;
  return incoming?.destroyed === true && !incoming.complete;
};

export const answerErrors = (api: OpenAPIHono<ApiEnv>, log: Logger): void => {
  api.onError((error, c) => {
    const { method, path } = c.req;
    const fields = { error, requestId: c.var.requestId, method, path };
    if (hasBrokenOff(c)) {
      log.info({ ...fields, route: routePath(c, -1) }, 'a client broke off its request');
      return problemResponse(problemBody('client-gone', 'The body broke off.'));
    }
    if (error instanceof HTTPException) return describeHttpException(error);
    const body = problemOf(error);
    const { code } = body;
    if (body.status >= 500)
      log.error({ ...fields, route: routePath(c, -1), code }, 'a request failed');
    else log.debug({ ...fields, error: undefined, code }, 'a request was refused');
    return problemResponse(body);
  });
  api.notFound(() =>
    problemResponse(problemBody('not-found', 'There is nothing at this address.')),
  );
};
