/**
 * What a fleet leaves behind beside what lists show (./filled-fleet.suite.ts), as rows made by SQL: desired
 * and reported states, certificates, keys, sign-ins, events, a rollout, alerts, the audit log; of some devices a month of hours,
 * of some the samples of a day. For a deletion that must find all of it; nothing here means anything.
 */
import { onlyRow, type Pool } from '@signalbeam/platform/postgres/pool';
import { fillRollups } from '@signalbeam/telemetry-processor/rollups-copy.suite';
import { metricColumns } from '@signalbeam/telemetry-processor/store/metric-columns';

export type Past = { months: number; sampled: number; days: number };

const dayMs = 86_400_000;
const batchDevices = 5_000;
const epoch = '0123456789abcdef';

/** Of each device: one row, or so many. */
const ofDevice: readonly { table: string; columns: string; values: string; times?: number }[] = [
  {
    table: 'bundle_orchestrator.desired_states',
    columns: 'tenant_id, device_id, generation, slots, envelope, issued_at',
    values: `tenant_id, id, 3, '[]', convert_to(repeat('{"signed": true}', 80), 'UTF8'), now()`,
  },
  {
    table: 'bundle_orchestrator.device_reports',
    columns: 'tenant_id, device_id, epoch, seq, received_at, generation, slots',
    values: `tenant_id, id, '${epoch}', 7, now(), 3, '[]'`,
  },
  {
    table: 'bundle_orchestrator.device_bundles',
    columns: 'tenant_id, device_id, bundle_name, version',
    values: `tenant_id, id, 'pump', '1.2.0'`,
  },
  {
    table: 'device_manager.device_certificates',
    columns: 'serial, tenant_id, device_id, fingerprint, issued_at, expires_at',
    values: `md5(id::text || n), tenant_id, id, md5('') || md5(id::text), now(), now() + interval '30 days'`,
    times: 2,
  },
  {
    table: 'device_manager.api_keys',
    columns: 'tenant_id, device_id, prefix, salt, secret_hash, created_by, expires_at',
    values: `tenant_id, id, left(id::text, 8), '', '', 'bench', now() + interval '30 days'`,
  },
  {
    table: 'device_manager.device_authentications',
    columns: 'tenant_id, device_id, hour, method, outcome, attempts, first_at, last_at',
    values: `tenant_id, id, date_trunc('hour', now()) - n * interval '1 hour', 'certificate', 'success', 1, now(), now()`,
    times: 5,
  },
  {
    table: 'telemetry.reported',
    columns: 'device_id, tenant_id, opened, epoch, seq, at, received_at, generation, body',
    values: `id, tenant_id, 1, '${epoch}', 7, now(), now(), 3, '{"agentVersion": "0.1.0", "containers": []}'`,
  },
  {
    table: 'telemetry.reported_history',
    columns: 'tenant_id, device_id, epoch, seq, at, received_at, generation, body',
    values: `tenant_id, id, '${epoch}', n, now(), now(), n, '{"agentVersion": "0.1.0", "containers": []}'`,
    times: 5,
  },
  {
    table: 'telemetry.watermarks',
    columns: 'device_id, lane, epoch, tenant_id, up_to, hash',
    values: `id, (ARRAY['events', 'reported', 'metrics', 'backfill'])[n], '${epoch}', tenant_id, 7, md5(id::text)`,
    times: 4,
  },
  {
    table: 'telemetry.events',
    columns: 'tenant_id, device_id, epoch, seq, at, received_at, type, severity, message, data',
    values: `tenant_id, id, '${epoch}', n, now(), now(), 'container.started', 'info', 'The container pump was started.', '{}'`,
    times: 10,
  },
  {
    table: 'telemetry.latest_metrics',
    columns: 'device_id, tenant_id, received_at, cpu_percent, memory_percent, at',
    values: 'id, tenant_id, now(), 12, 34, now()',
  },
  {
    table: 'platform.audit_log',
    columns: 'tenant_id, actor, action, target',
    values: `tenant_id, 'bench', 'device.tag', 'device:' || id`,
    times: 5,
  },
  {
    table: 'platform.domain_events',
    columns: 'tenant_id, type, subject, data, published_at',
    values: `tenant_id, 'device.online', 'signalbeam.devices.presence', '{}', now()`,
    times: 2,
  },
];

