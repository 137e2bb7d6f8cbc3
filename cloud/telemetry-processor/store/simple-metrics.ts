/**
 * Samples of simple clients, which send over REST without lanes, chains or acknowledgements. They
 * get an epoch of their own and numbers from its watermark, so that every row of the table has a
 * name; a client that repeats a request stores its samples twice.
 */
import type { Pool } from '@signalbeam/platform/postgres/pool';
import { onlyRow } from '@signalbeam/platform/postgres/pool';
import { transaction } from '@signalbeam/platform/postgres/transaction';
import type { MetricsBody } from '@signalbeam/sync/wire/rows';
import { marksOf } from '../core/placement.ts';
import { metricsRowBytesMax, rowPrefix, writeMetricsRow } from '../ingest/copy-binary.ts';
import { keepLatest } from '../ingest/latest.ts';
import { copyMetrics, insertMarks } from '../ingest/statements.ts';

/** No agent draws it: theirs are 64 random bits. */
export const simpleEpoch = '0000000000000000';

export type SimpleSample = { at: number; body: MetricsBody };

/** Over a pool with the role `sb_ingest`. */
export const storeSimpleMetrics = (
  pool: Pool,
  device: { tenantId: string; deviceId: string },
  samples: readonly SimpleSample[],
  receivedAt: number,
): Promise<void> =>
  transaction(pool, async (client) => {
    const upTo = onlyRow(
      await client.query<{ up_to: number }>(
        `INSERT INTO telemetry.watermarks AS w (device_id, lane, epoch, tenant_id, up_to)
         VALUES ($1, 'metrics', $2, $3, $4)
         ON CONFLICT (device_id, lane, epoch)
           DO UPDATE SET up_to = w.up_to + $4, updated_at = now()
         RETURNING up_to`,
        [device.deviceId, simpleEpoch, device.tenantId, samples.length],
      ),
    ).up_to;
    const prefix = rowPrefix({ ...device, receivedAt, epoch: simpleEpoch });
    const target = Buffer.allocUnsafe(samples.length * metricsRowBytesMax);
    const rows = samples.map((sample, index) => ({
      seq: upTo - samples.length + index + 1,
      ...sample,
    }));
    const end = rows.reduce((offset, row) => writeMetricsRow(target, offset, prefix, row), 0);
    await copyMetrics(client, [target.subarray(0, end)]);
    const lane = { ...device, lane: 'metrics', epoch: simpleEpoch, receivedAt };
    await insertMarks(
      client,
      marksOf(rows, receivedAt).map((mark) => ({ ...lane, ...mark })),
    );
    const newest = samples.toSorted((a, b) => a.at - b.at).at(-1);
    if (newest !== undefined) {
      await keepLatest(client, [{ device, at: newest.at, receivedAt, body: newest.body }]);
    }
  });
