/**
 * Pages of devices by their health, the worst first: read from the index of scores, so that a page
 * costs a page, and then, by name, those that have no score. A score that changes meanwhile may show a
 * device twice or not at all; its place is where it is when its page is read.
 */

import { type Add, isUnknown } from '@signalbeam/platform/postgres/tag-query-sql';
import { conditionsOf, type DeviceFilter, type Position, pageSql } from './device-filter.ts';
import { ofTenant } from './query-names.ts';

/** Where a page goes on: after this score, or (null) among those without one. */
export type HealthPosition = Position & { score: number | null };

const scored = (
  filter: DeviceFilter,
  page: { after?: HealthPosition | undefined; limit: number },
  add: Add,
  nowMs: number,
): string => {
  const after =
    page.after === undefined
      ? ''
      : `AND (h.score, h.device_id) > (${add(page.after.score)}::smallint, ${add(page.after.id)}::uuid)`;
  return `SELECT d.id, d.listed_as, h.score
     FROM telemetry.public_device_health h JOIN device_manager.devices d ON d.id = h.device_id
    WHERE h.tenant_id = platform.current_tenant() AND h.score IS NOT NULL
      AND ${conditionsOf(filter, add, nowMs)} ${after}
    ORDER BY h.score, h.device_id LIMIT ${add(page.limit)}`;
};

export const healthPageSql = (
  filter: DeviceFilter,
  page: { after?: HealthPosition | undefined; limit: number },
  add: Add,
  nowMs: number,
): string => {
  const { after, limit } = page;
  const isAmongUnknown = after !== undefined && after.score === null;
  const unknown = pageSql(
    filter,
    { limit, after: isAmongUnknown ? after : undefined },
    add,
    nowMs,
    {
      columns: 'd.id, d.listed_as, NULL::smallint AS score',
      where: isUnknown(ofTenant),
    },
  );
  if (isAmongUnknown) return unknown;
  // The second is read only when the first does not fill the page.
  return `SELECT * FROM ((${scored(filter, page, add, nowMs)}) UNION ALL (${unknown})) both_of
    LIMIT ${add(limit)}`;
};
