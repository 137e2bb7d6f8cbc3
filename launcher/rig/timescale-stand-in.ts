/**
 * A Postgres of its own on which `CREATE EXTENSION timescaledb` works, for tests of what the cloud does where
 * samples are a hypertable: TimescaleDB itself is in no registry that tests reach. What it stands in for and what
 * it can't show is in ./timescaledb--2.20.0.sql. Preloaded or not is said for each database.
 */
import { chmodSync, cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { startPostgres } from '../infra/postgres.ts';

export type TimescaleStandIn = {
  /** Superuser, no fsync: make a database of your own with `freshDatabase`. */
  url: string;
  stop: () => Promise<void>;
};

export const startTimescaleStandIn = async (): Promise<TimescaleStandIn> => {
  const dir = mkdtempSync(join(tmpdir(), 'timescale-'));
  // The server's own user reads the files.
  chmodSync(dir, 0o711);
  const extensions = join(dir, 'share/extension');
  for (const name of ['timescaledb.control', 'timescaledb--2.20.0.sql']) {
    cpSync(join(import.meta.dirname, name), join(extensions, name), { recursive: true });
  }
  const remove = () => rmSync(dir, { recursive: true, force: true });
  try {
    const postgres = await startPostgres({
      dir: join(dir, 'server'),
      durability: 'throwaway',
      settings: { extension_control_path: `${join(dir, 'share')}:$system` },
    });
    return {
      url: postgres.url,
      stop: async () => {
        await postgres.stop();
        remove();
      },
    };
  } catch (error) {
    remove();
    throw error;
  }
};

/** As `shared_preload_libraries` would, for who connects to the database from now on. */
export const preloadTimescale = async (database: { url: string; name: string }): Promise<void> => {
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  try {
    await client.query(`ALTER DATABASE ${database.name} SET timescaledb.disable_load = 'off'`);
  } finally {
    await client.end();
  }
};
