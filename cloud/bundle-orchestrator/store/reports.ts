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

/** As the statement below decides between what is kept and what comes. */
const isNewer = (report: Report, kept: Report): boolean =>
  report.epoch === kept.epoch
    ? report.seq > kept.seq
    : Date.parse(report.receivedAt) >= Date.parse(kept.receivedAt);

/** One of each device, in the order in which every replica holds their rows. */
const newestOf = (reports: readonly Report[]): Report[] => {
  const newest = new Map<string, Report>();
  for (const report of reports) {
    const key = `${report.tenantId} ${report.deviceId}`;
    const kept = newest.get(key);
    if (kept === undefined || isNewer(report, kept)) newest.set(key, report);
  }
  return [...newest].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, report]) => report);
};

/**
 * What is older than what is known, or that very one, changes nothing. Returns those that have a later
 * wish than is known here, below `generationMax`, or another one of the same generation: Postgres came
 * from a backup, and in the second case what was changed since got a number that was used before.
 */
export const keepReports = async (
  sql: Sql,
  reports: readonly Report[],
  generationMax: number,
): Promise<{ tenantId: string; deviceId: string }[]> => {
  const newest = newestOf(reports);
  const { rows } = await sql.query<{ tenant_id: string; device_id: string }>({
    name: 'bundles-keep-reports',
    text: `WITH kept AS (INSERT INTO bundle_orchestrator.device_reports AS kept
       (tenant_id, device_id, epoch, seq, received_at, generation, slots, agent_version)
     SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::bigint[], $5::timestamptz[],
       $6::bigint[], $7::jsonb[], $8::text[])
     ON CONFLICT (tenant_id, device_id) DO UPDATE
       SET epoch = excluded.epoch, seq = excluded.seq, received_at = excluded.received_at,
           generation = excluded.generation, slots = excluded.slots,
           agent_version = excluded.agent_version
     WHERE (kept.epoch = excluded.epoch AND kept.seq < excluded.seq)
        OR (kept.epoch <> excluded.epoch AND kept.received_at <= excluded.received_at))
     SELECT known.tenant_id, known.device_id
       FROM unnest($1::uuid[], $2::uuid[], $6::bigint[], $10::text[])
              AS said (tenant_id, device_id, generation, digest)
       JOIN bundle_orchestrator.desired_states known
         ON known.tenant_id = said.tenant_id AND known.device_id = said.device_id
      WHERE known.device_id = ANY ($2)
        AND (known.generation < said.generation AND said.generation < $9
          OR known.generation = said.generation
            AND said.digest <> 'sha256:' || encode(sha256(known.envelope), 'hex'))`,
    values: [
      newest.map((report) => report.tenantId),
      newest.map((report) => report.deviceId),
      newest.map((report) => report.epoch),
      newest.map((report) => report.seq),
      newest.map((report) => report.receivedAt),
      newest.map(({ reported }) => reported.generation),
      newest.map(({ reported }) => JSON.stringify(reported.slots)),
      newest.map(({ reported }) => reported.agentVersion),
      generationMax,
      newest.map(({ reported }) => reported.desiredDigest ?? null),
    ],
  });
  return rows.map((row) => ({ tenantId: row.tenant_id, deviceId: row.device_id }));
};
