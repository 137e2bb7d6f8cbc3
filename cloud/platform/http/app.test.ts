/** What every application answers, whoever wrote its routes: in process, no port. */
import { createRoute, z } from '@hono/zod-openapi';
import { FleetError } from '@signalbeam/sync/core/errors';
import { describe, expect, it } from 'vitest';
import { createLog } from '../logging/log.ts';
import { createApi } from './app.ts';
import {
  type Authentication,
  type Caller,
  requireCaller,
  requireDevice,
  requireUser,
} from './caller.ts';
import { refusal } from './problem.ts';

const log = createLog({ name: 'test', level: 'silent' });
const tenantId = '00000000-0000-4000-8000-000000000001';
const user = (role: 'viewer' | 'operator' | 'admin'): Caller => ({
  kind: 'user',
  tenantId,
  userId: tenantId,
  account: 'person',
  sessionId: null,
  tokenId: null,
  email: 'a@example.org',
  role,
  sites: null,
});
const device = (approved: boolean): Caller => ({
  kind: 'device',
  tenantId,
  deviceId: tenantId,
  approved,
  sites: null,
  proof: 'signature',
});

const ok = { 200: { description: 'Done' } };
const thing = z.strictObject({
  name: z.string().min(1),
  parts: z.array(z.strictObject({ size: z.number() })).default([]),
});

const makeApi = (
  authentication: Authentication = { kind: 'none' },
  trust: { trustedProxy?: boolean } = {},
) => {
  const api = createApi({
    log,
    authenticate: async (c, next) => {
      c.set('authentication', authentication);
      await next();
    },
    streamedPaths: ['/api/upload/*'],
    bodyBytesMax: 1000,
    ...trust,
  });
  const body = { required: true, content: { 'application/json': { schema: thing } } };
  api.openapi(
    createRoute({ method: 'post', path: '/api/things', request: { body }, responses: ok }),
    (c) => c.json(c.req.valid('json'), 200),
  );
  api.post('/api/upload/x', async (c) => c.text(String((await c.req.arrayBuffer()).byteLength)));
  api.get('/api/address', (c) => c.text(c.var.clientAddress ?? 'none'));
  api.get('/api/boom', () => {
    throw new Error('secret of the house');
  });
  api.get('/api/refused', () => {
    throw refusal('wrong-state', 'It runs already.', { next: 'Stop it.' });
  });
  api.get('/api/unmapped', () => {
    throw new FleetError('never-heard-of', 'secret of the house');
  });
  api.get('/api/down', () => {
    throw Object.assign(new Error('connect'), { code: 'ECONNREFUSED' });
  });
  api.get('/api/viewer', requireUser('viewer'), (c) => c.text(c.var.caller.tenantId));
  api.get('/api/admin', requireUser('admin'), (c) => c.text('in'));
  api.get('/api/device', requireDevice(), (c) => c.text('in'));
  api.get('/api/pending', requireDevice({ pending: true }), (c) => c.text('in'));
  api.get('/api/both', requireCaller('operator'), (c) => c.text('in'));
  return api;
};

const post = (body: string, path = '/api/things') =>
  makeApi().request(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
  });

