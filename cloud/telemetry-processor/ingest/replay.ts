/**
 * A row that was set aside, tried again: by a cloud that may know more than the one of then. It is
 * stored where its lane would have put it, once, and its gap is taken away; the lane has long gone on.
 * Old news is not told as a domain event. Runs in the caller's transaction, with the letter's end.
 */
import type { EventBody, MetricsBody, ReportedBody, ThinnedBody } from '@signalbeam/sync/wire/rows';
import type { PoolClient } from 'pg';
import { troubleTypes } from '../core/health.ts';
import { marksOf } from '../core/placement.ts';
import { markHealth } from '../store/health.ts';
import { metricsRowBytesMax, rowPrefix, writeMetricsRow } from './copy-binary.ts';
import { readLaneRow, type StoredLane } from './decode.ts';
import {
  copyMetrics,
  insertEvents,
  insertMarks,
  insertThinned,
  storeReported,
} from './statements.ts';

export type RowLetter = {
  tenantId: string;
  deviceId: string;
  lane: StoredLane;
  epoch: string;
  seq: number;
  text: string;
  receivedAt: number;
};
type Row<Body> = { seq: number; at: number; body: Body };

const storeSample = async (
  client: PoolClient,
  letter: RowLetter,
  row: Row<MetricsBody | ThinnedBody>,
): Promise<void> => {
  const { seq, at, body } = row;
  if ('stepMs' in body) await insertThinned(client, [{ ...letter, at, ...body }]);
  else {
    const target = Buffer.allocUnsafe(metricsRowBytesMax);
    const end = writeMetricsRow(target, 0, rowPrefix(letter), { seq, at, body });
    await copyMetrics(client, [target.subarray(0, end)]);
  }
  const marks = marksOf([row], letter.receivedAt);
  await insertMarks(
    client,
    marks.map((mark) => ({ ...letter, ...mark })),
  );
};

const storeEvent = async (client: PoolClient, letter: RowLetter, row: Row<EventBody>) => {
  await insertEvents(client, [{ ...letter, at: row.at, ...row.body }]);
  if (troubleTypes.includes(row.body.type)) await markHealth(client, [letter.deviceId]);
};

const storeReport = async (client: PoolClient, letter: RowLetter, row: Row<ReportedBody>) => {
  const { rows } = await client.query<{ opened: number }>(
    `SELECT opened FROM telemetry.watermarks
      WHERE device_id = $1 AND lane = 'reported' AND epoch = $2`,
    [letter.deviceId, letter.epoch],
  );
  const opened = rows[0]?.opened ?? 0;
  await storeReported(client, [{ ...letter, at: row.at, body: row.body, opened }]);
  await markHealth(client, [letter.deviceId]);
};

export const replayRow = async (
  client: PoolClient,
  letter: RowLetter,
): Promise<{ kind: 'stored' } | { kind: 'refused'; reason: string }> => {
  const { lane, text, seq } = letter;
  const read = readLaneRow(lane, text, seq);
  if (read.kind === 'refused') return read;
  if (lane === 'events') await storeEvent(client, letter, read.value as Row<EventBody>);
  else if (lane === 'reported') await storeReport(client, letter, read.value as Row<ReportedBody>);
  else await storeSample(client, letter, read.value as Row<MetricsBody | ThinnedBody>);
  await client.query(
    `DELETE FROM telemetry.gaps WHERE device_id = $1 AND lane = $2 AND epoch = $3
        AND from_seq = $4 AND to_seq = $4 AND reason = 'refused'`,
    [letter.deviceId, lane, letter.epoch, seq],
  );
  return { kind: 'stored' };
};
