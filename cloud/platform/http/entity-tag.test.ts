/** Entity tags: who knows an answer already, and who may still change what they read. */
import { createRoute, z } from '@hono/zod-openapi';
import { describe, expect, it } from 'vitest';
import { createLog } from '../logging/log.ts';
import { createApi } from './app.ts';
import { conditional, holdVersion, tellVersion } from './entity-tag.ts';

const schema = z.strictObject({ name: z.string(), seen: z.int() });
const described = {
  200: { description: 'It', content: { 'application/json': { schema } } },
};

const makeApi = () => {
  const thing = { name: 'pump', seen: 1 };
  const api = createApi({
    log: createLog({ name: 'test', level: 'silent' }),
    authenticate: async (c, next) => {
      c.set('authentication', { kind: 'none' });
      await next();
    },
  });
  api.openapi(createRoute({ method: 'get', path: '/api/thing', responses: described }), (c) => {
    tellVersion(c, thing.name);
    return c.json(thing, 200);
  });
  const body = {
    required: true,
    content: { 'application/json': { schema: schema.pick({ name: true }) } },
  };
  const change = (path: string, middleware: ReturnType<typeof conditional>, holds: boolean) =>
    api.openapi(
      createRoute({ method: 'patch', path, middleware, request: { body }, responses: described }),
      (c) => {
        if (holds) holdVersion(c, thing.name);
        thing.name = c.req.valid('json').name;
        tellVersion(c, thing.name);
        return c.json(thing, 200);
      },
    );
  change('/api/thing', conditional(), true);
  change('/api/strict', conditional({ required: true }), true);
  change('/api/careless', conditional(), false);
  const get = (headers: Record<string, string> = {}) => api.request('/api/thing', { headers });
  const patch = (path: string, name: string, ifMatch?: string) =>
    api.request(path, {
      method: 'PATCH',
      headers: {
        'content-type': 'application/json',
        ...(ifMatch === undefined ? {} : { 'if-match': ifMatch }),
      },
      body: JSON.stringify({ name }),
    });
  return { api, thing, get, patch };
};

const tagOf = (response: Response): string => response.headers.get('etag') ?? '';

describe('reading', () => {
  it('is answered 304 while nothing changed, not even what the version leaves out', async () => {
    const { thing, get } = makeApi();
    const first = await get();
    const tag = tagOf(first);
    expect(first.headers.get('cache-control')).toBe('private, no-cache');
    expect(await first.json()).toEqual({ name: 'pump', seen: 1 });
    for (const known of [tag, `W/${tag}`, `"x", ${tag}`, '*']) {
      const again = await get({ 'if-none-match': known });
      expect([known, again.status, await again.text(), tagOf(again)]).toEqual([
        known,
        304,
        '',
        tag,
      ]);
    }
    thing.seen = 2;
    const changed = await get({ 'if-none-match': tag });
    expect(changed.status).toBe(200);
    expect(tagOf(changed)).not.toBe(tag);
  });
});

describe('a write', () => {
  // Inventory §7.32
  it('with If-Match goes through on what was read, and on nothing else', async () => {
    const { thing, get, patch } = makeApi();
    const tag = tagOf(await get());
    thing.seen = 2; // What it reports itself is no change that anybody made.
    const renamed = await patch('/api/thing', 'pump 2', tag);
    expect(renamed.status).toBe(200);
    const late = await patch('/api/thing', 'pump 3', tag);
    expect([late.status, await late.json()]).toEqual([
      412,
      expect.objectContaining({ code: 'version-changed' }),
    ]);
    expect(thing.name).toBe('pump 2');
    expect((await patch('/api/thing', 'pump 4', tagOf(renamed))).status).toBe(200);
    expect((await patch('/api/thing', 'pump 5', '*')).status).toBe(200);
    expect((await patch('/api/thing', 'pump 6')).status).toBe(200);
    for (const wrong of ['', '"', 'x', '""', `${tag.slice(0, -2)}`]) {
      expect([wrong, (await patch('/api/thing', 'no', wrong)).status]).toEqual([wrong, 412]);
    }
    expect(thing.name).toBe('pump 6');
  });

  it('that needs If-Match is refused without, and the description says so', async () => {
    const { api, patch } = makeApi();
    const refused = await patch('/api/strict', 'x');
    expect([refused.status, await refused.json()]).toEqual([
      428,
      expect.objectContaining({ code: 'version-required' }),
    ]);
    const document = api.getOpenAPI31Document({
      openapi: '3.1.0',
      info: { title: 't', version: '1' },
    });
    const parameterOf = (path: string) => document.paths?.[path]?.patch?.parameters?.[0];
    expect(parameterOf('/api/strict')).toMatchObject({ name: 'If-Match', required: true });
    expect(parameterOf('/api/thing')).toMatchObject({ name: 'If-Match', required: false });
    expect(Object.keys(document.paths?.['/api/strict']?.patch?.responses ?? {})).toEqual(
      expect.arrayContaining(['412', '428', '429']),
    );
    expect(document.paths?.['/api/thing']?.get?.responses).toHaveProperty('304');
  });

  it('whose handler forgot the condition does not pass for one that held', async () => {
    expect((await makeApi().patch('/api/careless', 'x', '"a.b"')).status).toBe(500);
  });
});
