/** The newest events of this device, for whoever stands before it: a copy, not the outbox. */
import { type EventBody, eventBody } from '@signalbeam/sync/wire/rows';
import { timestampMs } from '@signalbeam/sync/wire/shape';
import type { Database } from 'better-sqlite3';
import { z } from 'zod';

const keptMax = 200;
const rowSchema = z.object({ id: z.int(), at: timestampMs, body: z.string() });
export type RecentEvent = EventBody & { id: number; at: number };

export type Recent = {
  add(at: number, body: EventBody): void;
  newest(limit: number): RecentEvent[];
};

export const createRecent = (database: Database): Recent => {
  const insert = database.prepare('INSERT INTO recent_events (at, body) VALUES (?, ?)');
  const trim = database.prepare('DELETE FROM recent_events WHERE id <= ?');
  const newest = database.prepare(
    'SELECT id, at, body FROM recent_events ORDER BY id DESC LIMIT ?',
  );
  return {
    add: (at: number, body: EventBody): void => {
      const { lastInsertRowid } = insert.run(at, JSON.stringify(body));
      trim.run(Number(lastInsertRowid) - keptMax);
    },
    newest: (limit: number): RecentEvent[] =>
      newest.all(limit).map((row) => {
        const { id, at, body } = rowSchema.parse(row);
        return { id, at, ...eventBody.parse(JSON.parse(body)) };
      }),
  };
};
