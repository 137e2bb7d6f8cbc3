/**
 * How long the log of deliveries is kept: by age, and by count for each channel. What still waits
 * stays, whatever its age: giving it up is a decision (../core/sending.ts), not a clean-up. Longer
 * than EVENTS keeps its messages, so that a message heard again is known still.
 */
import type { Sql } from '@signalbeam/platform/postgres/pool';

const deliveriesDays = 30;
const deliveriesOfChannelMax = 10_000;
/** Of one statement, so that none holds locks for long. */
const deleteRowsMax = 10_000;

const untilDone = async (remove: () => Promise<number | null>): Promise<void> => {
  while (((await remove()) ?? 0) >= deleteRowsMax);
};

export const removeOldDeliveries = async (sql: Sql, nowMs: number): Promise<void> => {
  const before = new Date(nowMs - deliveriesDays * 86_400_000);
  await untilDone(async () => {
    const { rowCount } = await sql.query(
      `DELETE FROM telemetry.notification_deliveries WHERE ctid = ANY (ARRAY(
         SELECT ctid FROM telemetry.notification_deliveries
          WHERE finished_at < $1 LIMIT ${deleteRowsMax}))`,
      [before],
    );
    return rowCount;
  });
  await untilDone(async () => {
    const { rowCount } = await sql.query(
      `DELETE FROM telemetry.notification_deliveries WHERE ctid = ANY (ARRAY(
         SELECT d.ctid
           FROM telemetry.notification_channels c
          CROSS JOIN LATERAL (
            SELECT position FROM telemetry.notification_deliveries
             WHERE channel_id = c.id ORDER BY position DESC
            OFFSET ${deliveriesOfChannelMax - 1} LIMIT 1) oldest
           JOIN telemetry.notification_deliveries d
             ON d.channel_id = c.id AND d.position < oldest.position AND d.finished_at IS NOT NULL
          LIMIT ${deleteRowsMax}))`,
    );
    return rowCount;
  });
};
