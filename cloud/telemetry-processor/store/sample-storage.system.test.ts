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

const timescale = process.env['SIGNALBEAM_TIMESCALE_URL'];
const chunks = `FROM show_chunks('telemetry.metrics') AS chunk`;
/** The real one, which no registry has that tests reach: an empty database of it, for whoever has one (CONTRIBUTING.md). */
if (timescale !== undefined) {
  describe('samples in a hypertable of TimescaleDB, compressed', () =>
    sampleStorageSuite({
      isHypertable: true,
      open: () => Promise.resolve({ url: timescale, drop: () => Promise.resolve() }),
      parts: `SELECT count(*) AS parts ${chunks}`,
      compress: `SELECT compress_chunk(chunk, if_not_compressed => true) ${chunks}`,
    }));
}
