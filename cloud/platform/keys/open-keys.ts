/** What is needed before anything else: a database that is up to date, and the key of its keys. */
import type { Config } from '../config.ts';
import { migrate } from '../postgres/migrate.ts';
import { readKek } from './kek.ts';

/** Migrates the database and loads its keys: what the hub's configuration needs too. */
export const openKeys = async (config: Config) => {
  const kek = await readKek(config.kek);
  const migrations = await migrate({ url: config.databaseUrl });
  return { kek, migrations };
};
