/**
 * A database of its own for one test file, on the rig's Postgres. Roles are shared by the whole
 * server, so migrations that make them must bear company.
 */
import { createHash, randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';

export type FreshDatabase = {
  /** Superuser on the new database. */
  url: string;
  name: string;
  /** Ends every connection to it and deletes it. */
  drop: () => Promise<void>;
};

const within = async <T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> => {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
};
const run = (url: string, sql: string): Promise<unknown> =>
  within(url, (client) => client.query(sql));

const urlOf = (postgresUrl: string, name: string): string => {
  const url = new URL(postgresUrl);
  url.pathname = `/${name}`;
  return url.href;
};

/**
 * A pool that was ended may still be saying goodbye, and a client that is thrown out meanwhile throws where
 * nobody catches. Who stays longer than that is not leaving.
 */
const untilLeft = async (client: pg.Client, name: string): Promise<void> => {
  const sessions = 'SELECT 1 FROM pg_stat_activity WHERE datname = $1';
  for (let looks = 0; looks < 20; looks += 1) {
    if ((await client.query(sessions, [name])).rowCount === 0) return;
    await sleep(25);
  }
};

export const freshDatabase = async (
  postgresUrl: string,
  // It has no sessions ever, so makers do not wait for one another's template1.
  template = 'template0',
): Promise<FreshDatabase> => {
  const name = `test_${randomBytes(8).toString('hex')}`;
  // Files are copied: the server forgets all with the run, so nothing needs a log.
  await run(postgresUrl, `CREATE DATABASE ${name} TEMPLATE ${template} STRATEGY FILE_COPY`);
  return {
    url: urlOf(postgresUrl, name),
    name,
    drop: () =>
      within(postgresUrl, async (client) => {
        await untilLeft(client, name);
        await client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
      }),
  };
};

/** TimescaleDB's scheduler of a database is connected to it, and such a one can't be copied. It leaves templates alone. */
const stopWorkers = `DO $$ BEGIN
  IF EXISTS (SELECT 1 FROM pg_extension WHERE extname = 'timescaledb') THEN
    PERFORM _timescaledb_functions.stop_background_workers();
  END IF;
END $$`;

/**
 * A copy of what `make` makes of an empty database, which is done once a server for each `version`:
 * to migrate is ten times the work of copying. Whoever comes meanwhile waits.
 */
export const copiedDatabase = async (
  postgresUrl: string,
  version: string,
  make: (url: string) => Promise<unknown>,
): Promise<FreshDatabase> => {
  const name = `template_${createHash('sha256').update(version).digest('hex').slice(0, 16)}`;
  await within(postgresUrl, async (client) => {
    await client.query('SELECT pg_advisory_lock(hashtextextended($1, 0))', [name]);
    const made = 'SELECT 1 FROM pg_database WHERE datname = $1 AND datistemplate';
    if ((await client.query(made, [name])).rowCount === 1) return;
    // One that nobody finished is not marked.
    await client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
    await client.query(`CREATE DATABASE ${name} TEMPLATE template0`);
    await make(urlOf(postgresUrl, name));
    await run(urlOf(postgresUrl, name), stopWorkers);
    await client.query(`ALTER DATABASE ${name} IS_TEMPLATE true`);
  });
  return freshDatabase(postgresUrl, name);
};
