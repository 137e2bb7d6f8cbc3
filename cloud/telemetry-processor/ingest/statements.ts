/**
 * The statements of one ingest transaction, each for all devices of a batch at once. Arrays go as
 * parameters of UNNEST; metrics go by COPY. The order of keys is the order of locks: every replica
 * sorts them the same way, so two of them can't wait for each other.
 */
import { once } from 'node:events';
import type { ReportedBody } from '@signalbeam/sync/wire/rows';
import type { PoolClient } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import type { Mark } from '../core/placement.ts';
import { copyHeader, copyTrailer, metricsCopy } from './copy-binary.ts';

export type LaneKey = { deviceId: string; tenantId: string; lane: string; epoch: string };
export type Watermark = { opened: number; upTo: number; hash: string };
type Who = { tenantId: string; deviceId: string; epoch: string; receivedAt: number };
export type EventRow = Who & {
  seq: number;
  at: number;
  type: string;
  severity: string;
  message: string;
  data: unknown;
};
export type ThinnedRow = Who & {
  seq: number;
  at: number;
  stepMs: number;
  /** Per metric: minimum, maximum, sum, count. */
  columns: unknown;
};
export type ReportedRow = Who & { seq: number; at: number; opened: number; body: ReportedBody };
/** Which rows came that hours and days do not count yet: all of them at once. */
export type MarkRow = Who & Mark & { lane: string };
export type GapRow = Who & { lane: string; from: number; to: number; reason: string };
export type DeadLetter = {
  tenantId: string | null;
  deviceId: string | null;
  subject: string;
  lane: string | null;
  epoch: string | null;
  seq: number | null;
  code: string;
  reason: string;
  payload: Uint8Array;
  digest: string;
  at: number;
};

export const laneKeyText = (key: Pick<LaneKey, 'deviceId' | 'lane' | 'epoch'>): string =>
  `${key.deviceId} ${key.lane} ${key.epoch}`;

const iso = (ms: number): string => new Date(ms).toISOString().replace(/^\+0*/, '');

type WatermarkRow = {
  device_id: string;
  lane: string;
  epoch: string;
  opened: number;
  up_to: number;
  hash: string;
};

/** Makes positions at 0 for lanes that have none; they are numbered in the order given. */
const openWatermarks = (client: PoolClient, arrived: readonly LaneKey[]): Promise<unknown> =>
  client.query(
    `INSERT INTO telemetry.watermarks (device_id, lane, epoch, tenant_id, opened)
     OVERRIDING SYSTEM VALUE
     SELECT * FROM (
       SELECT k.*, nextval('telemetry.watermarks_opened_seq')
         FROM unnest($1::uuid[], $2::text[], $3::text[], $4::uuid[])
           AS k (device_id, lane, epoch, tenant_id)) AS numbered
      ORDER BY device_id, lane, epoch
     ON CONFLICT DO NOTHING`,
    [
      arrived.map((key) => key.deviceId),
      arrived.map((key) => key.lane),
      arrived.map((key) => key.epoch),
      arrived.map((key) => key.tenantId),
    ],
  );

/** Locks the positions of these lanes, making those that are new. `arrived` is in their order. */
export const lockWatermarks = async (
  client: PoolClient,
  arrived: readonly LaneKey[],
): Promise<Map<string, Watermark>> => {
  const select = () =>
    client.query<WatermarkRow>({
      name: 'telemetry-lock-watermarks',
      text: `SELECT w.device_id, w.lane, w.epoch, w.opened, w.up_to, w.hash
               FROM telemetry.watermarks w
               JOIN unnest($1::uuid[], $2::text[], $3::text[]) AS k (device_id, lane, epoch)
                 USING (device_id, lane, epoch)
              ORDER BY w.device_id, w.lane, w.epoch
                FOR UPDATE OF w`,
      values: [
        arrived.map((key) => key.deviceId),
        arrived.map((key) => key.lane),
        arrived.map((key) => key.epoch),
      ],
    });
  let { rows } = await select();
  if (rows.length < arrived.length) {
    await openWatermarks(client, arrived);
    rows = (await select()).rows;
  }
  return new Map(
    rows.map((row) => [
      laneKeyText({ deviceId: row.device_id, lane: row.lane, epoch: row.epoch }),
      { opened: row.opened, upTo: row.up_to, hash: row.hash },
    ]),
  );
};

