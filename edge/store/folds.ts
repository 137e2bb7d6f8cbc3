/**
 * Events that arrived while their lane was full, as one count per type: nothing is forgotten and
 * nothing grows. They are told when the lane has room again.
 */
import type { EventBody } from '@signalbeam/sync/wire/rows';
import type { Database } from 'better-sqlite3';

type Fold = {
  type: EventBody['type'];
  severity: EventBody['severity'];
  message: string;
  count: number;
  firstAt: number;
  lastAt: number;
};

export type Folds = {
  isEmpty(): boolean;
  fold(body: EventBody, at: number): void;
  /** Inside the transaction that appends them. */
  takeAll(): EventBody[];
};

export const createFolds = (database: Database): Folds => {
  const add = database.prepare(
    `INSERT INTO folded_events (type, severity, message, count, first_at, last_at)
     VALUES (@type, @severity, @message, 1, @at, @at)
     ON CONFLICT (type) DO UPDATE SET count = count + 1, last_at = @at, message = @message,
       severity = CASE WHEN severity = 'error' THEN severity ELSE @severity END`,
  );
  const all = database.prepare(
    `SELECT type, severity, message, count, first_at AS firstAt, last_at AS lastAt
     FROM folded_events ORDER BY first_at`,
  );
  const clear = database.prepare('DELETE FROM folded_events');
  const any = database.prepare('SELECT EXISTS (SELECT 1 FROM folded_events)').pluck();

  return {
    isEmpty: (): boolean => any.get() === 0,
    fold: ({ type, severity, message }: EventBody, at: number): void => {
      add.run({ type, severity, message, at });
    },
    takeAll: (): EventBody[] => {
      const folds = all.all() as Fold[];
      clear.run();
      return folds.map(({ type, severity, message, count, firstAt, lastAt }) => ({
        type,
        severity,
        message,
        data: { folded: count, firstAt, lastAt },
      }));
    },
  };
};
