/**
 * Months of five minutes, hours and days for benches, laid down as ingest leaves them: step after step, so that the
 * rows of a device lie a page each, and the days before `gatheredToMs` device after device, as ./store/gather.ts lays
 * them; on pages filled to 70 %, frozen, under an index as loose as one that grew.
 * Copied into partitions made for it, which a server with `wal_level=minimal` does not log: millions of
 * rows in a minute. Not a way into a database that anybody uses: what the partitions held before is gone.
 */
import { once } from 'node:events';
import type { Pool, Sql } from '@signalbeam/platform/postgres/pool';
import { transaction } from '@signalbeam/platform/postgres/transaction';
import type { PoolClient } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { copyHeader, copyTrailer } from './ingest/copy-binary.ts';
import { metricColumns } from './store/metric-columns.ts';

const tables = {
  metrics_minutes: { stepMs: 300_000, unit: 'month', nameDigits: 6, samples: 20 },
  metrics_hourly: { stepMs: 3_600_000, unit: 'month', nameDigits: 6, samples: 240 },
  metrics_daily: { stepMs: 86_400_000, unit: 'year', nameDigits: 4, samples: 5_760 },
} as const;

export type RollupFill = {
  table: keyof typeof tables;
  tenantId: string;
  deviceIds: readonly string[];
  fromMs: number;
  toMs: number;
  /** The start of a day. */
  gatheredToMs?: number;
};

const float8Oid = 701;
const columns = metricColumns.flatMap((name) =>
  ['min', 'max', 'sum', 'count'].map((part) => `${name}_${part}`),
);
const valuesCount = metricColumns.length + 1;

const field = (bytes: Buffer): Buffer[] => {
  const length = Buffer.alloc(4);
  length.writeInt32BE(bytes.byteLength);
  return [length, bytes];
};
const float8 = (value: number): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleBE(value);
  return bytes;
};
const int4 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
};
const uuid = (text: string): Buffer => Buffer.from(text.replaceAll('-', ''), 'hex');
const float8Array = (values: readonly number[]): Buffer =>
  Buffer.concat([
    ...[1, 0, float8Oid, values.length, 1].map(int4),
    ...values.flatMap((value) => field(float8(value))),
  ]);

/** Where a row's bucket lies: after the count of fields, two ids with their lengths, and its own length. */
const bucketOffset = 2 + 20 + 20 + 4;

/** Of each device the row of one step, its bucket left to be written. */
const rowOf = ({ tenantId, table }: RollupFill, deviceId: string): Buffer => {
  const { samples } = tables[table];
  const newest = Array.from({ length: valuesCount }, () => Math.random() * 100);
  const values = metricColumns.flatMap(() => {
    const least = Math.random() * 40;
    const sum = (least + Math.random() * 30) * samples;
    return [least, least + 60, sum].map(float8).concat(int4(samples));
  });
  const fields = [
    uuid(tenantId),
    uuid(deviceId),
    Buffer.alloc(8),
    int4(samples),
    int4(0),
    float8Array(newest),
    ...values,
  ];
  const count = Buffer.alloc(2);
  count.writeInt16BE(fields.length);
  return Buffer.concat([count, ...fields.flatMap(field)]);
};

const postgresEpochMs = Date.UTC(2000, 0, 1);

const dayMs = 86_400_000;
const devicesAtOnce = 1_000;

/** Each row once for each step, by device, then by time. */
const bytesOf = (rows: readonly Buffer[], steps: readonly number[]): Buffer => {
  const bytes = Buffer.concat(rows.flatMap((row) => steps.map(() => row)));
  let offset = bucketOffset;
  for (const row of rows) {
    for (const step of steps) {
      bytes.writeBigInt64BE(BigInt(step - postgresEpochMs) * 1_000n, offset);
      offset += row.byteLength;
    }
  }
  return bytes;
};

