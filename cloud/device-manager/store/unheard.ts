/**
 * Clears the mark of devices that were never heard of from those that have been since (migration 0153).
 * How soon does not matter: who asks for them looks at presence, too. So those that are marked are gone
 * round, some thousand at a time, and on at once only while some were heard of: a fleet that waits in its
 * boxes costs what a small one does. Over the pool with `sb_system`.
 */
import { onlyRow, type Pool } from '@signalbeam/platform/postgres/pool';

/** A heap of these is written in a tenth of a second or so. */
const batchMax = 1_000;

/** Where to go on, in the order of the index of marks. */
export type MarkPlace = { tenantId: string; listedAs: string; id: string };

type Looked = { heard: string[]; last: MarkPlace | null };

/** `last`: of those looked at, null when there are no more. */
const lookAt = async (pool: Pool, after: MarkPlace | null, max: number): Promise<Looked> =>
  onlyRow(
    await pool.query<Looked>(
      `WITH looked AS MATERIALIZED (
         SELECT d.tenant_id, d.listed_as, d.id FROM device_manager.devices d
          WHERE d.may_be_unheard AND d.deleted_at IS NULL
            AND ($1::uuid IS NULL OR (d.tenant_id, d.listed_as, d.id) > ($1::uuid, $2, $3::uuid))
          ORDER BY d.tenant_id, d.listed_as, d.id LIMIT $4)
       SELECT ARRAY(SELECT l.id FROM looked l JOIN telemetry.public_presence p
                        ON p.device_id = l.id AND p.tenant_id = l.tenant_id) AS heard,
              (SELECT jsonb_build_object('tenantId', tenant_id, 'listedAs', listed_as, 'id', id)
                 FROM looked ORDER BY tenant_id, listed_as, id OFFSET $4 - 1) AS last`,
      [after?.tenantId ?? null, after?.listedAs ?? null, after?.id ?? null, max],
    ),
  );

const clear = async (pool: Pool, ids: readonly string[]): Promise<number> => {
  const { rowCount } = await pool.query(
    `UPDATE device_manager.devices SET may_be_unheard = false
      WHERE id = ANY(ARRAY(SELECT id FROM device_manager.devices
                            WHERE id = ANY($1::uuid[]) AND may_be_unheard FOR UPDATE SKIP LOCKED))`,
    [ids],
  );
  return rowCount ?? 0;
};

/** `next`: where the next call is to begin. */
export const noteHeard = async (
  pool: Pool,
  after: MarkPlace | null,
  lookMax = 5_000,
): Promise<{ cleared: number; next: MarkPlace | null }> => {
  let next = after;
  for (let cleared = 0; ; ) {
    const { heard, last } = await lookAt(pool, next, lookMax);
    for (let from = 0; from < heard.length; from += batchMax) {
      cleared += await clear(pool, heard.slice(from, from + batchMax));
    }
    next = last;
    if (last === null || heard.length === 0) return { cleared, next };
  }
};
