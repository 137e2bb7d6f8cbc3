/**
 * A device that greets from an epoch of its reports before its last one is there now: its disk was
 * restored once more, from a newer copy, or frames of a life that is over came late and made theirs
 * the last one. Its epoch becomes the last one, and what it said there last its newest report: having
 * said that already, the device may say nothing new for weeks. Who heard the other report hears this one.
 */
import { recordEvent } from '@signalbeam/platform/events/outbox';
import type { Pool } from '@signalbeam/platform/postgres/pool';
import { transaction } from '@signalbeam/platform/postgres/transaction';
import type { ReportedBody } from '@signalbeam/sync/wire/rows';
import { markHealth } from '../store/health.ts';

export type GreetedFrom = { deviceId: string; epoch: string };
type Said = { tenantId: string; seq: number; receivedAt: Date; body: ReportedBody };

/** One position and then one report are locked, in the order in which ingest locks them. */
export const takeForLast = (pool: Pool, { deviceId, epoch }: GreetedFrom): Promise<void> =>
  transaction(pool, async (client) => {
    const { rows } = await client.query<Said>(
      `WITH raised AS (
         UPDATE telemetry.watermarks SET opened = DEFAULT
          WHERE device_id = $1 AND lane = 'reported' AND epoch = $2
         RETURNING device_id, epoch, opened)
       UPDATE telemetry.reported AS r
          SET epoch = said.epoch, seq = said.seq, at = said.at, received_at = said.received_at,
              generation = said.generation, body = said.body, opened = said.opened
         FROM (SELECT h.*, raised.opened
                 FROM raised JOIN telemetry.reported_history h USING (device_id, epoch)
                ORDER BY h.seq DESC LIMIT 1) AS said
        WHERE r.device_id = said.device_id
       RETURNING r.tenant_id AS "tenantId", r.seq, r.received_at AS "receivedAt", r.body`,
      [deviceId, epoch],
    );
    const [said] = rows;
    if (said === undefined) return;
    const { tenantId, seq, receivedAt, body } = said;
    await markHealth(client, [deviceId]);
    await recordEvent(client, {
      tenantId,
      type: 'device.reported',
      subject: `signalbeam.devices.status.${deviceId}`,
      data: { deviceId, receivedAt: receivedAt.toISOString(), epoch, seq, reported: body },
    });
  });
