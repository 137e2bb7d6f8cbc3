/**
 * Queries about devices on real Postgres: for any query, the database chooses the very devices that
 * the pure evaluator chooses; and the API's answers to good and bad ones. Inventory §7 point 18 (tag
 * search throws, or loads the whole fleet) can't come back.
 */
import { everySite, withTenant } from '@signalbeam/platform/postgres/tenant';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import '@signalbeam/launcher/rig/provided';
import type { Query } from '@signalbeam/platform/core/tag-query';
import { queries, queryWords, tagKeys } from '@signalbeam/platform/core/tag-query.fixture';
import { matchQuery } from '@signalbeam/platform/core/tag-query-match';
import { printQuery } from '@signalbeam/platform/core/tag-query-print';
import { filterOf } from './choose-devices.ts';
import { insertDevices, type MadeDevice } from './fleet.suite.ts';
import { makeToken, type OpenedTenant, openTenant, type Rig, startRig } from './rig.suite.ts';
import { readFacts } from './store/device-facts.ts';
import { countDevices, pickDevices } from './store/device-list.ts';
import { findPresent } from './store/find-present.ts';
import { findTagged } from './store/find-tagged.ts';

let rig: Rig;
let acme: OpenedTenant;
let rival: OpenedTenant;
let ids: string[];
const nowMs = Date.parse('2026-11-27T12:00:00Z');

/** A fleet in which every word of the queries occurs somewhere. */
const fleet: MadeDevice[] = Array.from({ length: 48 }, (_, index) => {
  const word = (step: number): string => queryWords[(index * step) % queryWords.length] ?? 'a';
  const plain = (step: number): string => word(step).replace('ü', 'u');
  const keys = tagKeys.filter((_key, nth) => (index >> nth) % 2 === 0);
  return {
    name: index % 5 === 0 ? `Pump ${index}` : index % 7 === 0 ? 'A b%_\\"' : word(5),
    site: index % 3 === 0 ? 'plant-7' : index % 3 === 1 ? 'a' : 'a-1',
    status: index % 11 === 0 ? 'pending' : index % 13 === 0 ? 'rejected' : 'approved',
    tags: [
      ...keys.map((key, nth) => ({ key, value: plain(nth + 1) })),
      ...(index % 2 === 0 ? [{ key: '', value: plain(2) }] : []),
    ],
    ...(index % 4 === 0
      ? {}
      : {
          presence: {
            presence: index % 3 === 0 ? ('offline' as const) : ('online' as const),
            lastSeenAt: new Date(nowMs - index * index * 40_000),
          },
        }),
    ...(index % 6 === 1 ? {} : { healthScore: index % 6 === 2 ? null : (index * 13) % 101 }),
    ...(index % 3 === 0
      ? {}
      : {
          bundles: [
            { name: plain(3), version: '1.2.0' },
            { name: 'AB', version: plain(2) },
          ],
        }),
  };
});

beforeAll(async () => {
  rig = await startRig(inject('postgresUrl'));
  acme = await openTenant(rig, 'acme');
  rival = await openTenant(rig, 'rival');
  for (const tenant of [acme, rival]) {
    const { id: tokenId } = await makeToken(rig, tenant, { maxUses: 100 });
    const made = await insertDevices(rig.owner, { tenantId: tenant.tenantId, tokenId }, fleet);
    if (tenant === acme) ids = made;
  }
});
afterAll(async () => rig?.stop());

test('the database chooses what the evaluator chooses, and of this tenant alone', async () => {
  const facts = await withTenant(rig.platform.pools.api, everySite(acme.tenantId), async (sql) => {
    const read = [];
    for (const id of ids) read.push([id, await readFacts(sql, id)] as const);
    return read;
  });
  let found = 0;
  await fc.assert(
    fc.asyncProperty(queries, async (query) => {
      const expected = facts.filter(([, of]) => of !== null && matchQuery(query, of, nowMs));
      const chosen = await withTenant(rig.platform.pools.api, everySite(acme.tenantId), (sql) =>
        pickDevices(sql, { queries: [query] }, { limit: 200 }, nowMs),
      );
      const probed = await withTenant(rig.platform.pools.api, everySite(acme.tenantId), (sql) =>
        pickDevices(sql, { queries: [query], isPresenceCommon: true }, { limit: 200 }, nowMs),
      );
      found += chosen.length;
      expect(new Set(chosen.map(({ id }) => id)), printQuery(query)).toEqual(
        new Set(expected.map(([id]) => id)),
      );
      expect(probed, printQuery(query)).toEqual(chosen);
    }),
    { numRuns: 400 },
  );
  // A test over queries that nothing answers would prove nothing.
  expect(found).toBeGreaterThan(1_000);
}, 120_000);

