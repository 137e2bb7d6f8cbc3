/**
 * The desired state in force, as the signed bytes that carried it. One row; its generation is the
 * anti-rollback floor; only a director key that was withdrawn loses the floor it set.
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

/** The newest that was judged good. Its generation may be lower once: after a key was withdrawn. */
export const writeDesired = (db: Database, desired: StoredDesired): void => {
  db.prepare(
    `INSERT INTO desired VALUES (1, ?, ?, ?)
     ON CONFLICT (one) DO UPDATE SET generation = excluded.generation,
       envelope = excluded.envelope, accepted_at = excluded.accepted_at`,
  ).run(desired.generation, Buffer.from(desired.envelope), desired.acceptedAt);
};
