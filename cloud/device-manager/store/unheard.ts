/**
 * Clears the mark of devices that were never heard of from those that have been since (migration 0153).
 * How soon does not matter: who asks for them looks at presence, too. Over the pool with `sb_system`.
 */
import type { Pool } from '@signalbeam/platform/postgres/pool';

/** A heap of these is written in a tenth of a second or so. */
const batchMax = 1_000;

/** Reads the marked ones once for each batch: few, once a fleet has been heard of. Returns how many it cleared. */
export const noteHeard = async (pool: Pool): Promise<number> => {
  for (let cleared = 0; ; ) {
    const { rowCount } = await pool.query(
      `UPDATE device_manager.devices SET may_be_unheard = false
        WHERE id = ANY(ARRAY(
          SELECT d.id FROM device_manager.devices d
           WHERE d.may_be_unheard AND d.deleted_at IS NULL
             AND EXISTS (SELECT 1 FROM telemetry.public_presence p
                          WHERE p.device_id = d.id AND p.tenant_id = d.tenant_id)
           LIMIT ${batchMax} FOR UPDATE OF d SKIP LOCKED))`,
    );
    cleared += rowCount ?? 0;
    if ((rowCount ?? 0) < batchMax) return cleared;
  }
};
