/**
 * The newest report of each device, as far as bundles are concerned. Reports come at least once
 * and in any order: within an epoch the higher number is newer, across epochs the later arrival.
 */
import type { Sql } from '@signalbeam/platform/postgres/pool';
import type { ReportedBody } from '@signalbeam/sync/wire/rows';

export type Report = {
  tenantId: string;
  deviceId: string;
  epoch: string;
  seq: number;
  receivedAt: string;
  reported: ReportedBody;
};

/** False when a newer one is known already, or this very one. */
export const keepReport = async (sql: Sql, report: Report): Promise<boolean> => {
  const { rowCount } = await sql.query(
    `INSERT INTO bundle_orchestrator.device_reports AS kept
       (tenant_id, device_id, epoch, seq, received_at, generation, slots, agent_version)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
     ON CONFLICT (tenant_id, device_id) DO UPDATE
       SET epoch = excluded.epoch, seq = excluded.seq, received_at = excluded.received_at,
           generation = excluded.generation, slots = excluded.slots,
           agent_version = excluded.agent_version
     WHERE (kept.epoch = excluded.epoch AND kept.seq < excluded.seq)
        OR (kept.epoch <> excluded.epoch AND kept.received_at <= excluded.received_at)`,
    [
      report.tenantId,
      report.deviceId,
      report.epoch,
      report.seq,
      report.receivedAt,
      report.reported.generation,
      JSON.stringify(report.reported.slots),
      report.reported.agentVersion,
    ],
  );
  return rowCount === 1;
};