/** Tags that a device has and lacks, each told whole. */
const conjunctions: fc.Arbitrary<Query> = fc
  .array(
    fc.record({
      key: fc.constantFrom(...tagKeys),
      values: fc.uniqueArray(fc.constantFrom(...queryWords), { minLength: 1, maxLength: 3 }),
      lacks: fc.boolean(),
      isOr: fc.boolean(),
    }),
    { minLength: 2, maxLength: 4 },
  )
  .map((wishes) => ({
    kind: 'and',
    parts: wishes.map(({ key, values, lacks, isOr }): Query => {
      const of = (some: string[]): Query => ({
        kind: 'tag',
        key,
        values: some.map((one) => [one]),
      });
      const isEach = isOr && values.length > 1;
      const tag: Query = isEach
        ? { kind: 'or', parts: values.map((one) => of([one])) }
        : of(values);
      return lacks ? { kind: 'not', part: tag } : tag;
    }),
  }));

test('tags that are looked up and counted by themselves are what the evaluator chooses', async () => {
  await rig.owner.query(
    `DELETE FROM device_manager.device_tags WHERE tenant_id = $1 AND key = ''`,
    [rival.tenantId],
  );
  const scope = everySite(rival.tenantId);
  const { rows } = await rig.owner.query<{ id: string }>(
    'SELECT id FROM device_manager.devices WHERE tenant_id = $1',
    [rival.tenantId],
  );
  const facts = await withTenant(rig.platform.pools.api, scope, async (sql) => {
    const read = [];
    for (const { id } of rows) read.push([id, await readFacts(sql, id)] as const);
    return read;
  });
  const seen = { lookedUp: 0, found: 0 };
  await fc.assert(
    fc.asyncProperty(conjunctions, async (query) => {
      const expected = facts.filter(([, of]) => of !== null && matchQuery(query, of, nowMs));
      await withTenant(rig.platform.pools.api, scope, async (sql) => {
        const tagged = await findTagged(sql, [query]);
        const rest = tagged?.rest ?? [query];
        const filter = {
          ...(tagged !== null && { amongIds: tagged.ids }),
          ...(rest.length > 0 && { queries: rest }),
        };
        const chosen = await pickDevices(sql, filter, { limit: 200 }, nowMs);
        expect(chosen.map(({ id }) => id).toSorted(), printQuery(query)).toEqual(
          expected.map(([id]) => id).toSorted(),
        );
        for (const counted of [filter, { queries: [query] }]) {
          expect(await countDevices(sql, counted, nowMs), printQuery(query)).toBe(expected.length);
        }
        seen.lookedUp += tagged === null ? 0 : 1;
        seen.found += expected.length;
      });
    }),
    { numRuns: 100 },
  );
  expect(seen.lookedUp).toBeGreaterThan(20);
  expect(seen.found).toBeGreaterThan(100);
});

