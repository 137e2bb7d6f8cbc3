/**
 * What an address answers that knows other methods than the one that was tried: 405 and, as RFC 9110
 * asks, the methods it knows in `Allow`. An address that no method knows stays a 404.
 */
import type { Env, Hono, MiddlewareHandler } from 'hono';
import { methodNotAllowed } from 'hono/method-not-allowed';
import { problemBody, problemResponse } from './problem.ts';

export const wrongMethod = (known: readonly string[]): Response => {
  const allow = known.toSorted().join(', ');
  const body = problemBody('method-not-allowed', 'This address does not know that method.', {
    next: `It knows ${allow}.`,
  });
  return problemResponse(body, { allow });
};

/** For the whole of an application; it learns the methods from the routes that are added to it. */
export const refuseWrongMethods = <E extends Env>(app: Hono<E>): MiddlewareHandler =>
  methodNotAllowed({ app, onMethodNotAllowed: (_, known) => wrongMethod(known) });