export const moveWatermarks = async (
  client: PoolClient,
  moved: readonly (LaneKey & { upTo: number; hash: string })[],
): Promise<void> => {
  if (moved.length === 0) return;
  await client.query({
    name: 'telemetry-move-watermarks',
    text: `UPDATE telemetry.watermarks w SET up_to = k.up_to, hash = k.hash, updated_at = now()
             FROM unnest($1::uuid[], $2::text[], $3::text[], $4::bigint[], $5::text[])
               AS k (device_id, lane, epoch, up_to, hash)
            WHERE w.device_id = k.device_id AND w.lane = k.lane AND w.epoch = k.epoch`,
    values: [
      moved.map((key) => key.deviceId),
      moved.map((key) => key.lane),
      moved.map((key) => key.epoch),
      moved.map((key) => key.upTo),
      moved.map((key) => key.hash),
    ],
  });
};

/** `rows` are pieces of binary COPY without header and trailer. */
export const copyMetrics = async (client: PoolClient, rows: readonly Buffer[]): Promise<void> => {
  if (rows.length === 0) return;
  const stream = client.query(copyFrom(metricsCopy));
  const finished = once(stream, 'finish');
  stream.write(copyHeader);
  for (const piece of rows) stream.write(piece);
  stream.end(copyTrailer);
  await finished;
};

export const insertThinned = async (
  client: PoolClient,
  rows: readonly ThinnedRow[],
): Promise<void> => {
  if (rows.length === 0) return;
  await client.query(
    `INSERT INTO telemetry.metrics_thinned
       (tenant_id, device_id, epoch, seq, at, received_at, step_ms, columns)
     SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::bigint[], $5::timestamptz[],
       $6::timestamptz[], $7::integer[], $8::jsonb[])`,
    [
      rows.map((row) => row.tenantId),
      rows.map((row) => row.deviceId),
      rows.map((row) => row.epoch),
      rows.map((row) => row.seq),
      rows.map((row) => iso(row.at)),
      rows.map((row) => iso(row.receivedAt)),
      rows.map((row) => row.stepMs),
      rows.map((row) => JSON.stringify(row.columns)),
    ],
  );
};

export const insertMarks = async (client: PoolClient, rows: readonly MarkRow[]): Promise<void> => {
  if (rows.length === 0) return;
  await client.query({
    name: 'telemetry-insert-marks',
    text: `INSERT INTO telemetry.rollup_marks
       (tenant_id, device_id, lane, epoch, hour, at_from, at_to, from_seq, to_seq, received_at)
     SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::timestamptz[],
       $6::timestamptz[], $7::timestamptz[], $8::bigint[], $9::bigint[], $10::timestamptz[])`,
    values: [
      rows.map((row) => row.tenantId),
      rows.map((row) => row.deviceId),
      rows.map((row) => row.lane),
      rows.map((row) => row.epoch),
      rows.map((row) => iso(row.hour)),
      rows.map((row) => iso(row.atFrom)),
      rows.map((row) => iso(row.atTo)),
      rows.map((row) => row.fromSeq),
      rows.map((row) => row.toSeq),
      rows.map((row) => iso(row.receivedAt)),
    ],
  });
};

export const insertEvents = async (
  client: PoolClient,
  rows: readonly EventRow[],
): Promise<void> => {
  if (rows.length === 0) return;
  await client.query(
    `INSERT INTO telemetry.events
       (tenant_id, device_id, epoch, seq, at, received_at, type, severity, message, data)
     SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::bigint[], $5::timestamptz[],
       $6::timestamptz[], $7::text[], $8::text[], $9::text[], $10::jsonb[])`,
    [
      rows.map((row) => row.tenantId),
      rows.map((row) => row.deviceId),
      rows.map((row) => row.epoch),
      rows.map((row) => row.seq),
      rows.map((row) => iso(row.at)),
      rows.map((row) => iso(row.receivedAt)),
      rows.map((row) => row.type),
      rows.map((row) => row.severity),
      rows.map((row) => row.message),
      rows.map((row) => JSON.stringify(row.data)),
    ],
  );
};

