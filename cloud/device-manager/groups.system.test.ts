/**
 * Tags, groups and changes to many devices over the API. Inventory §7 points 18 and 19 can't come
 * back: memberships are written, dynamic groups are right at once, bulk changes reach devices, and a
 * query that can't be read is no group's.
 */
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import '@signalbeam/launcher/rig/provided';
import { tagsPerDeviceMax } from '@signalbeam/platform/core/tag';
import { insertDevices } from './fleet.suite.ts';
import { makeToken, type OpenedTenant, openTenant, type Rig, startRig } from './rig.suite.ts';

let rig: Rig;
let acme: OpenedTenant;
let rival: OpenedTenant;
let tokenId: string;

beforeAll(async () => {
  rig = await startRig(inject('postgresUrl'));
  acme = await openTenant(rig, 'acme');
  rival = await openTenant(rig, 'rival');
  ({ id: tokenId } = await makeToken(rig, acme, { maxUses: 1_000 }));
});
afterAll(async () => rig?.stop());

type Shown = { id: string; members: number | null; kind: string };
const call = async <T>(
  method: string,
  path: string,
  body?: unknown,
  token = acme.operator,
): Promise<{ status: number; body: T & { code?: string } }> => {
  const { status, body: answer } = await rig.ask(method, path, { token, body });
  return { status, body: answer };
};
const devices = (names: readonly string[], site = 'plant-7') =>
  insertDevices(
    rig.owner,
    { tenantId: acme.tenantId, tokenId },
    names.map((name) => ({ name, site })),
  );
const group = async (body: object): Promise<string> => {
  const answer = await call<Shown>('POST', '/api/groups', body);
  expect(answer.status).toBe(201);
  return answer.body.id;
};
const membersOf = async (id: string) => {
  const { body } = await call<{
    members: { device: { id: string }; origin: string; addedBy: string | null }[];
  }>('GET', `/api/groups/${id}/members?limit=200`);
  return body.members;
};
type Batch = {
  results: { deviceId: string; name: string | null; outcome: string; reason: string | null }[];
  nextCursor: string | null;
};
const bulk = (body: object, token?: string) =>
  call<Batch>('POST', '/api/devices/bulk', body, token);
const tag = (id: string, set: string[], unset: string[] = []) =>
  call<{ tags: string[] }>('PATCH', `/api/devices/${id}/tags`, { set, unset });

describe('tags of a device', () => {
  test('are set, replaced by key, taken off, and told of once', async () => {
    const [id = ''] = await devices(['tagged']);
    expect((await tag(id, ['Environment=Dev', 'canary'])).body.tags).toEqual([
      'canary',
      'environment=dev',
    ]);
    expect((await tag(id, ['environment=production'], ['canary'])).body.tags).toEqual([
      'environment=production',
    ]);
    await tag(id, ['environment=production']);
    const { rows } = await rig.owner.query(
      `SELECT before, after FROM platform.audit_log WHERE target = $1 ORDER BY id`,
      [`device:${id}`],
    );
    expect(rows).toEqual([
      { before: { tags: [] }, after: { tags: ['canary', 'environment=dev'] } },
      {
        before: { tags: ['canary', 'environment=dev'] },
        after: { tags: ['environment=production'] },
      },
    ]);
  });

  test('are limited, in form and number', async () => {
    const [id = ''] = await devices(['limits']);
    for (const bad of ['a b', '=x', 'x=', 'status=online', '<script>', 'x'.repeat(64)]) {
      const { status, body } = await tag(id, [bad]);
      expect([bad, status, body]).toMatchObject([
        bad,
        400,
        { code: 'invalid-request', errors: [{ path: 'set[0]' }] },
      ]);
    }
    const full = Array.from({ length: tagsPerDeviceMax }, (_, index) => `k${index}=v`);
    expect((await tag(id, full)).status).toBe(200);
    expect((await tag(id, ['one-more'])).status).toBe(409);
    expect((await tag(id, ['k0=w'])).status).toBe(200);
    expect((await tag(id, ['one-more'], ['k0'])).status).toBe(200);
  });

  test('set by many at the same moment are one value per key in the end', async () => {
    const [id = ''] = await devices(['contended']);
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, index) => tag(id, [`ring=r${index}`, `own-${index}`])),
    );
    expect(answers.map(({ status }) => status)).toEqual(Array(12).fill(200));
    const { body } = await call<{ tags: string[] }>('GET', `/api/devices/${id}`);
    expect(body.tags.filter((text) => text.startsWith('ring='))).toHaveLength(1);
    expect(body.tags.filter((text) => text.startsWith('own-'))).toHaveLength(12);
  });

  test('and metadata go where the device goes, and with it', async () => {
    const [id = ''] = await devices(['annotated']);
    const metadata = { 'serial.number': '<b>7</b>', owner: "Ada's" };
    const changed = await call('PATCH', `/api/devices/${id}`, { metadata });
    expect(changed.body).toMatchObject({ metadata });
    const tooMuch = { metadata: { a: 'x'.repeat(501) } };
    expect((await call('PATCH', `/api/devices/${id}`, tooMuch)).status).toBe(400);
    const many = Object.fromEntries(Array.from({ length: 65 }, (_, index) => [`k${index}`, '']));
    expect((await call('PATCH', `/api/devices/${id}`, { metadata: many })).status).toBe(400);
    await tag(id, ['short-lived']);
    await call('DELETE', `/api/devices/${id}`);
    const { body } = await call<{ tags: unknown[] }>('GET', '/api/tags?prefix=short-lived');
    expect(body.tags).toEqual([]);
  });
});