function* piecesOf(
  rows: readonly Buffer[],
  steps: readonly number[],
  gatheredToMs: number,
): Generator<Buffer> {
  const days = Map.groupBy(steps, (step) => step - (step % dayMs));
  for (const [day, ofDay] of days) {
    const isGathered = day < gatheredToMs;
    for (const together of isGathered ? [ofDay] : ofDay.map((step) => [step])) {
      for (let from = 0; from < rows.length; from += devicesAtOnce) {
        yield bytesOf(rows.slice(from, from + devicesAtOnce), together);
      }
    }
  }
}

const copySteps = async (client: PoolClient, part: string, pieces: Iterable<Buffer>) => {
  const names = ['tenant_id', 'device_id', 'bucket', 'samples', 'misdated', 'newest', ...columns];
  const copy = client.query(
    copyFrom(`COPY telemetry.${part} (${names.join(', ')}) FROM STDIN (FORMAT binary, FREEZE)`),
  );
  const finished = once(copy, 'finish');
  copy.write(copyHeader);
  for (const bytes of pieces) {
    if (!copy.write(bytes)) await once(copy, 'drain');
  }
  copy.end(copyTrailer);
  await finished;
};

type Part = { name: string; fromMs: number; toMs: number };

const partsOf = async (sql: Sql, { table, fromMs, toMs }: RollupFill): Promise<Part[]> => {
  const { unit, nameDigits } = tables[table];
  const { rows } = await sql.query<{ name: string; since: Date; until: Date }>(
    `SELECT $1 || '_' || left(to_char(at, 'YYYYMM'), $4) AS name, at AS since, at + ('1 ' || $5::text)::interval AS until
       FROM generate_series(date_trunc($5::text, $2::timestamptz), $3::timestamptz, ('1 ' || $5::text)::interval) AS at`,
    [table, new Date(fromMs), new Date(toMs), nameDigits, unit],
  );
  return rows.map(({ name, since, until }) => ({
    name,
    fromMs: since.getTime(),
    toMs: until.getTime(),
  }));
};

const fillPart = (maker: Pool, fill: RollupFill, part: Part, rows: readonly Buffer[]) =>
  transaction(maker, async (client) => {
    const { stepMs } = tables[fill.table];
    const first = Math.ceil(Math.max(fill.fromMs, part.fromMs) / stepMs) * stepMs;
    const last = Math.min(fill.toMs, part.toMs - 1);
    const steps = Array.from(
      { length: Math.max(0, Math.floor((last - first) / stepMs) + 1) },
      (_, index) => first + index * stepMs,
    );
    const within = `bucket >= '${new Date(part.fromMs).toISOString()}' AND bucket < '${new Date(part.toMs).toISOString()}'`;
    await client.query(`DROP TABLE IF EXISTS telemetry.${part.name}`);
    await client.query(`SET LOCAL maintenance_work_mem = '512MB'`);
    await client.query(
      `CREATE TABLE telemetry.${part.name} (LIKE telemetry.${fill.table}, CHECK (${within})) WITH (fillfactor = 70)`,
    );
    await copySteps(client, part.name, piecesOf(rows, steps, fill.gatheredToMs ?? 0));
    await client.query(
      `ALTER TABLE telemetry.${part.name} ADD PRIMARY KEY (device_id, bucket) WITH (fillfactor = 70)`,
    );
    await client.query(
      `ALTER TABLE telemetry.${fill.table} ATTACH PARTITION telemetry.${part.name}
         FOR VALUES FROM ('${new Date(part.fromMs).toISOString()}') TO ('${new Date(part.toMs).toISOString()}')`,
    );
  });

/** Over a pool of the tables' owner, in UTC. */
export const fillRollups = async (maker: Pool, fill: RollupFill): Promise<void> => {
  const rows = fill.deviceIds.map((deviceId) => rowOf(fill, deviceId));
  for (const part of await partsOf(maker, fill)) await fillPart(maker, fill, part, rows);
};
