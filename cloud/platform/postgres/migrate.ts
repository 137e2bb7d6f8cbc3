/**
 * Plain SQL migrations, forward only: `migrations/NNNN_name.sql` in order of name, each once, its
 * checksum recorded. Several replicas may start at once: one holds the lock, the others wait.
 * A file whose first line is `-- no-transaction` runs statement by statement, parted by lines
 * `-- next`; it must survive being run again, for a crash may leave it half done.
 */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { FleetError } from '@signalbeam/sync/core/errors';
import pg from 'pg';

/** Any constant will do, as long as nobody else locks it: "sbmg". */
const lockKey = 0x73626d67;
const lockWaitMsMax = 120_000;

export const migrationsFolder = join(import.meta.dirname, '..', 'migrations');

type Migration = { name: string; sql: string; checksum: string };

const readMigrations = async (folder: string): Promise<Migration[]> => {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.sql')).sort();
  const numbers = new Set<string>();
  return Promise.all(
    names.map(async (name) => {
      const number = name.match(/^(\d{4})_[a-z0-9_]+\.sql$/)?.[1];
      if (number === undefined) throw new Error(`migration ${name} is not called NNNN_name.sql`);
      if (numbers.has(number)) throw new Error(`two migrations have the number ${number}`);
      numbers.add(number);
      const sql = await readFile(join(folder, name), 'utf8');
      return { name, sql, checksum: createHash('sha256').update(sql).digest('hex') };
    }),
  );
};

/** Says which migrations there are, and what is in them. */
export const versionOf = async (folder = migrationsFolder): Promise<string> =>
  (await readMigrations(folder)).map(({ name, checksum }) => `${name} ${checksum}`).join('\n');

// Polling instead of a blocking lock: a session that waits inside `pg_advisory_lock` holds a
// snapshot, and CREATE INDEX CONCURRENTLY in the holder would wait for it for ever.
const lock = async (client: pg.Client): Promise<void> => {
  const start = performance.now();
  for (;;) {
    const { rows } = await client.query<{ held: boolean }>(
      'SELECT pg_try_advisory_lock($1) AS held',
      [lockKey],
    );
    if (rows[0]?.held === true) return;
    if (performance.now() - start > lockWaitMsMax) {
      throw new FleetError('migration-locked', 'Another process holds the migration lock.', {
        next: 'Look for a migration that hangs in pg_stat_activity, end it, and start again.',
      });
    }
    await sleep(100);
  }
};

/** Changed for a while although they had been applied, and put back: databases of both times go on. */
const putBack: Record<string, string> = {
  '0142_site_grants.sql': '16499ef8dcc3aec1c807d1339f55d76548982e9c0f7b9262ca4dc0e5b20619ea',
  '0393_quotas.sql': 'b20a585c300a3e30a7179aec6fabf651cc6122900ca0169ccf7b54587f5a458d',
};
const isAsApplied = ({ name, checksum }: Migration, applied: string): boolean =>
  applied === checksum || applied === putBack[name];

const noTransaction = '-- no-transaction';
const record = 'INSERT INTO platform.migrations (name, checksum) VALUES ($1, $2)';

/** Postgres counts characters from the start of the text; people look for a line. */
const describeFailure = (sql: string, cause: unknown): string => {
  const text = cause instanceof Error ? cause.message : String(cause);
  const position = cause instanceof pg.DatabaseError ? Number(cause.position) : Number.NaN;
  if (Number.isNaN(position) || sql.startsWith(noTransaction)) return text;
  return `line ${sql.slice(0, position).split('\n').length}: ${text}`;
};

/** Makes an extension of TimescaleDB where there is one, and native partitions where that fails. */
const makesHypertable = '0300_telemetry.sql';

/**
 * Where TimescaleDB is installed but not in `shared_preload_libraries`, `CREATE EXTENSION` ends the session
 * (it is FATAL there), which no block of SQL outlives. So the migration does not see it there: a view of this
 * session stands before the catalogue's. A library that is loaded has defined its settings.
 */
const hideUnloadedTimescale = `
  DO $$ BEGIN
    IF EXISTS (SELECT 1 FROM pg_available_extensions WHERE name = 'timescaledb')
       AND current_setting('timescaledb.disable_load', true) IS NULL THEN
      CREATE TEMP VIEW pg_available_extensions AS
        SELECT * FROM pg_catalog.pg_available_extensions WHERE name <> 'timescaledb';
      SET LOCAL search_path = pg_temp, pg_catalog, public;
      RAISE WARNING 'TimescaleDB is installed and not preloaded: native partitions are used';
    END IF;
  END $$`;

const apply = async (client: pg.Client, migration: Migration): Promise<void> => {
  const { name, sql, checksum } = migration;
  try {
    if (sql.startsWith(noTransaction)) {
      for (const statement of sql.split(/^-- next\s*$/m)) await client.query(statement);
      await client.query(record, [name, checksum]);
      return;
    }
    await client.query('BEGIN');
    if (name === makesHypertable) await client.query(hideUnloadedTimescale);
    await client.query(sql);
    if (name === makesHypertable) {
      await client.query('DROP VIEW IF EXISTS pg_temp.pg_available_extensions');
    }
    await client.query(record, [name, checksum]);
    await client.query('COMMIT');
  } catch (cause) {
    await client.query('ROLLBACK').catch(() => {});
    const reason = describeFailure(sql, cause);
    throw new FleetError('migration-failed', `Migration ${name} failed and was undone: ${reason}`, {
      cause,
      next: 'Correct the cause and start again; migrations before it stay applied.',
    });
  }
};

const applyMissing = async (client: pg.Client, migrations: Migration[]): Promise<string[]> => {
  await client.query(`CREATE SCHEMA IF NOT EXISTS platform;
    CREATE TABLE IF NOT EXISTS platform.migrations (
      name text PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())`);
  const { rows } = await client.query<{ name: string; checksum: string }>(
    'SELECT name, checksum FROM platform.migrations',
  );
  const applied = new Map(rows.map((row) => [row.name, row.checksum]));
  const done: string[] = [];
  for (const migration of migrations) {
    const checksum = applied.get(migration.name);
    if (checksum === undefined) {
      await apply(client, migration);
      done.push(migration.name);
    } else if (!isAsApplied(migration, checksum)) {
      throw new FleetError(
        'migration-changed',
        `Migration ${migration.name} was changed after it had been applied; nothing was run.`,
        { next: 'Restore the file and put the change into a new migration.' },
      );
    }
  }
  return done;
};

/** Brings the database up to date; returns the names of the migrations that it applied. */
export const migrate = async (options: { url: string; folder?: string }): Promise<string[]> => {
  const migrations = await readMigrations(options.folder ?? migrationsFolder);
  const client = new pg.Client({
    connectionString: options.url,
    application_name: 'signalbeam-migrate',
  });
  await client.connect().catch((cause) => {
    throw new FleetError('database-unavailable', 'The database does not answer.', {
      cause,
      next: 'Check DATABASE_URL and that Postgres runs.',
    });
  });
  client.on('error', () => {});
  try {
    await lock(client);
    return await applyMissing(client, migrations);
  } finally {
    await client.end().catch(() => {});
  }
};
