/**
 * Postgres' binary COPY format for `telemetry.metrics`, written straight into one buffer per
 * frame. Everything that is the same for all rows of a frame is written once and copied.
 * Column order here and in `metricsCopy` must agree.
 */
import { type MetricsBody, metricNames } from '@signalbeam/sync/wire/rows';
import { metricColumns } from '../store/metric-columns.ts';

export const metricsCopy = `COPY telemetry.metrics (tenant_id, device_id, received_at, epoch, seq, at, ${metricColumns.join(', ')}) FROM STDIN (FORMAT binary)`;

const fieldCount = 6 + metricNames.length;
/** Count, then per field a length and at most: two UUIDs, epoch's 16 letters, 8 bytes each. */
export const metricsRowBytesMax = 2 + fieldCount * 4 + 16 + 16 + 16 + (3 + metricNames.length) * 8;

/** `PGCOPY\n\377\r\n\0`, no flags, no extension. */
export const copyHeader = Buffer.from('5047434f50590aff0d0a000000000000000000', 'hex');
export const copyTrailer = Buffer.from('ffff', 'hex');

const postgresEpochMs = Date.UTC(2000, 0, 1);
const two32 = 2 ** 32;

const uuidBytes = (uuid: string): Buffer => Buffer.from(uuid.replaceAll('-', ''), 'hex');

/** A safe integer as int8; faster than BigInt, which allocates. */
const writeInt8 = (target: Buffer, value: number, offset: number): number => {
  const high = Math.floor(value / two32);
  target.writeInt32BE(high, offset);
  target.writeUInt32BE(value - high * two32, offset + 4);
  return offset + 8;
};

const writeField8 = (target: Buffer, value: number, offset: number): number =>
  writeInt8(target, value, target.writeInt32BE(8, offset));

const microseconds = (ms: number): number => (ms - postgresEpochMs) * 1_000;

const writeBytes = (target: Buffer, bytes: Buffer, offset: number): number => {
  const start = target.writeInt32BE(bytes.byteLength, offset);
  bytes.copy(target, start);
  return start + bytes.byteLength;
};

export type FrameFacts = {
  tenantId: string;
  deviceId: string;
  receivedAt: number;
  epoch: string;
};

/** The bytes that start each row of a frame: field count and the four columns it shares. */
export const rowPrefix = (facts: FrameFacts): Buffer => {
  const prefix = Buffer.alloc(2 + 20 + 20 + 12 + 20);
  let offset = prefix.writeInt16BE(fieldCount, 0);
  offset = writeBytes(prefix, uuidBytes(facts.tenantId), offset);
  offset = writeBytes(prefix, uuidBytes(facts.deviceId), offset);
  offset = writeField8(prefix, microseconds(facts.receivedAt), offset);
  offset = writeBytes(prefix, Buffer.from(facts.epoch, 'latin1'), offset);
  return prefix.subarray(0, offset);
};

/** Writes one row at `offset`; returns where the next one starts. */
export const writeMetricsRow = (
  target: Buffer,
  offset: number,
  prefix: Buffer,
  row: { seq: number; at: number; body: MetricsBody },
): number => {
  prefix.copy(target, offset);
  let next = writeField8(target, row.seq, offset + prefix.byteLength);
  next = writeField8(target, microseconds(row.at), next);
  for (const name of metricNames) {
    const value = row.body[name];
    next =
      value === null
        ? target.writeInt32BE(-1, next)
        : target.writeDoubleBE(value, target.writeInt32BE(8, next));
  }
  return next;
};
