/** An owner that is no superuser, as managed Postgres gives one: migrates, and its roles hold. */
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startPostgres } from '@signalbeam/launcher/infra/postgres';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { migrate } from './migrate.ts';
import { openPool } from './pool.ts';
import { everySite, withTenant } from './tenant.ts';

const tenantId = '00000000-0000-4000-8000-000000000001';
let folder: string;
let server: Awaited<ReturnType<typeof startPostgres>>;
let url: string;

beforeAll(async () => {
  // A server of its own: on a shared one the roles may belong to somebody else already.
  folder = await mkdtemp(join(tmpdir(), 'owner-'));
  await chmod(folder, 0o711);
  server = await startPostgres({ dir: folder, durability: 'throwaway' });
  const superuser = openPool({ url: server.url, role: null, max: 1 });
  await superuser.query(`CREATE ROLE owner LOGIN CREATEROLE PASSWORD 'for-this-test'`);
  await superuser.query('CREATE DATABASE owned OWNER owner');
  await superuser.end();
  const owned = new URL(server.url);
  owned.username = 'owner';
  owned.password = 'for-this-test';
  owned.pathname = '/owned';
  url = owned.href;
});
afterAll(async () => {
  await server?.stop();
  await rm(folder, { recursive: true, force: true });
});

it('needs no superuser', async () => {
  expect((await migrate({ url })).length).toBeGreaterThan(1);
  const pools = {
    api: openPool({ url, role: 'sb_api', max: 1 }),
    system: openPool({ url, role: 'sb_system', max: 1 }),
    owner: openPool({ url, role: null, max: 1 }),
  };
  const insert = `INSERT INTO device_manager.tenants (id, name, tenant_key) VALUES ($1, 'a', 'A')`;
  await pools.system.query(insert, [tenantId]);
  const seen = 'SELECT tenant_id FROM device_manager.public_tenants';
  const own = await withTenant(pools.api, everySite(tenantId), (sql) => sql.query(seen));
  expect(own.rows).toEqual([{ tenant_id: tenantId }]);
  expect((await pools.api.query(seen)).rows).toEqual([]);
  // As a superuser does: a migration that changes rows must not find none, and say nothing.
  const { rowCount } = await pools.owner.query(`UPDATE device_manager.tenants SET name = 'b'`);
  expect(rowCount).toBe(1);
  for (const pool of Object.values(pools)) await pool.end();
});
