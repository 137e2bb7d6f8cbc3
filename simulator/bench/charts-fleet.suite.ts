/**
 * A fleet with a past for the bench of charts. All devices are there, as what is asked passes by them; of `months`
 * of them the hours of a month, of `near` (whole sites) five minutes of a day and days of a year, of `sampled` the samples of
 * a day. Each table lies as ingest leaves it, so a chart reads as many pages as in a fleet where all have everything, and as
 * far apart: what more devices add are pages that it does not read.
 */
import { onlyRow, type Pool } from '@signalbeam/platform/postgres/pool';
import { fillRollups } from '@signalbeam/telemetry-processor/rollups-copy.suite';
import { metricColumns } from '@signalbeam/telemetry-processor/store/metric-columns';

export type FleetSize = {
  devices: number;
  months: number;
  near: number;
  sampled: number;
  days: number;
  yearDays: number;
  siteDevices: number;
};

const dayMs = 86_400_000;
/** Hours of a day are laid together once this has passed since it was over. */
const settledMs = 6 * 3_600_000;
const batchDevices = 2_500;

type Fleet = { ids: string[]; tokenId: string };

/** Of the sites in turn, `siteDevices` each. */
const addDevices = async (maker: Pool, tenantId: string, size: FleetSize): Promise<Fleet> => {
  const token = await maker.query<{ id: string }>(
    `INSERT INTO device_manager.registration_tokens
       (tenant_id, prefix, salt, secret_hash, site, max_uses, created_by, expires_at)
     VALUES ($1, 'bench', '', '', 'plant-0', 100000, 'bench', now()) RETURNING id`,
    [tenantId],
  );
  const { id: tokenId } = onlyRow(token);
  const ids: string[] = [];
  // In batches: each device counts a change of its site's roster.
  for (let from = 0; from < size.devices; from += batchDevices) {
    const { rows } = await maker.query<{ id: string }>(
      `INSERT INTO device_manager.devices
         (tenant_id, name, site, status, public_key, sealing_key, fingerprint, agent_version, os,
          architecture, hostname, registration_token_id)
       SELECT $1::uuid, 'device ' || i, 'plant-' || i / $4::integer, 'approved', 'U' || md5($1::uuid::text || i), 'k',
              '', '0.1.0', 'linux', 'arm64', 'host', $5::uuid
         FROM generate_series($2::integer, $3::integer) i RETURNING id`,
      [tenantId, from, Math.min(size.devices, from + batchDevices) - 1, size.siteDevices, tokenId],
    );
    ids.push(...rows.map(({ id }) => id));
  }
  return { ids, tokenId };
};

/** A frame of a quarter of an hour after the other, as idle devices send them, one every 15 seconds in them. */
const addSamples = (maker: Pool, tenantId: string, ids: readonly string[]) =>
  maker.query(
    `INSERT INTO telemetry.metrics
       (tenant_id, device_id, received_at, epoch, seq, at, ${metricColumns.join(', ')})
     SELECT $1::uuid, id, frame, '0', 1, frame - (60 - sample) * interval '15 seconds',
            ${metricColumns.map(() => 'random() * 100').join(', ')}
       FROM generate_series(now() - interval '1 day' + interval '15 minutes', now(), interval '15 minutes') frame,
            unnest($2::uuid[]) id, generate_series(1, 60) sample
      ORDER BY frame, id, sample`,
    [tenantId, ids],
  );

/** Ids by site. Over a pool of the tables' owner whose server writes no log of what is copied. */
export const addFleet = async (maker: Pool, tenantId: string, size: FleetSize): Promise<Fleet> => {
  const { ids, tokenId } = await addDevices(maker, tenantId, size);
  const toMs = Date.now();
  const gatheredToMs = toMs - settledMs - ((toMs - settledMs) % dayMs);
  const fill = (
    table: 'metrics_minutes' | 'metrics_hourly' | 'metrics_daily',
    count: number,
    days: number,
  ) =>
    // By id, so that what lies side by side is of different sites.
    fillRollups(maker, {
      ...{ table, tenantId, deviceIds: ids.slice(0, count).sort() },
      ...{
        fromMs: toMs - days * dayMs,
        toMs,
        ...(table === 'metrics_hourly' ? { gatheredToMs } : {}),
      },
    });
  await fill('metrics_hourly', size.months, size.days);
  await fill('metrics_minutes', size.near, 1);
  await fill('metrics_daily', size.near, size.yearDays);
  await addSamples(maker, tenantId, ids.slice(0, size.sampled));
  await maker.query('ANALYZE');
  return { ids, tokenId };
};