const rolloutRows = async (maker: Pool, tenantId: string): Promise<void> => {
  const bundle = await maker.query<{ id: string }>(
    `INSERT INTO bundle_orchestrator.bundles (tenant_id, name, created_by)
     VALUES ($1, 'pump', 'bench') RETURNING id`,
    [tenantId],
  );
  const { id: bundleId } = onlyRow(bundle);
  await maker.query(
    `INSERT INTO bundle_orchestrator.bundle_versions
       (tenant_id, bundle_id, version, order_key, containers, release_digest, release_envelope, created_at, created_by)
     VALUES ($1, $2, '1.2.0', '1', '[]', 'sha256:' || md5('') || md5(''), '{}', now(), 'bench')`,
    [tenantId, bundleId],
  );
  const rollout = await maker.query<{ id: string }>(
    `INSERT INTO bundle_orchestrator.rollouts
       (tenant_id, bundle_id, version, created_by, requested_by, status, target, completed_at)
     VALUES ($1, $2, '1.2.0', 'user:bench', 'user:bench', 'succeeded', '{"kind": "all"}', now()) RETURNING id`,
    [tenantId, bundleId],
  );
  await maker.query(
    `INSERT INTO bundle_orchestrator.rollout_devices
       (tenant_id, rollout_id, bundle_id, device_id, device_name, status, requested_generation)
     SELECT $1, $2, $3, id, name, 'succeeded', 1 FROM device_manager.devices WHERE tenant_id = $1`,
    [tenantId, onlyRow(rollout).id, bundleId],
  );
};

/** A frame of a quarter of an hour after the other, one sample every 15 seconds in them. */
const samples = (maker: Pool, tenantId: string, ids: readonly string[]) =>
  maker.query(
    `INSERT INTO telemetry.metrics
       (tenant_id, device_id, received_at, epoch, seq, at, ${metricColumns.join(', ')})
     SELECT $1::uuid, id, frame, '${epoch}', 1, frame - (60 - sample) * interval '15 seconds',
            ${metricColumns.map(() => 'random() * 100').join(', ')}
       FROM generate_series(now() - interval '1 day' + interval '15 minutes', now(), interval '15 minutes') frame,
            unnest($2::uuid[]) id, generate_series(1, 60) sample`,
    [tenantId, ids],
  );

/** Over a pool of the tables' owner. The partitions of hours are made anew: before other tenants have any. */
export const addPast = async (maker: Pool, tenantId: string, past: Past): Promise<void> => {
  const { rows } = await maker.query<{ id: string }>(
    'SELECT id FROM device_manager.devices WHERE tenant_id = $1 ORDER BY id',
    [tenantId],
  );
  const ids = rows.map(({ id }) => id);
  for (const { table, columns, values, times = 1 } of ofDevice) {
    for (let from = 0; from < ids.length; from += batchDevices) {
      await maker.query(
        `INSERT INTO ${table} (${columns})
         SELECT ${values} FROM device_manager.devices, generate_series(1, $2::integer) n
          WHERE tenant_id = $1 AND id = ANY ($3)`,
        [tenantId, times, ids.slice(from, from + batchDevices)],
      );
    }
  }
  await rolloutRows(maker, tenantId);
  const toMs = Date.now();
  const fromMs = toMs - past.days * dayMs;
  const gatheredToMs = toMs - dayMs - (toMs % dayMs);
  const hours = { table: 'metrics_hourly', tenantId, fromMs, toMs, gatheredToMs } as const;
  await fillRollups(maker, { ...hours, deviceIds: ids.slice(0, past.months) });
  await samples(maker, tenantId, ids.slice(0, past.sampled));
};
