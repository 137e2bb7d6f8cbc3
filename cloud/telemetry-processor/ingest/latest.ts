/**
 * Keeps the newest sample of each device beside the history, for whoever asks of all devices how
 * they are now. One statement for each batch, sorted as every replica sorts, so that two of them
 * can't wait for each other; a row is updated in place and no index but its key is written.
 */
import type { Sql } from '@signalbeam/platform/postgres/pool';
import type { MetricsBody } from '@signalbeam/sync/wire/rows';

type Latest = {
  device: { deviceId: string; tenantId: string };
  /** By the device's clock. */
  at: number;
  receivedAt: number;
  /** Parsed at the border. */
  body: unknown;
};

export const keepLatest = async (sql: Sql, samples: readonly Latest[]): Promise<void> => {
  if (samples.length === 0) return;
  const sorted = samples.toSorted((a, b) => (a.device.deviceId < b.device.deviceId ? -1 : 1));
  const of = (read: (body: MetricsBody) => number | null) =>
    sorted.map(({ body }) => read(body as MetricsBody));
  await sql.query({
    name: 'telemetry-keep-latest',
    text: `INSERT INTO telemetry.latest_metrics AS l
             (device_id, tenant_id, received_at, at, cpu_percent, memory_percent, disk_percent,
              temperature_celsius)
           SELECT device_id, tenant_id, to_timestamp(received / 1000.0), to_timestamp(at / 1000.0), cpu, memory, disk, celsius
             FROM unnest($1::uuid[], $2::uuid[], $3::float8[], $4::float8[], $5::float8[],
                         $6::float8[], $7::float8[], $8::float8[])
               AS s (device_id, tenant_id, received, at, cpu, memory, disk, celsius)
           ON CONFLICT (device_id) DO UPDATE SET
             tenant_id = excluded.tenant_id, received_at = excluded.received_at,
             at = excluded.at, cpu_percent = excluded.cpu_percent, memory_percent = excluded.memory_percent,
             disk_percent = excluded.disk_percent,
             temperature_celsius = excluded.temperature_celsius
           WHERE excluded.received_at >= l.received_at`,
    values: [
      sorted.map(({ device }) => device.deviceId),
      sorted.map(({ device }) => device.tenantId),
      sorted.map(({ receivedAt }) => receivedAt),
      sorted.map(({ at }) => at),
      of(({ cpuPercent }) => cpuPercent),
      of(({ memoryPercent }) => memoryPercent),
      of(({ diskPercent }) => diskPercent),
      of(({ temperatureCelsius }) => temperatureCelsius),
    ],
  });
};
