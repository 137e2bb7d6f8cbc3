/** Conditions as rows: what the steps of a plan do to them, many at once. */
import type { Sql } from '@signalbeam/platform/postgres/pool';
import type { Candidate } from './candidates.ts';

type Key = Pick<Candidate, 'tenantId' | 'ruleId' | 'deviceId'>;

const keysOf = (keys: readonly Key[]): unknown[] => [
  keys.map(({ tenantId }) => tenantId),
  keys.map(({ ruleId }) => ruleId),
  keys.map(({ deviceId }) => deviceId),
];
const given = 'unnest($1::uuid[], $2::text[], $3::uuid[]) AS k (tenant_id, rule_id, device_id)';
const same = 'c.tenant_id = k.tenant_id AND c.rule_id = k.rule_id AND c.device_id = k.device_id';

export const beginConditions = async (
  sql: Sql,
  begun: readonly (Key & { sinceMs: number })[],
): Promise<void> => {
  if (begun.length === 0) return;
  await sql.query(
    `INSERT INTO telemetry.alert_conditions (tenant_id, rule_id, device_id, since)
     SELECT * FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::timestamptz[])
     ON CONFLICT DO NOTHING`,
    [...keysOf(begun), begun.map(({ sinceMs }) => new Date(sinceMs))],
  );
};

export const forgetConditions = async (sql: Sql, keys: readonly Key[]): Promise<void> => {
  if (keys.length === 0) return;
  await sql.query(
    `DELETE FROM telemetry.alert_conditions c USING ${given} WHERE ${same}`,
    keysOf(keys),
  );
};

/** Null: it is bad again. */
export const markWell = async (
  sql: Sql,
  keys: readonly Key[],
  since: Date | null,
): Promise<void> => {
  if (keys.length === 0) return;
  await sql.query(
    `UPDATE telemetry.alert_conditions c SET ok_since = $4 FROM ${given} WHERE ${same}`,
    [...keysOf(keys), since],
  );
};

export const linkConditions = async (
  sql: Sql,
  keys: readonly (Key & { alertId: string })[],
): Promise<void> => {
  if (keys.length === 0) return;
  await sql.query(
    `UPDATE telemetry.alert_conditions c SET alert_id = k.alert_id
       FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::uuid[])
         AS k (tenant_id, rule_id, device_id, alert_id) WHERE ${same}`,
    [...keysOf(keys), keys.map(({ alertId }) => alertId)],
  );
};

/**
 * A site answers again: its other devices, which are still silent, get the time that any device has
 * before they are told offline on their own.
 */
export const releaseConditions = async (
  sql: Sql,
  alertIds: readonly string[],
  now: Date,
): Promise<void> => {
  if (alertIds.length === 0) return;
  await sql.query(
    `UPDATE telemetry.alert_conditions SET alert_id = NULL, since = $2, ok_since = NULL
      WHERE alert_id = ANY ($1)`,
    [alertIds, now],
  );
};