describe('a request', () => {
  it('passes with what was described', async () => {
    const response = await post('{"name":"a"}');
    expect(response.status).toBe(200);
    expect(response.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
  });

  it.each([
    ['{"name":"","parts":[{"size":"x"}]}', ['name', 'parts[0].size']],
    ['{"name":"a","colour":"red"}', ['colour']],
    ['{"name":"a","parts":[{"size":1,"hidden":2}]}', ['parts[0].hidden']],
    ['{}', ['name']],
    ['[]', ['']],
    ['null', ['']],
  ])('with the body %s is refused at %j', async (body, paths) => {
    const response = await post(body);
    expect(response.status).toBe(400);
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    const problem = (await response.json()) as { errors: { path: string }[] };
    expect(problem).toMatchObject({ code: 'invalid-request', status: 400 });
    expect(problem.errors.map(({ path }) => path)).toEqual(paths);
  });

  it('with broken JSON is told so', async () => {
    const response = await post('{"name":');
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ code: 'malformed-json' });
  });

  it('with another kind of content is not read as JSON', async () => {
    const response = await makeApi().request('/api/things', {
      method: 'POST',
      headers: { 'content-type': 'text/plain' },
      body: '{"name":"a"}',
    });
    expect(response.status).toBe(415);
  });

  it('that is too large learns the limit, with and without a declared length', async () => {
    const large = JSON.stringify({ name: 'x'.repeat(2000) });
    const declared = await makeApi().request('/api/things', {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'content-length': String(large.length) },
      body: large,
    });
    const streamed = await makeApi().request('/api/things', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: new Blob([large]).stream(),
      duplex: 'half',
    } as RequestInit);
    for (const response of [declared, streamed]) {
      expect(response.status).toBe(413);
      expect(await response.json()).toMatchObject({
        code: 'body-too-large',
        detail: expect.stringContaining('1000'),
      });
    }
  });

  it('to a path that takes streams may be larger', async () => {
    const response = await post('x'.repeat(5000), '/api/upload/x');
    expect(await response.text()).toBe('5000');
  });

  it('to nowhere gets a problem, not a page', async () => {
    const response = await makeApi().request('/api/nothing');
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({ code: 'not-found' });
  });

  it('of a method that its address does not know learns the known ones', async () => {
    const ask = (method: string, path: string) => makeApi().request(path, { method });
    const response = await ask('PUT', '/api/things');
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'POST']);
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    expect(await response.json()).toMatchObject({ code: 'method-not-allowed' });
    expect((await ask('DELETE', '/api/boom')).headers.get('allow')).toBe('GET, HEAD');
    expect((await ask('HEAD', '/api/boom')).status).toBe(500);
  });

  it('keeps a sensible request id and replaces a hostile one', async () => {
    const ask = (id: string) =>
      makeApi().request('/api/nothing', { headers: { 'x-request-id': id } });
    expect((await ask('trace-1234')).headers.get('x-request-id')).toBe('trace-1234');
    expect((await ask('<script>alert(1)</script>')).headers.get('x-request-id')).not.toContain('<');
  });

  // Inventory §7.5
  it('names its client by X-Forwarded-For only where a proxy of ours says it', async () => {
    const headers = { 'x-forwarded-for': '6.6.6.6, 192.0.2.7' };
    const bindings = { incoming: { socket: { remoteAddress: '10.1.2.3' } } };
    const addressBy = async (trustedProxy: boolean): Promise<string> => {
      const api = makeApi({ kind: 'none' }, { trustedProxy });
      return (await api.request('/api/address', { headers }, bindings)).text();
    };
    expect(await addressBy(false)).toBe('10.1.2.3');
    // What the client itself wrote stands before what our proxy added.
    expect(await addressBy(true)).toBe('192.0.2.7');
  });
});

describe('a failure', () => {
  it.each(['/api/boom', '/api/unmapped'])('at %s keeps its text to itself', async (path) => {
    const response = await makeApi().request(path);
    expect(response.status).toBe(500);
    const text = await response.text();
    expect(text).not.toContain('secret');
    expect(JSON.parse(text)).toMatchObject({ code: 'internal' });
  });

  it('that was foreseen says what to do', async () => {
    const response = await makeApi().request('/api/refused');
    expect(response.status).toBe(409);
    expect(await response.json()).toMatchObject({ code: 'wrong-state', next: 'Stop it.' });
  });

  it('of the database asks to come again', async () => {
    const response = await makeApi().request('/api/down');
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toBe('5');
  });
});

describe('guards', () => {
  const status = async (path: string, authentication: Authentication): Promise<number> =>
    (await makeApi(authentication).request(path)).status;
  const as = (caller: Caller): Authentication => ({ kind: 'known', caller });

  it.each(['/api/viewer', '/api/admin', '/api/device', '/api/pending', '/api/both'])(
    'let nobody unknown through %s',
    async (path) => {
      expect(await status(path, { kind: 'none' })).toBe(401);
      const refused = { kind: 'refused', code: 'invalid-token', detail: 'no' } as const;
      expect(await status(path, refused)).toBe(401);
    },
  );

  it('hold roles and kinds apart', async () => {
    expect(await status('/api/viewer', as(user('viewer')))).toBe(200);
    expect(await status('/api/viewer', as(device(true)))).toBe(403);
    expect(await status('/api/admin', as(user('operator')))).toBe(403);
    expect(await status('/api/admin', as(user('admin')))).toBe(200);
    expect(await status('/api/device', as(user('admin')))).toBe(403);
    expect(await status('/api/device', as(device(false)))).toBe(403);
    expect(await status('/api/device', as(device(true)))).toBe(200);
    expect(await status('/api/pending', as(device(false)))).toBe(200);
    expect(await status('/api/both', as(device(false)))).toBe(403);
    expect(await status('/api/both', as(device(true)))).toBe(200);
    expect(await status('/api/both', as(user('viewer')))).toBe(403);
    expect(await status('/api/both', as(user('operator')))).toBe(200);
  });
});