describe('a dynamic group', () => {
  test('point 19: is right with the very next request after a tag changed', async () => {
    const id = await group({ name: 'canaries', query: 'ring=canary AND site=dyn' });
    const [one = '', two = ''] = await devices(['one', 'two'], 'dyn');
    expect(await membersOf(id)).toEqual([]);
    await tag(one, ['ring=canary']);
    expect(await membersOf(id)).toMatchObject([
      { device: { id: one }, origin: 'query', addedBy: null },
    ]);
    await bulk({ devices: { ids: [one, two] }, action: { kind: 'tag', set: ['ring=canary'] } });
    expect((await call<Shown>('GET', `/api/groups/${id}`)).body.members).toBe(2);
    const { body } = await call<{ groups: unknown[] }>('GET', `/api/devices/${two}/groups`);
    expect(body.groups).toMatchObject([{ id, name: 'canaries', origin: 'query' }]);
    await tag(one, [], ['ring']);
    expect(await membersOf(id)).toMatchObject([{ device: { id: two } }]);
    await call('DELETE', `/api/devices/${two}`);
    expect(await membersOf(id)).toEqual([]);
  });

  test('point 19: needs a query that can be read, and no members by hand', async () => {
    for (const [query, start] of [
      ['environment=', 12],
      ['(a', 2],
      ["a='b'", 2],
    ] as const) {
      const { status, body } = await call('POST', '/api/groups', { name: 'bad', query });
      expect([query, status, body]).toMatchObject([
        query,
        400,
        { code: 'unreadable-query', errors: [{ path: 'query', start }] },
      ]);
    }
    const id = await group({ name: 'by query', query: 'x' });
    const change = await call('PATCH', `/api/groups/${id}`, { query: 'x AND' });
    expect([change.status, change.body.code]).toEqual([400, 'unreadable-query']);
    const [one = ''] = await devices(['by hand']);
    const joined = await bulk({ devices: { ids: [one] }, action: { kind: 'join', group: id } });
    expect([joined.status, joined.body.code]).toEqual([409, 'wrong-state']);
  });
});

