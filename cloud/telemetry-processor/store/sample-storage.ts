/**
 * How samples are stored on this server, in words for whoever runs it: the same queries and results
 * either way, so nothing else would show that TimescaleDB is missing.
 */
import { onlyRow, type Sql } from '@signalbeam/platform/postgres/pool';

export type SampleStorage = {
  isHypertable: boolean;
  /** Of the extension in this database; null: it is not in it. */
  version: string | null;
  isAvailable: boolean;
};

export const storageWords = ({ isHypertable, version, isAvailable }: SampleStorage): string => {
  if (isHypertable) return `a hypertable of TimescaleDB ${version ?? '(unknown version)'}`;
  return isAvailable
    ? 'daily partitions; TimescaleDB is installed on the server and was not usable when they were made'
    : 'daily partitions; TimescaleDB is not installed on the server';
};

export const readSampleStorage = async (sql: Sql): Promise<SampleStorage> =>
  onlyRow(
    await sql.query<SampleStorage>(
      `SELECT to_regclass('telemetry.metrics_other') IS NULL AS "isHypertable",
              (SELECT extversion FROM pg_extension WHERE extname = 'timescaledb') AS version,
              EXISTS (SELECT 1 FROM pg_available_extensions
                       WHERE name = 'timescaledb') AS "isAvailable"`,
    ),
  );
