/**
 * Postgres pools, one per role. A connection never changes its role: what a query may see follows
 * from the pool it was given, so `sb_api` can't be talked into another tenant's rows.
 * Not a query builder: statements are plain SQL with parameters.
 */
import pg from 'pg';
import { isTracing } from '../tracing/trace.ts';
import { createTracedPool } from '../tracing/traced-client.ts';

/**
 * `sb_api`: requests of one tenant, row security applies.
 * `sb_ingest`: what devices send, for all tenants.
 * `sb_system`: background work and look-ups that come before a tenant is known (sign-in).
 * `sb_eraser`: deletes the rows of one tenant that goes for good (../erase), and sees no other's.
 * `null`: the connecting user, who owns the tables; for migrations and the keyring only.
 */
export type PostgresRole = 'sb_api' | 'sb_ingest' | 'sb_system' | 'sb_eraser' | null;

export type Pool = pg.Pool;
/** What a statement needs: a pool or a client inside a transaction. */
export type Sql = Pick<pg.ClientBase, 'query'>;

export type PoolOptions = {
  url: string;
  role: PostgresRole;
  max?: number;
  /** Shown in pg_stat_activity, so a slow query names its process. */
  applicationName?: string;
  statementTimeoutMs?: number;
  onError?: (error: Error) => void;
};

// int8 as a number: every counter here stays far below 2^53; a larger one is a bug worth a crash.
const parseBigint = (text: string): number => {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new RangeError(`bigint ${text} is beyond 2^53`);
  return value;
};

const types: pg.CustomTypesConfig = {
  getTypeParser: (oid, format) =>
    oid === pg.types.builtins.INT8
      ? (parseBigint as never)
      : (pg.types.getTypeParser(oid, format as 'text') as never),
};

/**
 * Requests are short and many: pages from memory or flash, one core each, and nothing compiled for
 * a single use. Without these the planner reads whole tables at 100,000 devices.
 */
const requestSettings = '-c random_page_cost=1.1 -c max_parallel_workers_per_gather=0 -c jit=off';

/** After the server's own timeout: only a server that is frozen or cut off lets it pass. */
const silenceMs = 5_000;

export const openPool = (options: PoolOptions): Pool => {
  const statementTimeoutMs = options.statementTimeoutMs ?? 30_000;
  const config: pg.PoolConfig = {
    connectionString: options.url,
    max: options.max ?? 10,
    application_name: options.applicationName ?? 'signalbeam',
    statement_timeout: statementTimeoutMs,
    query_timeout: statementTimeoutMs + silenceMs,
    idle_in_transaction_session_timeout: 60_000,
    connectionTimeoutMillis: 10_000,
    keepAlive: true,
    types,
    ...(options.role === null ? {} : { options: `-c role=${options.role} ${requestSettings}` }),
  };
  const pool = isTracing() ? createTracedPool(config) : new pg.Pool(config);
  // Without a listener an idle connection that the server drops would end the process.
  pool.on('error', options.onError ?? (() => {}));
  return pool;
};

/** Whether an error means "Postgres can't be reached now", as opposed to "the statement is wrong". */
export const isUnavailable = (error: unknown): boolean => {
  if (!(error instanceof Error)) return false;
  const code = 'code' in error ? String(error.code) : '';
  return (
    /^(08|57P0|53)/.test(code) ||
    ['ECONNREFUSED', 'ECONNRESET', 'ETIMEDOUT', 'EPIPE', 'ENOTFOUND'].includes(code) ||
    /Connection terminated|Query read timeout|timeout exceeded when trying to connect/.test(
      error.message,
    )
  );
};

/** SQLSTATE 57014: the server stopped the statement, mostly because it took longer than it may. */
export const isCutOff = (error: unknown): boolean =>
  error instanceof pg.DatabaseError && error.code === '57014';

/** SQLSTATE 23505, optionally of one named constraint: the way to notice "it exists already". */
export const isUniqueViolation = (error: unknown, constraint?: string): boolean =>
  error instanceof pg.DatabaseError &&
  error.code === '23505' &&
  (constraint === undefined || error.constraint === constraint);

/** The only row of a result; none or several is a bug in the statement. */
export const onlyRow = <Row extends pg.QueryResultRow>(result: pg.QueryResult<Row>): Row => {
  const row = result.rows[0];
  if (row === undefined || result.rows.length !== 1) {
    throw new Error(`expected one row, got ${result.rows.length}`);
  }
  return row;
};
