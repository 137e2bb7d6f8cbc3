/**
 * How samples are stored on this server, in words for whoever runs it: the same queries and results
 * either way, so nothing else would show that TimescaleDB is missing, or does not compress.
 */
import { onlyRow, type Sql } from '@signalbeam/platform/postgres/pool';

export type SampleStorage = {
  isHypertable: boolean;
  /** Chunks past a week are compressed: not by an edition of TimescaleDB that can't. */
  isCompressed: boolean;
  /** Of the extension in this database; null: it is not in it. */
  version: string | null;
  isAvailable: boolean;
};

export const storageWords = (storage: SampleStorage): string => {
  const { isHypertable, isCompressed, version, isAvailable } = storage;
  if (isHypertable) {
    const how = isCompressed ? 'compressed after a week' : 'not compressed';
    return `a hypertable of TimescaleDB ${version ?? '(unknown version)'}, ${how}`;
  }
  return isAvailable
    ? 'daily partitions; TimescaleDB is installed on the server and was not usable when they were made'
    : 'daily partitions; TimescaleDB is not installed on the server';
};

const hasPolicy = async (sql: Sql): Promise<boolean> => {
  const { rowCount } = await sql.query(
    `SELECT 1 FROM timescaledb_information.jobs WHERE proc_name = 'policy_compression'
        AND hypertable_schema = 'telemetry' AND hypertable_name = 'metrics'`,
  );
  return rowCount !== 0;
};

/** Partitions have one for what fits none of them. */
export const areSamplesHypertable = async (sql: Sql): Promise<boolean> =>
  onlyRow(
    await sql.query<{ is: boolean }>(
      `SELECT to_regclass('telemetry.metrics_other') IS NULL AS "is"`,
    ),
  ).is;

export const readSampleStorage = async (sql: Sql): Promise<SampleStorage> => {
  const isHypertable = await areSamplesHypertable(sql);
  const extension = onlyRow(
    await sql.query<{ version: string | null; isAvailable: boolean }>(
      `SELECT (SELECT extversion FROM pg_extension WHERE extname = 'timescaledb') AS version,
              EXISTS (SELECT 1 FROM pg_available_extensions
                       WHERE name = 'timescaledb') AS "isAvailable"`,
    ),
  );
  return { isHypertable, isCompressed: isHypertable && (await hasPolicy(sql)), ...extension };
};