describe('a static group', () => {
  test('point 19: keeps who was put into it, by whom, and lets go', async () => {
    const id = await group({ name: 'press shop', description: 'hall 3' });
    const [one = '', two = ''] = await devices(['press 1', 'press 2']);
    const join = { devices: { ids: [one, two] }, action: { kind: 'join', group: id } };
    expect((await bulk(join)).body.results.map(({ outcome }) => outcome)).toEqual([
      'changed',
      'changed',
    ]);
    expect((await bulk(join)).body.results.map(({ outcome }) => outcome)).toEqual([
      'unchanged',
      'unchanged',
    ]);
    expect(await membersOf(id)).toMatchObject([
      { device: { id: one }, origin: 'person', addedBy: `user:${acme.email('operator')}` },
      { device: { id: two } },
    ]);
    const { body: listed } = await call<{ groups: Shown[] }>('GET', '/api/groups');
    expect(listed.groups.find((each) => each.id === id)).toMatchObject({
      members: 2,
      kind: 'static',
    });
    const { body: chosen } = await call<{ devices: { id: string }[] }>(
      'GET',
      `/api/devices?group=${id}`,
    );
    expect(chosen.devices.map((device) => device.id)).toEqual([one, two]);
    await bulk({ devices: { ids: [one] }, action: { kind: 'leave', group: id } });
    await call('DELETE', `/api/devices/${two}`);
    expect(await membersOf(id)).toEqual([]);
    expect((await call('DELETE', `/api/groups/${id}`)).status).toBe(204);
    expect((await call('GET', `/api/groups/${id}`)).status).toBe(404);
    expect((await call('GET', `/api/devices?group=${id}`)).status).toBe(404);
  });

  test('has a name of its own, also when two are made at the same moment', async () => {
    const made = await Promise.all(
      Array.from({ length: 6 }, () => call('POST', '/api/groups', { name: 'Wanted' })),
    );
    expect(made.map(({ status }) => status).toSorted()).toEqual([201, 409, 409, 409, 409, 409]);
    const other = await group({ name: 'other' });
    const renamed = await call('PATCH', `/api/groups/${other}`, { name: 'WANTED' });
    expect([renamed.status, renamed.body.code]).toEqual([409, 'already-exists']);
    const kept = await call('PATCH', `/api/groups/${other}`, { query: 'a' });
    expect([kept.status, kept.body.code]).toEqual([409, 'wrong-state']);
  });
});

describe('a change to many devices', () => {
  test('point 19: goes batch by batch over a query, with a result for each', async () => {
    const names = Array.from({ length: 23 }, (_, index) => `batch ${index}`);
    const ids = await devices(names, 'batches');
    const body = {
      devices: { query: 'site=batches AND NOT wave=1' },
      action: { kind: 'tag', set: ['wave=1'] },
      limit: 5,
    };
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const answer: Awaited<ReturnType<typeof bulk>> = await bulk(
        cursor === null ? body : { ...body, cursor },
      );
      expect(answer.body.results.length).toBeLessThanOrEqual(5);
      seen.push(...answer.body.results.map(({ name }) => name ?? ''));
      cursor = answer.body.nextCursor;
    } while (cursor !== null);
    // In natural order, none twice, though each left the query as it was changed.
    expect(seen).toEqual(names);
    const { body: counts } = await call('GET', '/api/tags?key=wave');
    expect(counts).toEqual({
      tags: [{ tag: 'wave=1', key: 'wave', value: '1', devices: 23 }],
      nextCursor: null,
    });
    const { rows } = await rig.owner.query<{ count: number }>(
      `SELECT count(*) FROM platform.audit_log
        WHERE action = 'device.tag' AND target = ANY($1::text[])`,
      [ids.map((id) => `device:${id}`)],
    );
    expect(rows[0]?.count).toBe(23);
  });

  test('says of each what became of it', async () => {
    const [full = '', free = ''] = await devices(['full', 'free'], 'each');
    await tag(
      full,
      Array.from({ length: tagsPerDeviceMax }, (_, index) => `k${index}`),
    );
    const unknown = '00000000-0000-4000-8000-000000000009';
    const { body } = await bulk({
      devices: { ids: [full, free, unknown, unknown] },
      action: { kind: 'tag', set: ['new'] },
    });
    expect(body.results.toSorted((a, b) => (a.outcome < b.outcome ? -1 : 1))).toMatchObject([
      { deviceId: free, outcome: 'changed', reason: null },
      { deviceId: full, outcome: 'refused', reason: expect.stringContaining('at most') },
      { deviceId: unknown, name: null, outcome: 'refused' },
    ]);
    const approved = await bulk({ devices: { ids: [free] }, action: { kind: 'approve' } });
    expect(approved.body.results).toMatchObject([{ outcome: 'unchanged' }]);
    const rejected = await bulk({ devices: { ids: [free] }, action: { kind: 'reject' } });
    expect(rejected.body.results).toMatchObject([{ outcome: 'refused' }]);
    const removed = await bulk({ devices: { site: 'each' }, action: { kind: 'delete' } });
    expect(removed.body.results.map(({ outcome }) => outcome)).toEqual(['changed', 'changed']);
    expect((await call('GET', `/api/devices/${free}`)).status).toBe(404);
  });

  test('from two sides over the same devices ends, and ends right', async () => {
    await devices(
      Array.from({ length: 40 }, (_, index) => `both ${index}`),
      'both-sides',
    );
    const act = (set: string) =>
      bulk({ devices: { site: 'both-sides' }, action: { kind: 'tag', set: [set] } });
    const answers = await Promise.all(['side=a', 'side=b', 'side=c', 'x=1'].map(act));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    const { body } = await call<{ tags: { devices: number }[] }>('GET', '/api/tags?key=side');
    expect(body.tags.reduce((sum, { devices: count }) => sum + count, 0)).toBe(40);
  });

  test('must say which devices, and no more at once than the limit', async () => {
    const action = { kind: 'tag', set: ['x'] };
    for (const given of [{}, { search: '' }, { ids: [] }, { ids: Array(501).fill(tokenId) }]) {
      expect((await bulk({ devices: given, action })).status).toBe(400);
    }
    for (const bad of [{ kind: 'exec' }, { kind: 'join' }, { kind: 'tag', set: ['a b'] }, {}]) {
      expect((await bulk({ devices: { site: 'each' }, action: bad })).status).toBe(400);
    }
    expect((await bulk({ devices: { site: 'each' }, action }, acme.viewer)).status).toBe(403);
  });
});

