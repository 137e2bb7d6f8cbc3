/**
 * Lays the hours of a day that is over together, device by device. As they come, an hour of every device after the
 * other, the 720 rows of a month's chart lie on 720 pages; laid together on some 90. A row is taken away and put
 * back as it was in one statement, so nothing is lost or counted twice whatever dies in between, and what is
 * added to it meanwhile waits and finds it; whoever erases them waits, too (platform/erase/moving.ts). Cost: each row is written once more in its life. What comes later
 * than `settledMs` after its day lies where it came. For the holder of the lease.
 */
import { holdWhileMoving } from '@signalbeam/platform/erase/moving';
import { onlyRow, type Pool } from '@signalbeam/platform/postgres/pool';
import { transaction } from '@signalbeam/platform/postgres/transaction';

const dayMs = 86_400_000;
/** Most of what was cut off for a while has come by then. */
const settledMs = 6 * 3_600_000;
/** Of one statement: some 12,000 rows. */
const devicesAtOnce = 500;
/** Statements of one call, so that a large fleet does not hold up anything else for long. */
const roundsMax = 4;
const noDevice = '00000000-0000-0000-0000-000000000000';

const gather = `
  WITH next AS MATERIALIZED (
    SELECT DISTINCT device_id FROM telemetry.metrics_hourly
     WHERE device_id > $2 AND bucket >= $1 AND bucket < $1::timestamptz + interval '24 hours'
     ORDER BY device_id LIMIT $3),
  taken AS (
    DELETE FROM telemetry.metrics_hourly AS hours USING next
     WHERE hours.device_id = next.device_id
       AND bucket >= $1 AND bucket < $1::timestamptz + interval '24 hours'
    RETURNING hours.*),
  laid AS (
    INSERT INTO telemetry.metrics_hourly SELECT * FROM taken ORDER BY device_id, bucket
    RETURNING 1)
  SELECT (SELECT count(*) FROM laid) AS laid, (SELECT count(*) FROM next) AS devices,
         (SELECT device_id FROM next ORDER BY device_id DESC LIMIT 1) AS last`;

type Round = { laid: number; devices: number; last: string | null };

/** Null: no day is over that is not laid together. */
const round = (pool: Pool, nowMs: number): Promise<number | null> =>
  transaction(pool, async (client) => {
    await holdWhileMoving(client);
    const { day, after } = onlyRow(
      await client.query<{ day: Date; after: string }>(
        'SELECT day, after FROM telemetry.hours_gathered FOR UPDATE',
      ),
    );
    if (day.getTime() + dayMs + settledMs > nowMs) return null;
    const { laid, devices, last } = onlyRow(
      await client.query<Round>(gather, [day, after, devicesAtOnce]),
    );
    const isDone = devices < devicesAtOnce;
    await client.query('UPDATE telemetry.hours_gathered SET day = $1, after = $2', [
      isDone ? new Date(day.getTime() + dayMs) : day,
      isDone ? noDevice : last,
    ]);
    return laid;
  });

/** Over a pool with the role `sb_ingest`. Returns how many rows were laid together; more may be left. */
export const gatherHours = async (pool: Pool, nowMs: number): Promise<number> => {
  let total = 0;
  for (let rounds = 0; rounds < roundsMax; rounds += 1) {
    const laid = await round(pool, nowMs);
    if (laid === null) break;
    total += laid;
  }
  return total;
};