const reportedValues = (rows: readonly ReportedRow[]): unknown[][] => [
  rows.map((row) => row.tenantId),
  rows.map((row) => row.deviceId),
  rows.map((row) => row.epoch),
  rows.map((row) => row.seq),
  rows.map((row) => iso(row.at)),
  rows.map((row) => iso(row.receivedAt)),
  rows.map((row) => row.body.generation),
  rows.map((row) => JSON.stringify(row.body)),
];

/** The history takes every row; the newest of each device replaces an older one. */
export const storeReported = async (
  client: PoolClient,
  rows: readonly ReportedRow[],
): Promise<void> => {
  if (rows.length === 0) return;
  await client.query(
    `INSERT INTO telemetry.reported_history
       (tenant_id, device_id, epoch, seq, at, received_at, generation, body)
     SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::bigint[], $5::timestamptz[],
       $6::timestamptz[], $7::bigint[], $8::jsonb[])`,
    reportedValues(rows),
  );
  const newest = new Map<string, ReportedRow>();
  for (const row of rows) {
    const other = newest.get(row.deviceId);
    const isNewer =
      other === undefined ||
      row.opened > other.opened ||
      (row.opened === other.opened && row.seq > other.seq);
    if (isNewer) newest.set(row.deviceId, row);
  }
  const latest = [...newest.values()].sort((a, b) => (a.deviceId < b.deviceId ? -1 : 1));
  await client.query(
    `INSERT INTO telemetry.reported AS r
       (tenant_id, device_id, epoch, seq, at, received_at, generation, body, opened)
     SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::bigint[], $5::timestamptz[],
       $6::timestamptz[], $7::bigint[], $8::jsonb[], $9::bigint[])
     ON CONFLICT (device_id) DO UPDATE SET
       epoch = excluded.epoch, seq = excluded.seq, at = excluded.at, opened = excluded.opened,
       received_at = excluded.received_at, generation = excluded.generation, body = excluded.body
     WHERE (excluded.opened, excluded.seq) > (r.opened, r.seq)`,
    [...reportedValues(latest), latest.map((row) => row.opened)],
  );
};

export const insertGaps = async (client: PoolClient, rows: readonly GapRow[]): Promise<void> => {
  if (rows.length === 0) return;
  await client.query(
    `INSERT INTO telemetry.gaps
       (tenant_id, device_id, lane, epoch, from_seq, to_seq, reason, received_at)
     SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::bigint[],
       $6::bigint[], $7::text[], $8::timestamptz[])`,
    [
      rows.map((row) => row.tenantId),
      rows.map((row) => row.deviceId),
      rows.map((row) => row.lane),
      rows.map((row) => row.epoch),
      rows.map((row) => row.from),
      rows.map((row) => row.to),
      rows.map((row) => row.reason),
      rows.map((row) => iso(row.receivedAt)),
    ],
  );
};

export const insertDeadLetters = async (
  client: PoolClient,
  letters: readonly DeadLetter[],
): Promise<void> => {
  if (letters.length === 0) return;
  await client.query(
    `INSERT INTO telemetry.dead_letters
       (tenant_id, device_id, subject, lane, epoch, seq, code, reason, payload, digest, at)
     SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::bigint[],
       $7::text[], $8::text[], $9::bytea[], $10::text[], $11::timestamptz[])
     ON CONFLICT (digest) DO NOTHING`,
    [
      letters.map((letter) => letter.tenantId),
      letters.map((letter) => letter.deviceId),
      letters.map((letter) => letter.subject),
      letters.map((letter) => letter.lane),
      letters.map((letter) => letter.epoch),
      letters.map((letter) => letter.seq),
      letters.map((letter) => letter.code),
      letters.map((letter) => letter.reason),
      letters.map((letter) => Buffer.from(letter.payload)),
      letters.map((letter) => letter.digest),
      letters.map((letter) => iso(letter.at)),
    ],
  );
};
