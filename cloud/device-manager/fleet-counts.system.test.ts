/**
 * Counts that are kept are the counts that counting gives, after every kind of change, folded or not,
 * and whoever changes at the same moment; and words are looked up in the own tenant alone.
 */
import { everySite, withTenant } from '@signalbeam/platform/postgres/tenant';
import { transaction } from '@signalbeam/platform/postgres/transaction';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import '@signalbeam/launcher/rig/provided';
import { insertDevices } from './fleet.suite.ts';
import { makeToken, type OpenedTenant, openTenant, type Rig, startRig } from './rig.suite.ts';
import { foldCounts } from './store/fleet-counts.ts';

let rig: Rig;
let acme: OpenedTenant;
let rival: OpenedTenant;
let ids: string[];

const made = (names: readonly string[]) =>
  names.map((name, index) => ({
    name,
    site: index % 2 === 0 ? 'plant-1' : 'plant-2',
    status: index % 3 === 0 ? ('pending' as const) : ('approved' as const),
    tags: [{ key: 'ring', value: index % 2 === 0 ? 'late' : 'canary' }],
  }));

beforeAll(async () => {
  rig = await startRig(inject('postgresUrl'));
  acme = await openTenant(rig, 'acme');
  rival = await openTenant(rig, 'rival');
  const names = Array.from({ length: 24 }, (_, index) => `pump ${index}`);
  for (const tenant of [rival, acme]) {
    const { id: tokenId } = await makeToken(rig, tenant, { maxUses: 100 });
    ids = await insertDevices(rig.owner, { tenantId: tenant.tenantId, tokenId }, made(names));
  }
});
afterAll(async () => rig?.stop());

const kept = async () => {
  const ask = async (path: string) => (await rig.ask('GET', path, { token: acme.viewer })).body;
  const sites = (await ask('/api/sites')) as {
    sites: { name: string; devices: number; pending: number }[];
  };
  const count = async (query: string): Promise<number> => {
    const path = `/api/devices/count?query=${encodeURIComponent(query)}`;
    return ((await ask(path)) as { devices: number }).devices;
  };
  return {
    both: await count('ring=late AND shift=night'),
    lacking: await count('ring=late AND NOT shift=night'),
    neither: await count('NOT ring=late AND NOT shift=night'),
    notLate: await count('NOT ring=late'),
    all: ((await ask('/api/devices/count')) as { devices: number }).devices,
    pending: ((await ask('/api/devices/count?status=pending')) as { devices: number }).devices,
    late: ((await ask('/api/devices/count?query=ring%3Dlate')) as { devices: number }).devices,
    tags: ((await ask('/api/tags')) as { tags: { tag: string; devices: number }[] }).tags.map(
      ({ tag, devices }) => `${tag} ${devices}`,
    ),
    sites: sites.sites
      .filter(({ devices }) => devices > 0)
      .map(({ name, devices, pending }) => `${name} ${devices} ${pending}`),
  };
};

const counted = async () => {
  const read = async (sql: string): Promise<string[]> =>
    (await rig.owner.query<{ line: string }>(sql, [acme.tenantId])).rows.map(({ line }) => line);
  const devices = 'FROM device_manager.devices WHERE tenant_id = $1 AND deleted_at IS NULL';
  const tags = 'FROM device_manager.device_tags WHERE tenant_id = $1';
  const has = (key: string, value: string) =>
    `id IN (SELECT device_id ${tags} AND key IN ('${key}', '') AND value = '${value}')`;
  const count = async (where: string): Promise<number> =>
    Number((await read(`SELECT count(*) AS line ${devices} AND ${where}`))[0]);
  return {
    both: await count(`${has('ring', 'late')} AND ${has('shift', 'night')}`),
    lacking: await count(`${has('ring', 'late')} AND NOT ${has('shift', 'night')}`),
    neither: await count(`NOT ${has('ring', 'late')} AND NOT ${has('shift', 'night')}`),
    notLate: await count(`NOT ${has('ring', 'late')}`),
    all: Number((await read(`SELECT count(*) AS line ${devices}`))[0]),
    pending: Number((await read(`SELECT count(*) AS line ${devices} AND status = 'pending'`))[0]),
    late: Number(
      (await read(`SELECT count(DISTINCT device_id) AS line ${tags} AND value = 'late'`))[0],
    ),
    tags: await read(
      `SELECT ltrim(key || '=' || value, '=') || ' ' || count(*) AS line ${tags}
        GROUP BY key, value ORDER BY key, value`,
    ),
    sites: await read(
      `SELECT site || ' ' || count(*) || ' ' || count(*) FILTER (WHERE status = 'pending') AS line
         ${devices} GROUP BY site ORDER BY site COLLATE "C"`,
    ),
  };
};

