import { describe, expect, it } from 'vitest';
import { type ClientOptions, createClient } from './client.ts';
import { ProblemError, UnreachableError } from './problem.ts';
import { retryDelayMs } from './retry.ts';

type Answering = (request: Request, count: number) => Response | Promise<Response>;

const json = (value: unknown, status = 200, headers: Record<string, string> = {}): Response =>
  new Response(JSON.stringify(value), {
    status,
    headers: {
      'content-type': status < 300 ? 'application/json' : 'application/problem+json',
      ...headers,
    },
  });
const problem = (status: number, code: string, headers?: Record<string, string>) =>
  json(
    { type: 'x', title: 'x', status, code, detail: 'It was refused.', next: 'x' },
    status,
    headers,
  );

const clientOf = (answer: Answering, more: Partial<ClientOptions> = {}) => {
  const requests: Request[] = [];
  const client = createClient({
    url: 'https://fleet.example',
    fetch: async (request) => {
      requests.push(request.clone());
      return answer(request, requests.length);
    },
    ...more,
  });
  return { client, requests };
};

const id = '6f1c2a0e-5a0b-4a52-9d6e-0a4a2f5d7c11';
const site = {
  name: 'plant-7',
  title: '',
  devices: 0,
  pending: 0,
  createdAt: '2026-01-01T00:00:00Z',
};

describe('a request', () => {
  it('fills the path, the query, the body and the credential in', async () => {
    const { client, requests } = clientOf(() => json({ id }), { token: async () => 'secret' });
    await client.patch('/api/devices/{id}/tags', {
      params: { path: { id } },
      body: { set: ['ring=canary'] },
    });
    await client.get('/api/devices', { params: { query: { query: 'a=b AND c', limit: 2 } } });
    const [first, second] = requests;
    expect(first?.url).toBe(`https://fleet.example/api/devices/${id}/tags`);
    expect(first?.method).toBe('PATCH');
    expect(await first?.json()).toEqual({ set: ['ring=canary'] });
    expect(first?.headers.get('authorization')).toBe('Bearer secret');
    expect(first?.redirect).toBe('error');
    expect(new URL(second?.url ?? '').searchParams.get('query')).toBe('a=b AND c');
  });

  it('without a body in the answer gives undefined', async () => {
    const { client } = clientOf(() => new Response(null, { status: 204 }));
    expect(await client.post('/api/auth/logout')).toBe(undefined);
  });

  it('that is refused throws the problem with its code', async () => {
    const { client } = clientOf(() =>
      problem(409, 'already-exists', { 'x-request-id': 'r-12345678' }),
    );
    const refused = await client
      .post('/api/sites', { body: { name: 'plant-7' } })
      .catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(ProblemError);
    expect(refused).toMatchObject({ code: 'already-exists', status: 409, requestId: 'r-12345678' });
    expect((refused as Error).message).toBe('It was refused.');
  });

  it('that something else answers is not taken for the cloud’s answer', async () => {
    const { client } = clientOf(() => new Response('<html>', { status: 404 }));
    await expect(client.get('/api/auth/me')).rejects.toBeInstanceOf(UnreachableError);
  });
});

describe('a list', () => {
  it('is iterated over its pages, and no further than asked', async () => {
    const { client, requests } = clientOf((request) => {
      const cursor = new URL(request.url).searchParams.get('cursor');
      const at = cursor === null ? 0 : Number(cursor);
      return json({
        sites: [{ ...site, name: `s-${at}` }],
        nextCursor: at < 3 ? `${at + 1}` : null,
      });
    });
    const names: string[] = [];
    for await (const { name } of client.items('/api/sites')) names.push(name);
    expect(names).toEqual(['s-0', 's-1', 's-2', 's-3']);
    for await (const _ of client.items('/api/sites', { params: { query: { limit: 1 } } })) break;
    expect(requests).toHaveLength(5);
  });
});

describe('an attempt that failed', () => {
  const quick = { attemptsMax: 3 };

  it('is repeated where nothing can be done twice', async () => {
    const lost: Answering = (_, count) => {
      if (count < 3) throw new TypeError('fetch failed');
      return json({ sites: [], nextCursor: null });
    };
    const { client, requests } = clientOf(lost, quick);
    expect(await client.get('/api/sites')).toEqual({ sites: [], nextCursor: null });
    expect(requests).toHaveLength(3);
  });

  it('is not repeated where it might have been carried out', async () => {
    const { client, requests } = clientOf(() => {
      throw new TypeError('fetch failed', { cause: new Error('connect ECONNREFUSED') });
    });
    const failed = await client
      .patch('/api/sites/{name}', { params: { path: { name: 'x' } }, body: { title: '' } })
      .catch((error: unknown) => error);
    expect(failed).toBeInstanceOf(UnreachableError);
    expect((failed as Error).message).toContain('ECONNREFUSED');
    expect(requests).toHaveLength(1);
  });

  it('is repeated after as long as the cloud says, or left to the caller', async () => {
    const throttled =
      (seconds: number): Answering =>
      (_, count) =>
        count === 1
          ? problem(429, 'too-many-requests', { 'retry-after': `${seconds}` })
          : json({ sites: [], nextCursor: null });
    const soon = clientOf(throttled(0));
    await soon.client.get('/api/sites');
    expect(soon.requests).toHaveLength(2);
    const late = clientOf(throttled(3_600));
    await expect(late.client.get('/api/sites')).rejects.toMatchObject({ retryAfterMs: 3_600_000 });
    expect(late.requests).toHaveLength(1);
  });

  it('is decided by what was tried and what came of it', () => {
    const tried = { attempt: 1, attemptsMax: 3, repeatable: true, streamed: false };
    const answered = (status: number, retryAfterMs: number | null = null) =>
      ({ kind: 'answer', status, retryAfterMs }) as const;
    const delay = (more: object) => retryDelayMs({ ...tried, outcome: answered(503), ...more }, 1);
    expect(delay({})).toBe(250);
    expect(delay({ attempt: 2 })).toBe(500);
    expect(delay({ attempt: 3 })).toBe(null);
    expect(delay({ outcome: answered(503, 4_000) })).toBe(4_000);
    expect(delay({ outcome: answered(404) })).toBe(null);
    expect(delay({ outcome: answered(500) })).toBe(null);
    expect(delay({ repeatable: false })).toBe(null);
    expect(delay({ repeatable: false, outcome: answered(429) })).toBe(250);
    expect(delay({ outcome: { kind: 'no-answer' }, streamed: true })).toBe(null);
  });
});

describe('a token that is not taken any more', () => {
  it('is renewed once for all requests that meet it, and they are sent again whole', async () => {
    let token = 'old';
    let renewals = 0;
    const { client, requests } = clientOf(
      async (request) =>
        request.headers.get('authorization') === 'Bearer new'
          ? json({ ...site, ...((await request.json()) as object) })
          : problem(401, 'expired-token'),
      {
        token: () => token,
        refresh: async () => {
          renewals += 1;
          token = 'new';
          return true;
        },
      },
    );
    const made = await Promise.all(
      ['a', 'b', 'c'].map((name) => client.post('/api/sites', { body: { name } })),
    );
    expect(made.map(({ name }) => name)).toEqual(['a', 'b', 'c']);
    expect([renewals, requests.length]).toEqual([1, 6]);
  });

  it('that can’t be renewed ends as the refusal', async () => {
    const { client } = clientOf(() => problem(401, 'expired-token'), {
      refresh: async () => false,
    });
    await expect(client.get('/api/auth/me')).rejects.toMatchObject({ code: 'expired-token' });
  });
});
