/**
 * A database of its own for one test file, on the rig's Postgres. Roles are shared by the whole
 * server, so migrations that make them must bear company.
 */
import { randomBytes } from 'node:crypto';
import pg from 'pg';

export type FreshDatabase = {
  /** Superuser on the new database. */
  url: string;
  name: string;
  /** Ends every connection to it and deletes it. */
  drop: () => Promise<void>;
};

const run = async (url: string, sql: string): Promise<void> => {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
};

export const freshDatabase = async (postgresUrl: string): Promise<FreshDatabase> => {
  const name = `test_${randomBytes(8).toString('hex')}`;
  // template0 has no sessions ever, so makers do not wait for one another's template1.
  await run(postgresUrl, `CREATE DATABASE ${name} TEMPLATE template0`);
  const url = new URL(postgresUrl);
  url.pathname = `/${name}`;
  return {
    url: url.href,
    name,
    drop: () => run(postgresUrl, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`),
  };
};
