/**
 * What stands before every request: the name it was called by (a web page may rebind its own name
 * to this address), the page that sent it, headers that keep browsers from helping an attacker.
 */
import { isIP } from 'node:net';
import { hostname } from 'node:os';
import type { Context, MiddlewareHandler } from 'hono';

const policy =
  "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'self'";

export const problem = (
  context: Context,
  status: 400 | 401 | 403 | 404 | 405 | 409 | 413 | 421 | 429 | 503,
  code: string,
  detail: string,
  next?: string,
): Response =>
  context.body(
    JSON.stringify({ type: 'about:blank', title: code, status, code, detail, next }),
    status,
    {
      'content-type': 'application/problem+json',
    },
  );

export const signInNeeded = (context: Context): Response =>
  problem(
    context,
    401,
    'sign-in-needed',
    'Sign in to change something.',
    'Run signalbeam-agent console-code on the device.',
  );

/** RFC 9110 asks that `Allow` names the methods that an address knows. */
export const wrongMethod = (context: Context, known: string[]): Response => {
  const allow = known.toSorted().join(', ');
  context.header('allow', allow);
  const detail = 'This address does not know that method.';
  return problem(context, 405, 'method-not-allowed', detail, `It knows ${allow}.`);
};

/** Addresses can't be rebound; names must be this machine's or configured. */
export const checkHost = (configured: readonly string[]): MiddlewareHandler => {
  const own = hostname().toLowerCase();
  const names = new Set([
    'localhost',
    own,
    `${own}.local`,
    ...configured.map((each) => each.toLowerCase()),
  ]);
  return async (context, next) => {
    const host = (context.req.header('host') ?? '').toLowerCase();
    const name = host.replace(/:\d+$/, '').replaceAll(/[[\]]/g, '');
    if (isIP(name) === 0 && !names.has(name)) {
      return problem(
        context,
        421,
        'unknown-host',
        'This console is not called by that name.',
        'Use its address, or start the agent with --console-host.',
      );
    }
    const safe = context.req.method === 'GET' || context.req.method === 'HEAD';
    const origin = context.req.header('origin');
    if (!safe && (origin === undefined || URL.parse(origin)?.host !== host)) {
      return problem(
        context,
        403,
        'foreign-origin',
        'Changes are accepted from this console’s own pages only.',
      );
    }
    await next();
  };
};

export const secureHeaders: MiddlewareHandler = async (context, next) => {
  await next();
  const { headers } = context.res;
  headers.set('content-security-policy', policy);
  headers.set('x-content-type-options', 'nosniff');
  headers.set('referrer-policy', 'no-referrer');
  headers.set('cross-origin-resource-policy', 'same-origin');
  headers.set('x-frame-options', 'DENY');
};
