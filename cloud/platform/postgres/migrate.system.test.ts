/** Migrations: once each, by one replica, never twice, never changed. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import '@signalbeam/launcher/rig/provided';
import { type FreshDatabase, freshDatabase } from '@signalbeam/launcher/rig/database';
import {
  preloadTimescale,
  startTimescaleStandIn,
} from '@signalbeam/launcher/rig/timescale-stand-in';
import { afterEach, beforeEach, describe, expect, inject, it, vi } from 'vitest';
import { migrate } from './migrate.ts';
import { openPool } from './pool.ts';

let database: FreshDatabase;
let folder: string;
beforeEach(async () => {
  database = await freshDatabase(inject('postgresUrl'));
  folder = await mkdtemp(join(tmpdir(), 'migrations-'));
});
afterEach(async () => {
  await database.drop();
  await rm(folder, { recursive: true });
});

const file = (name: string, sql: string) => writeFile(join(folder, name), sql);
const query = async (sql: string) => {
  const pool = openPool({ url: database.url, role: null, max: 1 });
  try {
    return (await pool.query(sql)).rows;
  } finally {
    await pool.end();
  }
};

describe('migrate', () => {
  // Inventory §7.22
  it('brings our own schema up once when three replicas start at the same time', async () => {
    const applied = await Promise.all([1, 2, 3].map(() => migrate({ url: database.url })));
    const names = applied.flat();
    expect(names.length).toBeGreaterThan(0);
    expect(new Set(names).size).toBe(names.length);
    expect(await migrate({ url: database.url })).toEqual([]);
  });

  it('goes on where a replica died in the middle, with five starting at once', async () => {
    await file('0001_a.sql', 'CREATE TABLE a (id int)');
    // Each waits for a lock that this test holds until it has ended whoever waits there first.
    await file('0002_b.sql', 'CREATE TABLE b (id int); SELECT pg_advisory_xact_lock(4242)');
    await file(
      '0003_c.sql',
      '-- no-transaction\nCREATE TABLE IF NOT EXISTS c (id int);\n-- next\nSELECT pg_advisory_lock(4343);',
    );
    await file('0004_d.sql', 'CREATE TABLE d (id int)');
    const holder = openPool({ url: database.url, role: null, max: 1 });
    await holder.query('SELECT pg_advisory_lock(4242), pg_advisory_lock(4343)');
    const outcomes = Promise.allSettled(
      [1, 2, 3, 4, 5].map(() => migrate({ url: database.url, folder })),
    );
    for (const key of [4242, 4343]) {
      await vi.waitFor(
        async () => {
          const { rows } = await holder.query(
            `SELECT pg_terminate_backend(pid) FROM pg_locks
              WHERE locktype = 'advisory' AND objid = $1 AND NOT granted`,
            [key],
          );
          expect(rows).toHaveLength(1);
        },
        { timeout: 20_000 },
      );
      await holder.query('SELECT pg_advisory_unlock($1)', [key]);
    }
    const settled = await outcomes;
    await holder.end();
    expect(settled.filter(({ status }) => status === 'rejected')).toHaveLength(2);
    const done = settled.flatMap((one) => (one.status === 'fulfilled' ? one.value : []));
    expect(new Set(done).size).toBe(done.length);
    const recorded = await query('SELECT name FROM platform.migrations ORDER BY name');
    expect(recorded.map(({ name }) => name.slice(0, 4))).toEqual(['0001', '0002', '0003', '0004']);
    const tables = await query(`SELECT tablename FROM pg_tables WHERE schemaname = 'public'`);
    expect(tables.map(({ tablename }) => tablename).toSorted()).toEqual(['a', 'b', 'c', 'd']);
  });

  it('works in many databases of one server at once, though roles are shared', async () => {
    const others = await Promise.all([1, 2, 3].map(() => freshDatabase(inject('postgresUrl'))));
    await Promise.all(others.map(({ url }) => migrate({ url })));
    await Promise.all(others.map((other) => other.drop()));
  });

  it('undoes a failing file, names it, and goes on once it is corrected', async () => {
    await file('0001_a.sql', 'CREATE TABLE a (id int)');
    await file('0002_b.sql', 'CREATE TABLE b (id int); SELECT no_such_function()');
    await expect(migrate({ url: database.url, folder })).rejects.toMatchObject({
      code: 'migration-failed',
      message: expect.stringContaining('0002_b.sql'),
    });
    expect(await query(`SELECT to_regclass('b') AS b, to_regclass('a') AS a`)).toEqual([
      { b: null, a: 'a' },
    ]);
    await file('0002_b.sql', 'CREATE TABLE b (id int)');
    expect(await migrate({ url: database.url, folder })).toEqual(['0002_b.sql']);
  });

  it('refuses a file that was changed after it had been applied', async () => {
    await file('0001_a.sql', 'CREATE TABLE a (id int)');
    await migrate({ url: database.url, folder });
    await file('0001_a.sql', 'CREATE TABLE a (id bigint)');
    await file('0002_b.sql', 'CREATE TABLE b (id int)');
    await expect(migrate({ url: database.url, folder })).rejects.toMatchObject({
      code: 'migration-changed',
    });
  });

  it('goes on where ours had been changed for a while and were put back', async () => {
    await migrate({ url: database.url });
    await query(`UPDATE platform.migrations
      SET checksum = '16499ef8dcc3aec1c807d1339f55d76548982e9c0f7b9262ca4dc0e5b20619ea'
      WHERE name = '0142_site_grants.sql'`);
    await query(`DELETE FROM platform.migrations WHERE name LIKE '0145%'`);
    expect(await migrate({ url: database.url })).toEqual(['0145_unexpired_grants.sql']);
  });

  it('bears what newer code applied, and fills in lower numbers of another service', async () => {
    await file('0100_later.sql', 'CREATE TABLE later (id int)');
    await migrate({ url: database.url, folder });
    await file('0020_earlier.sql', 'CREATE TABLE earlier (id int)');
    expect(await migrate({ url: database.url, folder })).toEqual(['0020_earlier.sql']);
    await rm(join(folder, '0100_later.sql'));
    expect(await migrate({ url: database.url, folder })).toEqual([]);
  });

  it('runs what can be in no transaction, while another replica waits', async () => {
    await file('0001_a.sql', 'CREATE TABLE a (id int)');
    await file(
      '0002_index.sql',
      '-- no-transaction\nCREATE INDEX CONCURRENTLY IF NOT EXISTS a_id ON a (id);\n-- next\nVACUUM a;\n',
    );
    const applied = await Promise.all([1, 2].map(() => migrate({ url: database.url, folder })));
    expect(applied.flat().toSorted()).toEqual(['0001_a.sql', '0002_index.sql']);
  });

  it('uses native partitions where TimescaleDB is installed and its library not loaded', async () => {
    const server = await startTimescaleStandIn();
    try {
      const [without, preloaded] = [
        await freshDatabase(server.url),
        await freshDatabase(server.url),
      ];
      await preloadTimescale(preloaded);
      const kinds = [];
      for (const { url } of [without, preloaded]) {
        // CREATE EXTENSION ends the session there, as the real one does.
        await migrate({ url });
        const pool = openPool({ url, role: null, max: 1 });
        const found = await pool.query(
          `SELECT relkind FROM pg_class WHERE oid = 'telemetry.metrics'::regclass`,
        );
        kinds.push(found.rows[0]?.relkind);
        await pool.end();
      }
      expect(kinds).toEqual(['p', 'r']);
    } finally {
      await server.stop();
    }
  });

  it.each(['1_short.sql', '0001-dash.sql', '0001_Upper.sql'])(
    'refuses the name %s',
    async (name) => {
      await file(name, 'SELECT 1');
      await expect(migrate({ url: database.url, folder })).rejects.toThrow('NNNN_name.sql');
    },
  );
});
