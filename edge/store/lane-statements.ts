/**
 * The SQL over `lanes` and `lane_rows`, prepared once per file, and how rows are read. It decides
 * nothing: what may be written when is the business of `lanes.ts` and `lane-rewrites.ts`.
 */
import type { Lane } from '@signalbeam/sync/core/lanes';
import type { Database } from 'better-sqlite3';
import { unpackLine } from './packed-line.ts';

export type LaneRow = { seq: number; firstSeq: number; at: number; line: string; hash: string };

export type Statements = ReturnType<typeof prepare>;

export const prepare = (database: Database) => ({
  create: database.prepare(
    `INSERT INTO lanes (lane, epoch, last_seq, last_hash, acked_seq, acked_hash)
     VALUES (@lane, @epoch, 0, @hash, 0, @hash) ON CONFLICT DO NOTHING`,
  ),
  head: database.prepare(
    `SELECT lane, epoch, last_seq AS lastSeq, last_hash AS lastHash, acked_seq AS ackedSeq,
       acked_hash AS ackedHash, acked_at AS ackedAt, released_seq AS releasedSeq
     FROM lanes WHERE lane = ?`,
  ),
  insert: database.prepare(
    `INSERT INTO lane_rows (lane, seq, first_seq, at, line, hash)
     VALUES (@lane, @seq, @firstSeq, @at, @line, @hash)`,
  ),
  advance: database.prepare(
    'UPDATE lanes SET last_seq = @seq, last_hash = @hash WHERE lane = @lane',
  ),
  peek: database.prepare(
    `SELECT seq, first_seq AS firstSeq, at, line, hash FROM lane_rows
     WHERE lane = @lane AND seq > @afterSeq ORDER BY seq LIMIT @rowsMax`,
  ),
  hashAt: database.prepare('SELECT hash FROM lane_rows WHERE lane = @lane AND seq = @seq').pluck(),
  confirm: database.prepare(
    `UPDATE lanes SET acked_seq = @upTo, acked_hash = @hash, acked_at = @now WHERE lane = @lane`,
  ),
  removeUpTo: database.prepare('DELETE FROM lane_rows WHERE lane = @lane AND seq <= @upTo'),
  size: database.prepare(
    `SELECT count(*) AS rows, coalesce(sum(octet_length(line)), 0) AS bytes
     FROM lane_rows WHERE lane = @lane AND seq > @ackedSeq`,
  ),
  sizeUpTo: database.prepare(
    `SELECT count(*) AS rows, coalesce(sum(octet_length(line)), 0) AS bytes
     FROM lane_rows WHERE lane = @lane AND seq <= @upTo`,
  ),
  oldestAt: database
    .prepare('SELECT at FROM lane_rows WHERE lane = @lane AND seq > @ackedSeq ORDER BY seq LIMIT 1')
    .pluck(),
  oldest: database
    .prepare('SELECT min(first_seq) FROM lane_rows WHERE lane = @lane AND seq > @ackedSeq')
    .pluck(),
  restart: database.prepare(
    `UPDATE lanes SET epoch = @epoch, last_seq = @seq, last_hash = @hash, acked_seq = 0,
       acked_hash = @start, released_seq = CASE WHEN released_seq IS NULL THEN NULL ELSE 0 END
     WHERE lane = @lane`,
  ),
  clear: database.prepare('DELETE FROM lane_rows WHERE lane = ?'),
  gapBefore: database.prepare('SELECT line FROM lane_rows WHERE lane = @lane AND seq = @seq'),
  hold: database.prepare(
    'UPDATE lanes SET released_seq = last_seq WHERE lane = ? AND released_seq IS NULL',
  ),
  releaseUpTo: database.prepare('UPDATE lanes SET released_seq = @upTo WHERE lane = @lane'),
  release: database.prepare('UPDATE lanes SET released_seq = NULL WHERE lane = ?'),
  removeBetween: database.prepare(
    'DELETE FROM lane_rows WHERE lane = @lane AND seq BETWEEN @fromSeq AND @toSeq',
  ),
});

type StoredRow = Omit<LaneRow, 'line'> & { line: string | Uint8Array };

export const readRows = (
  { peek }: Statements,
  range: { lane: Lane; afterSeq: number; rowsMax: number },
): LaneRow[] =>
  (peek.all(range) as StoredRow[]).map((row) => ({ ...row, line: unpackLine(row.line) }));