test('who is offline or online, looked up before, is chosen as if it were not', async () => {
  const statuses = fc.constantFrom('online' as const, 'offline' as const);
  const searches = fc.constantFrom('', 'pump', 'plant-7', 'nobody');
  // One has bare tags, the other has none.
  const tenants = fc.constantFrom(acme, rival);
  const seen = { narrowed: 0, found: 0 };
  await fc.assert(
    fc.asyncProperty(
      queries,
      statuses,
      searches,
      fc.boolean(),
      tenants,
      async (query, status, search, isPart, { tenantId }) => {
        const presence: Query = { kind: 'status', values: [status] };
        const all: Query = { kind: 'and', parts: [query, presence] };
        const choice = isPart
          ? { query: printQuery(all), search }
          : { query: printQuery(query), search, status };
        await withTenant(rig.platform.pools.api, everySite(tenantId), async (sql) => {
          const expected = await pickDevices(
            sql,
            { queries: [query], presence: status, ...(search !== '' && { search }) },
            { limit: 200 },
            nowMs,
          );
          for (const wanted of ['page', 'all'] as const) {
            const filter = await filterOf(sql, choice, wanted);
            expect(await pickDevices(sql, filter, { limit: 200 }, nowMs)).toEqual(expected);
            expect(await countDevices(sql, filter, nowMs)).toBe(expected.length);
            seen.narrowed += filter.amongIds === undefined ? 0 : 1;
          }
          seen.found += expected.length;
        });
      },
    ),
    { numRuns: 100 },
  );
  expect(seen.narrowed).toBeGreaterThan(150);
  expect(seen.found).toBeGreaterThan(100);
});

test('who is online is not looked up for one who is held to a site', async () => {
  const asked = { presence: 'online' as const, queries: [] };
  const find = (sites: string[] | null) =>
    withTenant(rig.platform.pools.api, { tenantId: acme.tenantId, sites }, (sql) =>
      findPresent(sql, asked),
    );
  expect(await find(null)).toMatchObject({ kind: 'few' });
  expect(await find(['a'])).toBeNull();
});

const ask = (path: string, token = acme.viewer) => rig.ask('GET', path, { token });
const asked = (path: string, query: string, token?: string) =>
  ask(`${path}query=${encodeURIComponent(query)}`, token);

describe('the list', () => {
  test('answers a query, its count the same, page by page', async () => {
    const query = 'k=a* OR name="pump 10"';
    const { body } = await asked('/api/devices?limit=200&', query);
    const all = (body as { devices: { id: string }[] }).devices.map(({ id }) => id);
    expect(all.length).toBeGreaterThan(5);
    const paged: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const page = await asked(`/api/devices?limit=4&${cursor && `cursor=${cursor}&`}`, query);
      const answer = page.body as { devices: { id: string }[]; nextCursor: string | null };
      paged.push(...answer.devices.map(({ id }) => id));
      cursor = answer.nextCursor;
    }
    expect(paged).toEqual(all);
    const count = await asked('/api/devices/count?', query);
    expect(count.body).toEqual({ devices: all.length });
  });

  test('orders numbers in names as numbers', async () => {
    const { body } = await asked('/api/devices?', 'name="pump *" OR name=pump*');
    const names = (body as { devices: { name: string }[] }).devices.map(({ name }) => name);
    expect(names.slice(0, 4)).toEqual(['Pump 0', 'Pump 5', 'Pump 10', 'Pump 15']);
  });

  test('goes by health, the worst first and the unknown last, page by page', async () => {
    type Listed = {
      devices: { id: string; health: { score: number | null; worst: { part: string } | null } }[];
      nextCursor: string | null;
    };
    const found: Listed['devices'] = [];
    for (let cursor: string | null = ''; cursor !== null; ) {
      const { body } = await ask(
        `/api/devices?sort=health&limit=7&${cursor && `cursor=${cursor}`}`,
      );
      const page = body as Listed;
      found.push(...page.devices);
      cursor = page.nextCursor;
    }
    expect(new Set(found.map(({ id }) => id))).toEqual(new Set(ids));
    expect(found).toHaveLength(ids.length);
    const scores = found.map(({ health }) => health.score ?? 101);
    expect(scores).toEqual(scores.toSorted((a, b) => a - b));
    expect(found[0]?.health.worst).toMatchObject({ part: 'stability' });
    const critical = await asked('/api/devices?sort=health&', 'health=critical OR health below 50');
    const chosen = (critical.body as Listed).devices.map(({ health }) => health.score);
    expect(chosen).toEqual(scores.filter((score) => score < 50));
    expect(await ask('/api/devices?sort=health&cursor=W10')).toMatchObject({ status: 400 });
  });

  test('says where a query is wrong', async () => {
    const { status, body } = await asked('/api/devices?', 'k=a AND (b=');
    expect([status, body]).toMatchObject([
      400,
      { code: 'unreadable-query', errors: [{ path: 'query', start: 11, end: 11 }] },
    ]);
  });

  test.each([
    `k='; DROP TABLE device_manager.devices; --`,
    `k="'; DROP TABLE device_manager.devices; --"`,
    'k="%" OR k="_"',
    'x'.repeat(1_001),
    '(((((((((((((((((((((((((a',
    'k=$1',
    'a\u0000',
    '\ud800',
  ])('stands %j', async (query) => {
    const { status } = await ask(`/api/devices?query=${encodeURIComponent(query.toWellFormed())}`);
    expect([200, 400]).toContain(status);
    expect((await ask('/api/devices?limit=1')).status).toBe(200);
  });

  test('finds nothing of another tenant', async () => {
    const theirs = await asked('/api/devices?limit=200&', 'k OR NOT k', rival.viewer);
    const seen = (theirs.body as { devices: { id: string }[] }).devices.map(({ id }) => id);
    expect(seen).toHaveLength(fleet.length);
    expect(seen.filter((id) => ids.includes(id))).toEqual([]);
  });
});

