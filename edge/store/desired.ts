/**
 * The desired state in force, as the signed bytes that carried it. One row; its generation is the
 * anti-rollback floor and only grows, across restarts and power cuts.
 */
import type { Database } from 'better-sqlite3';

export const desiredTables = `
  CREATE TABLE desired (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    generation INTEGER NOT NULL,
    envelope BLOB NOT NULL,
    accepted_at INTEGER NOT NULL
  ) STRICT;
`;

export type StoredDesired = { generation: number; envelope: Uint8Array; acceptedAt: number };

export const readDesired = (db: Database): StoredDesired | null => {
  const row = db
    .prepare<[], { generation: number; envelope: Buffer; accepted_at: number }>(
      'SELECT generation, envelope, accepted_at FROM desired',
    )
    .get();
  return row === undefined
    ? null
    : { generation: row.generation, envelope: row.envelope, acceptedAt: row.accepted_at };
};

/** Keeps it only when its generation is higher; true when it was kept. */
export const writeDesired = (db: Database, desired: StoredDesired): boolean =>
  db
    .prepare(
      `INSERT INTO desired VALUES (1, ?, ?, ?)
       ON CONFLICT (one) DO UPDATE SET generation = excluded.generation,
         envelope = excluded.envelope, accepted_at = excluded.accepted_at
       WHERE excluded.generation > desired.generation`,
    )
    .run(desired.generation, Buffer.from(desired.envelope), desired.acceptedAt).changes === 1;
