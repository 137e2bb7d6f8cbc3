/**
 * One transaction on one connection: committed when `fn` returns, rolled back when it throws.
 * A connection whose state is unknown is destroyed, never handed to the next caller.
 */
import type { PoolClient } from 'pg';
import { beginAudit } from './audit.ts';
import { markCommit } from './commit-mark.ts';
import { isUnavailable, type Pool } from './pool.ts';

export type TransactionOptions = {
  /** Statements to run right after BEGIN, for example the tenant. */
  prepare?: (client: PoolClient) => Promise<unknown>;
  isolation?: 'read committed' | 'repeatable read' | 'serializable';
  /** Postgres refuses every change. */
  readOnly?: boolean;
  /** Asked once `fn` is done: on false its changes are undone, and its result is returned still. */
  keepIf?: (client: PoolClient) => boolean;
};

const rollBack = async (client: PoolClient): Promise<Error | undefined> => {
  try {
    await client.query('ROLLBACK');
    return undefined;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
};

export const transaction = async <T>(
  pool: Pool,
  fn: (client: PoolClient) => Promise<T>,
  options: TransactionOptions = {},
): Promise<T> => {
  const client = await pool.connect();
  let broken: Error | undefined;
  // A connection that dies between two statements would otherwise raise an unhandled 'error'.
  const onError = (error: Error): void => {
    broken = error;
  };
  client.on('error', onError);
  try {
    const access = options.readOnly === true ? 'READ ONLY' : 'READ WRITE';
    await client.query(`BEGIN ISOLATION LEVEL ${options.isolation ?? 'read committed'} ${access}`);
    beginAudit(client);
    await options.prepare?.(client);
    const result = await fn(client);
    if (options.keepIf?.(client) === false) {
      await client.query('ROLLBACK');
      return result;
    }
    await markCommit(client);
    // COMMIT of a failed transaction answers "ROLLBACK" without an error: an `fn` that swallowed
    // a statement's failure must not believe its work was kept.
    const { command } = await client.query('COMMIT');
    if (command !== 'COMMIT') throw new Error('a statement failed, so the transaction was undone');
    return result;
  } catch (error) {
    // A server that says nothing would only let ROLLBACK wait as long again.
    broken ??= isUnavailable(error) ? (error as Error) : await rollBack(client);
    throw error;
  } finally {
    client.off('error', onError);
    client.release(broken);
  }
};