test('another tenant finds none of it, by id or by name, and changes none of it', async () => {
  const id = await group({ name: 'ours alone' });
  const [one = ''] = await devices(['ours'], 'ours-alone');
  await tag(one, ['secret=ours']);
  await bulk({ devices: { ids: [one] }, action: { kind: 'join', group: id } });
  const theirs = <T>(method: string, path: string, body?: unknown) =>
    call<T>(method, path, body, rival.operator);
  for (const [method, path, body] of [
    ['GET', `/api/groups/${id}`],
    ['GET', `/api/groups/${id}/members`],
    ['PATCH', `/api/groups/${id}`, { name: 'mine' }],
    ['DELETE', `/api/groups/${id}`],
    ['GET', `/api/devices/${one}/groups`],
    ['PATCH', `/api/devices/${one}/tags`, { set: ['stolen'] }],
    ['GET', `/api/devices?group=${id}`],
    ['GET', `/api/devices/count?group=${id}`],
    ['POST', '/api/devices/bulk', { devices: { group: id }, action: { kind: 'delete' } }],
    ['POST', '/api/devices/bulk', { devices: { ids: [one] }, action: { kind: 'join', group: id } }],
  ] as const) {
    expect([method, path, (await theirs(method, path, body)).status]).toEqual([method, path, 404]);
  }
  const bulked = await theirs<Batch>('POST', '/api/devices/bulk', {
    devices: { ids: [one] },
    action: { kind: 'delete' },
  });
  expect(bulked.body.results).toMatchObject([{ deviceId: one, name: null, outcome: 'refused' }]);
  expect((await theirs<{ tags: [] }>('GET', '/api/tags')).body.tags).toEqual([]);
  expect((await theirs<{ groups: [] }>('GET', '/api/groups')).body.groups).toEqual([]);
  // The same name is free for everybody.
  expect((await theirs('POST', '/api/groups', { name: 'ours alone' })).status).toBe(201);
  const { body } = await call<{ tags: string[] }>('GET', `/api/devices/${one}`);
  expect(body.tags).toEqual(['secret=ours']);
});