const change = async (method: string, path: string, body?: unknown): Promise<void> => {
  const answer = await rig.ask(method, path, { token: acme.operator, body });
  expect([200, 204], JSON.stringify(answer.body)).toContain(answer.status);
};
const bulk = (action: unknown, from: number, to: number) =>
  change('POST', '/api/devices/bulk', { devices: { ids: ids.slice(from, to) }, action });

describe('kept counts', () => {
  test.each<[string, () => Promise<unknown>]>([
    ['nothing changed', async () => {}],
    [
      'tags were set and taken off',
      () => bulk({ kind: 'tag', set: ['ring=late'], unset: [] }, 0, 9),
    ],
    [
      'a bare tag has the same value',
      () => change('PATCH', `/api/devices/${ids[1]}/tags`, { set: ['late'] }),
    ],
    ['devices were let in', () => bulk({ kind: 'approve' }, 0, 12)],
    ['one moved', () => change('PATCH', `/api/devices/${ids[5]}`, { site: 'plant-3' })],
    ['some were deleted', () => bulk({ kind: 'delete' }, 18, 22)],
    [
      'one took over from another',
      () => change('POST', `/api/devices/${ids[4]}/replace`, { by: ids[15] }),
    ],
    [
      'several people changed at once',
      () =>
        Promise.all(
          ids.slice(7, 17).map((id, index) =>
            change('PATCH', `/api/devices/${id}/tags`, {
              set: [index % 2 === 0 ? 'ring=canary' : 'ring=late', 'shift=night'],
            }),
          ),
        ),
    ],
  ])('are what counting gives when %s, and folding changes nothing', async (_when, act) => {
    await act();
    expect(await kept()).toEqual(await counted());
    await foldCounts(rig.platform.pools.system);
    expect(await kept()).toEqual(await counted());
  });

  test('undone changes are not counted', async () => {
    const before = await kept();
    const undone = transaction(rig.platform.pools.system, async (sql) => {
      await sql.query('DELETE FROM device_manager.device_tags WHERE device_id = ANY($1)', [ids]);
      throw new Error('undo');
    });
    await expect(undone).rejects.toThrow('undo');
    expect(await kept()).toEqual(before);
  });
});

// Inventory §7.31
test('who is held to a site is told of that site alone', async () => {
  await rig.owner.query(
    `UPDATE device_manager.users SET sites = '{plant-2}' WHERE tenant_id = $1 AND role = 'viewer'`,
    [rival.tenantId],
  );
  const ask = async (path: string) => (await rig.ask('GET', path, { token: rival.viewer })).body;
  expect(await ask('/api/devices/count')).toEqual({ devices: 12 });
  expect(await ask('/api/devices/count?query=ring%3Dcanary')).toEqual({ devices: 12 });
  expect(await ask('/api/devices/count?query=ring%3Dlate')).toEqual({ devices: 0 });
  const { tags } = (await ask('/api/tags')) as { tags: { tag: string; devices: number }[] };
  expect(tags).toMatchObject([{ tag: 'ring=canary', devices: 12 }]);
  const found = (await ask('/api/devices?search=pump%201')) as { devices: { site: string }[] };
  expect(new Set(found.devices.map(({ site }) => site))).toEqual(new Set(['plant-2']));
});

describe('words', () => {
  const find = (token: string, path: string) => rig.ask('GET', `/api/devices${path}`, { token });

  test('are looked up in the own tenant alone, and no tenant is no row', async () => {
    const { rows } = await withTenant(rig.platform.pools.api, everySite(acme.tenantId), (sql) =>
      sql.query<{ ids: string[] }>(`SELECT device_manager.devices_like('%pump%', 500) AS ids`),
    );
    const found = rows[0]?.ids ?? [];
    expect(found.length).toBeGreaterThan(10);
    expect(found.filter((id) => !ids.includes(id))).toEqual([]);
    const unset = await rig.platform.pools.api.query(
      `SELECT device_manager.devices_like('%pump%', 500) AS ids`,
    );
    expect(unset.rows).toEqual([{ ids: [] }]);
  });

  test('are found, rare or frequent, with a query beside them', async () => {
    const names = async (path: string): Promise<string[]> => {
      const { body } = await find(acme.viewer, path);
      return (body as { devices: { name: string }[] }).devices.map(({ name }) => name);
    };
    expect(await names('?search=PUMP%2012')).toEqual(['pump 12']);
    expect(await names('?query=name%3Dpump*10%20AND%20shift%3Dnight')).toContain('pump 10');
    expect(await names('?query=name%3D%22pump%2012%22')).toEqual(['pump 12']);
    expect(await names('?query=name%3D%22ump%2012%22')).toEqual([]);
    expect(await names('?query=NOT%20name%3Dpump*')).toEqual([]);
    expect(await names('?search=%25_%25')).toEqual([]);
  });
});
