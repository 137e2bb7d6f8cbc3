/** Limits of requests: per credential, per address, shared by replicas, and without the cache. */
import { describe, expect, it } from 'vitest';
import { createMemoryCache } from '../cache/memory.ts';
import type { Cache } from '../cache/port.ts';
import { createLog } from '../logging/log.ts';
import { createApi } from './app.ts';
import type { Authentication } from './caller.ts';
import { limitRate, type RateLimits, rateWindowMs } from './rate-limit.ts';

const limits: RateLimits = { user: 3, device: 2, anonymous: 2, 'sign-in': 1 };
const tenantId = '00000000-0000-4000-8000-000000000001';
const person = (userId: string): Authentication => ({
  kind: 'known',
  caller: {
    kind: 'user',
    account: 'person',
    sessionId: null,
    tokenId: null,
    tenantId,
    userId,
    email: 'a@example.org',
    role: 'admin',
    sites: null,
  },
});
const machine: Authentication = {
  kind: 'known',
  caller: {
    ...{ kind: 'device', tenantId, deviceId: tenantId, approved: true },
    ...{ proof: 'signature', sites: null },
  },
};

/** Replicas with one cache between them, and a clock that stands at the start of a window. */
const makeReplicas = (count: number, cache?: Pick<Cache, 'increment'>) => {
  const clock = { nowMs: 100 * rateWindowMs };
  const now = () => clock.nowMs;
  const shared = cache ?? createMemoryCache({ now });
  const asking: { who: Authentication } = { who: { kind: 'none' } };
  const apis = Array.from({ length: count }, () => {
    const api = createApi({
      log: createLog({ name: 'test', level: 'silent' }),
      authenticate: async (c, next) => {
        c.set('authentication', asking.who);
        await next();
      },
      limitRate: limitRate({ limits, cache: shared, local: createMemoryCache({ now }), now }),
      trustedProxy: true,
    });
    api.get('/api/*', (c) => c.text('done'));
    return api;
  });
  const ask = async (
    who: Authentication,
    { at = 0, path = '/api/things', address = '10.0.0.1' } = {},
  ): Promise<Response> => {
    asking.who = who;
    const api = apis[at % apis.length];
    if (api === undefined) throw new Error('no replica');
    return api.request(path, { headers: { 'x-forwarded-for': address } });
  };
  return { ask, clock };
};

const statuses = (responses: Response[]): number[] => responses.map(({ status }) => status);

describe('the allowance of a credential', () => {
  it('is counted over all replicas, told in headers, and whole again in the next window', async () => {
    const { ask, clock } = makeReplicas(2);
    const answers = [];
    for (let at = 0; at < 5; at += 1) answers.push(await ask(person('ada'), { at }));
    expect(statuses(answers)).toEqual([200, 200, 200, 429, 429]);
    expect(answers[0]?.headers.get('ratelimit-policy')).toBe('"user";q=3;w=10');
    expect(answers[0]?.headers.get('ratelimit')).toBe('"user";r=2;t=10');
    const refused = answers[3] as Response;
    expect(refused.headers.get('retry-after')).toBe('10');
    expect(refused.headers.get('ratelimit')).toBe('"user";r=0;t=10');
    expect(refused.headers.get('content-type')).toBe('application/problem+json');
    expect(await refused.json()).toMatchObject({ code: 'too-many-requests' });
    expect((await ask(person('bob'))).status).toBe(200);
    clock.nowMs += rateWindowMs;
    expect((await ask(person('ada'))).status).toBe(200);
  });

  it('is another for devices, for addresses, and where people sign in', async () => {
    const { ask } = makeReplicas(1);
    const refused: Authentication = { kind: 'refused', code: 'invalid-token', detail: '' };
    const three = async (who: Authentication, path?: string) =>
      statuses([
        await ask(who, path === undefined ? {} : { path }),
        await ask(who, path === undefined ? {} : { path }),
        await ask(who, path === undefined ? {} : { path }),
      ]);
    expect(await three(machine)).toEqual([200, 200, 429]);
    expect(await three({ kind: 'none' })).toEqual([200, 200, 429]);
    // A credential that does not hold counts for its address: guessing keys is no way around.
    expect((await ask(refused)).status).toBe(429);
    expect((await ask(refused, { address: '10.0.0.2' })).status).toBe(200);
    expect(await three({ kind: 'none' }, '/api/auth/login')).toEqual([200, 429, 429]);
  });

  it('holds in each process while the cache is away, and when it comes back empty', async () => {
    let away = false;
    const { ask } = makeReplicas(1, { increment: async () => (away ? 0 : 1) });
    const answers = [await ask(person('ada'))];
    away = true;
    answers.push(await ask(person('ada')), await ask(person('ada')), await ask(person('ada')));
    away = false;
    answers.push(await ask(person('ada')));
    expect(statuses(answers)).toEqual([200, 200, 200, 429, 429]);
  });
});