describe('suggestions', () => {
  const suggest = async (query: string, token?: string) => {
    const { status, body } = await asked('/api/tags/suggestions?', query, token);
    expect(status).toBe(200);
    return body as { suggestions: { text: string }[]; fault: unknown; replace: unknown };
  };
  const texts = async (query: string, token?: string) =>
    (await suggest(query, token)).suggestions.map(({ text }) => text);

  test('are keys, bare tags and fields where a condition begins, then values', async () => {
    expect(await texts('k')).toEqual(['k', 'key-2']);
    expect(await texts('st')).toEqual(['status']);
    expect(await texts('k=a')).toEqual(['a', 'a-1', 'ab']);
    expect(await texts('status=o')).toEqual(['online', 'offline']);
    expect(await texts('site=pl')).toEqual(['plant-7']);
    expect(await texts('k=a ')).toEqual(['AND', 'OR']);
    expect(await suggest('k=')).toMatchObject({
      fault: { start: 2 },
      replace: { start: 2, end: 2 },
    });
  });

  test('are of the own tenant', async () => {
    const alone = await openTenant(rig, 'alone');
    expect(await texts('k', alone.viewer)).toEqual([]);
    expect(await texts('k=', alone.viewer)).toEqual([]);
  });
});

test('point 18: a query, a tag and the tag list are answered by indexes, never by all rows', async () => {
  await rig.owner.query('ANALYZE device_manager.device_tags');
  // Pages that were not vacuumed since they changed make an index alone as dear as the rows.
  await rig.owner.query('VACUUM ANALYZE device_manager.devices');
  const plan = await withTenant(rig.platform.pools.api, everySite(acme.tenantId), async (sql) => {
    // A small table is read whole whatever indexes it has; here it is asked whether it must be.
    await sql.query('SET LOCAL enable_seqscan = off');
    const plans: string[] = [];
    const spy = {
      query: async (text: string, values: unknown[]) => {
        const { rows } = await sql.query(`EXPLAIN ${text}`, values);
        plans.push(rows.map((row) => row['QUERY PLAN']).join('\n'));
        return { rows: [] };
      },
    };
    const query = { kind: 'tag' as const, key: 'k', values: [['a'], ['x', '']] };
    await pickDevices(spy as never, { queries: [query] }, { limit: 51 }, nowMs);
    await pickDevices(spy as never, { search: 'pump' }, { limit: 51 }, nowMs);
    await pickDevices(spy as never, { site: 'plant-7' }, { limit: 51 }, nowMs);
    return plans;
  });
  expect(plan[0]).toContain('device_tags_found');
  expect(plan[0]).toMatch(/key = ANY/);
  expect(plan[1]).toContain('Index Only Scan using devices_in_order');
  expect(plan[2]).toContain('devices_site_in_order');
  for (const text of plan) expect(text).not.toContain('Seq Scan');
});
