/**
 * The site key record before the one in force, as it came: sealed and signed, never the key itself.
 * Kept for the restart of an agent while others have not changed over yet; the steps left bound for
 * how long, whatever the device's clock says.
 */
import type { Database } from 'better-sqlite3';

export const previousSiteKeyTable = `
  CREATE TABLE previous_site_key (
    one        INTEGER PRIMARY KEY CHECK (one = 1),
    envelope   BLOB NOT NULL,
    steps_left INTEGER NOT NULL
  ) STRICT;
`;

export type PreviousRecord = { envelope: Uint8Array; stepsLeft: number };
export type PreviousSiteKey = {
  read(): PreviousRecord | null;
  write(record: PreviousRecord | null): void;
};

export const openPreviousSiteKey = (db: Database): PreviousSiteKey => ({
  read: () =>
    db
      .prepare<[], PreviousRecord>(
        'SELECT envelope, steps_left AS stepsLeft FROM previous_site_key',
      )
      .get() ?? null,
  write: (record) => {
    if (record === null) return void db.prepare('DELETE FROM previous_site_key').run();
    db.prepare(
      `INSERT INTO previous_site_key VALUES (1, ?, ?)
       ON CONFLICT (one) DO UPDATE SET envelope = excluded.envelope, steps_left = excluded.steps_left`,
    ).run(Buffer.from(record.envelope), record.stepsLeft);
  },
});
