/**
 * Postgres connections whose statements are spans of what runs around them; what runs in no trace,
 * such as a loop that looks for work, makes none. Texts have parameters, never values. COPY is no
 * statement with a promise and goes through as it is.
 */
import type { Attributes } from '@opentelemetry/api';
import pg from 'pg';
import { inSpan, isInSpan } from './trace.ts';

const textMax = 2_000;

const textOf = (given: unknown): string | null =>
  typeof given === 'string'
    ? given
    : typeof given === 'object' && given !== null && !('submit' in given) && 'text' in given
      ? String(given.text)
      : null;

/** `SELECT`, `INSERT`, …: the first word, without which all statements of a kind would look alike. */
const operationOf = (text: string): string => /[a-z]+/i.exec(text)?.[0].toUpperCase() ?? 'SQL';

type Query = (...given: unknown[]) => unknown;

class TracedClient extends pg.Client {
  constructor(config?: pg.ClientConfig) {
    super(config);
    const plain = this.query.bind(this) as Query;
    const traced: Query = (...given) => {
      const text = textOf(given[0]);
      if (!isInSpan() || text === null || typeof given.at(-1) === 'function')
        return plain(...given);
      const operation = operationOf(text);
      const attributes: Attributes = {
        'db.system.name': 'postgresql',
        'db.operation.name': operation,
        'db.query.text': text.slice(0, textMax),
      };
      return inSpan(operation, { kind: 'client', attributes }, async () => plain(...given));
    };
    Object.defineProperty(this, 'query', { value: traced });
  }
}

/**
 * A pool of such connections. Its own `query` is made of promises here: the original's callbacks
 * run in whatever context freed the connection they waited for.
 */
export const createTracedPool = (config: pg.PoolConfig): pg.Pool => {
  const pool = new pg.Pool({ ...config, Client: TracedClient as never });
  const query = async (...given: unknown[]): Promise<unknown> => {
    const client = await pool.connect();
    try {
      const result = await (client.query as Query)(...given);
      client.release();
      return result;
    } catch (error) {
      client.release(error instanceof Error ? error : true);
      throw error;
    }
  };
  Object.defineProperty(pool, 'query', { value: query });
  return pool;
};
