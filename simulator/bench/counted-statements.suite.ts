/** Counts what a pool asks of Postgres: statements, and rows that came back or were changed. */
import type { Pool } from '@signalbeam/platform/postgres/pool';

export type Asked = { statements: number; rows: number };

type Result = { rowCount: number | null } | { rowCount: number | null }[];
type Query = (...args: unknown[]) => unknown;

const rowsOf = (result: Result | undefined): number =>
  [result ?? []].flat().reduce((sum, { rowCount }) => sum + (rowCount ?? 0), 0);

/** Begins counting; asked for, it says how much since the last time. */
export const countStatements = (pools: readonly Pool[]): (() => Asked) => {
  let asked: Asked = { statements: 0, rows: 0 };
  const counted = new WeakSet<object>();
  for (const pool of pools) {
    pool.on('acquire', (client) => {
      if (counted.has(client)) return;
      counted.add(client);
      const query = client.query.bind(client) as Query;
      const counting: Query = (...args) => {
        asked.statements += 1;
        const last = args.at(-1);
        if (typeof last === 'function') {
          const done = (error: unknown, result: Result): void => {
            asked.rows += rowsOf(result);
            (last as (...of: unknown[]) => void)(error, result);
          };
          return query(...args.slice(0, -1), done);
        }
        const answer = query(...args) as Promise<Result>;
        return answer.then((result) => {
          asked.rows += rowsOf(result);
          return result;
        });
      };
      client.query = counting as typeof client.query;
    });
  }
  return () => {
    const since = asked;
    asked = { statements: 0, rows: 0 };
    return since;
  };
};
