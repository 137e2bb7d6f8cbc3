/**
 * All migrations and the storage of samples on Postgres 15, the oldest that the cloud is to run on and the one that Debian
 * 12 has; other tests run on the newest. CONTRIBUTING.md says how to run any of them on another server.
 */
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Postgres, startPostgres } from '@signalbeam/launcher/infra/postgres';
import { ensurePrograms, oldestPostgres } from '@signalbeam/launcher/machine/packages';
import { freshDatabase } from '@signalbeam/launcher/rig/database';
import { openPool } from '@signalbeam/platform/postgres/pool';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sampleStorageSuite } from './sample-storage.suite.ts';

describe('on the oldest Postgres', () => {
  let dir: string;
  let server: Postgres;
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'oldest-'));
    await chmod(dir, 0o711);
    await ensurePrograms('oldest-postgres', join(dir, 'install.log'));
    server = await startPostgres({ dir, durability: 'throwaway', binDir: oldestPostgres });
  }, 300_000);
  afterAll(async () => {
    await server?.stop();
    await rm(dir, { recursive: true, force: true });
  });

  it('is 15', async () => {
    const pool = openPool({ url: server.url, role: null, max: 1 });
    const { rows } = await pool.query('SHOW server_version');
    await pool.end();
    expect(rows[0]?.server_version).toMatch(/^15\./);
  });

  sampleStorageSuite({
    isHypertable: false,
    open: () => freshDatabase(server.url),
    parts: `SELECT count(*) AS parts FROM pg_inherits
             WHERE inhparent = 'telemetry.metrics'::regclass`,
  });
});
