/**
 * How many requests a credential may make, and an address that shows none: counted in windows of
 * the clock, in the cache that all replicas share. Each process counts too, so a cache that goes
 * away or comes back empty never lifts a limit; without it each replica allows the whole limit.
 * Guards the service, not passwords: those have a throttle of their own in Postgres.
 */
import type { MiddlewareHandler } from 'hono';
import type { Cache } from '../cache/port.ts';
import type { ApiEnv, Authentication } from './caller.ts';
import { problemBody, problemResponse } from './problem.ts';

export const rateWindowMs = 10_000;

/** Requests per window; 0 is no limit. */
export type RateLimits = {
  user: number;
  device: number;
  /** An address that shows no credential, or one that does not hold. */
  anonymous: number;
  /** The same, at the addresses where people sign in. */
  'sign-in': number;
};

export const defaultRateLimits: RateLimits = {
  user: 1_000,
  device: 200,
  anonymous: 2_000,
  'sign-in': 60,
};

const signInPaths = '/api/auth/';

type Charge = { kind: keyof RateLimits; who: string };

/** Whose allowance a request is taken from. */
const chargeOf = (
  authentication: Authentication | undefined,
  path: string,
  address: string | null,
): Charge => {
  if (authentication?.kind === 'known') {
    const { caller } = authentication;
    return caller.kind === 'device'
      ? { kind: 'device', who: caller.deviceId }
      : { kind: 'user', who: caller.userId };
  }
  const kind = path.startsWith(signInPaths) ? 'sign-in' : 'anonymous';
  return { kind, who: address ?? 'unknown' };
};

export type RateLimitOptions = {
  limits: RateLimits;
  /** Shared by the replicas. */
  cache: Pick<Cache, 'increment'>;
  /** This process's own count. */
  local: Pick<Cache, 'increment'>;
  now: () => number;
};

const tooMany = (seconds: number): Response =>
  problemResponse(
    problemBody(
      'too-many-requests',
      'Too many requests in a short time; this one was not looked at.',
      { next: `Try again in ${seconds} seconds.` },
    ),
    { 'retry-after': String(seconds) },
  );

export const limitRate = (options: RateLimitOptions): MiddlewareHandler<ApiEnv> => {
  const { limits, cache, local, now } = options;
  return async (c, next) => {
    const { kind, who } = chargeOf(c.var.authentication, c.req.path, c.var.clientAddress);
    const limit = limits[kind];
    if (limit === 0) return next();
    const nowMs = now();
    const window = Math.floor(nowMs / rateWindowMs);
    const seconds = Math.max(1, Math.ceil(((window + 1) * rateWindowMs - nowMs) / 1_000));
    const key = `rate:${kind}:${who}:${window}`;
    const counts = [cache, local].map((counter) => counter.increment(key, rateWindowMs * 2));
    const count = Math.max(...(await Promise.all(counts)));
    if (count > limit) c.res = tooMany(seconds);
    else await next();
    c.res.headers.set('ratelimit-policy', `"${kind}";q=${limit};w=${rateWindowMs / 1_000}`);
    c.res.headers.set('ratelimit', `"${kind}";r=${Math.max(0, limit - count)};t=${seconds}`);
  };
};
