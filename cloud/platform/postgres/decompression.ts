/**
 * Where TimescaleDB compresses samples, a transaction that changes compressed rows takes them out of compression,
 * and one that takes out more than 100,000 is refused unless it says that it means to. Whoever deletes what is
 * past its time, or a tenant, does. Elsewhere there is no such setting, and nothing is said.
 */
import type { Sql } from './pool.ts';

const limit = 'timescaledb.max_tuples_decompressed_per_dml_transaction';

/** For the rest of the transaction; 0 is no limit. */
export const allowDecompression = (sql: Sql): Promise<unknown> =>
  sql.query(`SELECT set_config($1, '0', true) WHERE current_setting($1, true) IS NOT NULL`, [
    limit,
  ]);
