/** Samples in daily partitions, and in a hypertable: one suite for both, the latter on what stands in for TimescaleDB. */
import '@signalbeam/launcher/rig/provided';
import { freshDatabase } from '@signalbeam/launcher/rig/database';
import {
  preloadTimescale,
  startTimescaleStandIn,
  type TimescaleStandIn,
} from '@signalbeam/launcher/rig/timescale-stand-in';
import { openPool } from '@signalbeam/platform/postgres/pool';
import { afterAll, beforeAll, describe, inject } from 'vitest';
import { sampleStorageSuite } from './sample-storage.suite.ts';

/** A database whose owner is no superuser, as managed Postgres gives one. */
const ownedDatabase = async (url: string) => {
  const database = await freshDatabase(url);
  await preloadTimescale(database);
  const superuser = openPool({ url: database.url, role: null, max: 1 });
  const limit = 'timescaledb.max_tuples_decompressed_per_dml_transaction';
  await superuser.query(`CREATE ROLE owner LOGIN CREATEROLE PASSWORD 'for-this-test'`);
  await superuser.query(`ALTER DATABASE ${database.name} OWNER TO owner`);
  await superuser.query(`ALTER DATABASE ${database.name} SET ${limit} = 100`);
  await superuser.end();
  const owned = new URL(database.url);
  owned.username = 'owner';
  owned.password = 'for-this-test';
  return { url: owned.href, drop: database.drop };
};

describe('samples in daily partitions', () =>
  sampleStorageSuite({
    isHypertable: false,
    open: () => freshDatabase(inject('postgresUrl')),
    parts: `SELECT count(*) AS parts FROM pg_inherits
             WHERE inhparent = 'telemetry.metrics'::regclass`,
  }));

describe('samples in a hypertable', () => {
  let server: TimescaleStandIn;
  beforeAll(async () => {
    server = await startTimescaleStandIn();
  });
  afterAll(() => server?.stop());

  sampleStorageSuite({
    isHypertable: true,
    open: () => ownedDatabase(server.url),
    parts: `SELECT count(*) AS parts FROM show_chunks('telemetry.metrics')`,
  });
});
