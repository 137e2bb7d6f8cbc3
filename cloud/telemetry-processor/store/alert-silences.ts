/** Silences and maintenance windows as rows. */
import { onlyRow, type Sql } from '@signalbeam/platform/postgres/pool';
import type { Silence, Subject, Weekly } from '../core/alert-silences.ts';

export type SilenceRecord = Silence & {
  id: string;
  reason: string;
  createdBy: string;
  createdAt: Date;
};

type SilenceRow = {
  id: string;
  tenant_id: string;
  reason: string;
  device_id: string | null;
  site: string | null;
  group_id: string | null;
  tag: string | null;
  rule_id: string | null;
  starts_at: Date;
  ends_at: Date;
  weekly: Weekly | null;
  created_by: string;
  created_at: Date;
};

const columns = `id, tenant_id, reason, device_id, site, group_id, tag, rule_id, starts_at, ends_at,
  weekly, created_by, created_at`;

const silenceOf = (row: SilenceRow): SilenceRecord => ({
  id: row.id,
  reason: row.reason,
  deviceId: row.device_id,
  site: row.site,
  groupId: row.group_id,
  tag: row.tag,
  ruleId: row.rule_id,
  startsAtMs: row.starts_at.getTime(),
  endsAtMs: row.ends_at.getTime(),
  weekly: row.weekly,
  createdBy: row.created_by,
  createdAt: row.created_at,
});

export const countOpenSilences = async (sql: Sql, now: Date): Promise<number> =>
  onlyRow(
    await sql.query<{ count: number }>(
      `SELECT count(*) FROM telemetry.alert_silences
        WHERE tenant_id = platform.current_tenant() AND ends_at > $1`,
      [now],
    ),
  ).count;

/** Those that end last come first; below `after` when given. */
export const listSilences = async (
  sql: Sql,
  page: { after: { endsAt: Date; id: string } | null; endAfter: Date | null; limit: number },
): Promise<SilenceRecord[]> => {
  const { rows } = await sql.query<SilenceRow>(
    `SELECT ${columns} FROM telemetry.alert_silences
      WHERE tenant_id = platform.current_tenant()
        AND ($1::timestamptz IS NULL OR (ends_at, id) < ($1, $2::uuid))
        AND ($3::timestamptz IS NULL OR ends_at > $3)
      ORDER BY ends_at DESC, id DESC LIMIT $4`,
    [page.after?.endsAt ?? null, page.after?.id ?? null, page.endAfter, page.limit],
  );
  return rows.map(silenceOf);
};

export const lockSilence = async (sql: Sql, id: string): Promise<SilenceRecord | null> => {
  const { rows } = await sql.query<SilenceRow>(
    `SELECT ${columns} FROM telemetry.alert_silences WHERE id = $1 FOR UPDATE`,
    [id],
  );
  return rows[0] === undefined ? null : silenceOf(rows[0]);
};

export const insertSilence = async (
  sql: Sql,
  tenantId: string,
  silence: Omit<SilenceRecord, 'id'>,
): Promise<SilenceRecord> =>
  silenceOf(
    onlyRow(
      await sql.query<SilenceRow>(
        `INSERT INTO telemetry.alert_silences
           (tenant_id, reason, device_id, site, group_id, tag, rule_id, starts_at, ends_at, weekly,
            created_by, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) RETURNING ${columns}`,
        [
          tenantId,
          silence.reason,
          silence.deviceId,
          silence.site,
          silence.groupId,
          silence.tag,
          silence.ruleId,
          new Date(silence.startsAtMs),
          new Date(silence.endsAtMs),
          silence.weekly === null ? null : JSON.stringify(silence.weekly),
          silence.createdBy,
          silence.createdAt,
        ],
      ),
    ),
  );

export const changeSilence = (
  sql: Sql,
  id: string,
  change: { reason: string; endsAt: Date },
): Promise<unknown> =>
  sql.query('UPDATE telemetry.alert_silences SET reason = $2, ends_at = $3 WHERE id = $1', [
    id,
    change.reason,
    change.endsAt,
  ]);

export const deleteSilence = (sql: Sql, id: string): Promise<unknown> =>
  sql.query('DELETE FROM telemetry.alert_silences WHERE id = $1', [id]);

/** By tenant, those that may hold now; for the evaluation, which sees every tenant. */
export const silencesOf = async (
  sql: Sql,
  tenantIds: readonly string[],
  now: Date,
): Promise<Map<string, Silence[]>> => {
  if (tenantIds.length === 0) return new Map();
  const { rows } = await sql.query<SilenceRow>(
    `SELECT ${columns} FROM telemetry.alert_silences
      WHERE tenant_id = ANY ($1) AND starts_at <= $2 AND ends_at > $2`,
    [[...new Set(tenantIds)], now],
  );
  const found = Map.groupBy(rows, (row) => row.tenant_id);
  return new Map([...found].map(([tenantId, silences]) => [tenantId, silences.map(silenceOf)]));
};

/** What silences may know these devices by; asked only if one of them names groups or tags. */
export const namesOfDevices = async (
  sql: Sql,
  deviceIds: readonly string[],
): Promise<Map<string, Pick<Subject, 'groupIds' | 'tags'>>> => {
  const { rows } = await sql.query<{ device_id: string; tags: string[]; groups: string[] }>(
    `SELECT d AS device_id,
            ARRAY(SELECT CASE t.key WHEN '' THEN t.value ELSE t.key || '=' || t.value END
                    FROM device_manager.public_device_tags t WHERE t.device_id = d) AS tags,
            ARRAY(SELECT g.group_id::text FROM device_manager.public_group_members g
                   WHERE g.device_id = d) AS groups
       FROM unnest($1::uuid[]) AS d`,
    [[...new Set(deviceIds)]],
  );
  return new Map(
    rows.map(({ device_id, tags, groups }) => [device_id, { tags, groupIds: groups }]),
  );
};
