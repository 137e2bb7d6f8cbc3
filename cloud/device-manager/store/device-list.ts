/**
 * Lists and counts of devices. A page is cut first, and then its devices are looked up as people see them
 * (device-view.ts). Pages follow the name, numbers in it as numbers, so that a page stays the same page while
 * devices come and go. Both statements of a page see the same moment if the caller's transaction does
 * (`repeatable read`); else a device that goes in between is missing.
 */

import type { Query } from '@signalbeam/platform/core/tag-query';
import { onlyRow, type Sql } from '@signalbeam/platform/postgres/pool';
import { type HealthPosition, healthPageSql } from './device-by-health.ts';
import { conditionsOf, type DeviceFilter, type Position, pageSql } from './device-filter.ts';
import { type DeviceView, viewsOf } from './device-view.ts';
import { countBare, devicesTagged, type ExactTag, exactTag, partsOf } from './exact-tags.ts';
import { countAll, countTagged } from './fleet-counts.ts';

/** A device and its place in the list. */
export type Listed<At> = { view: DeviceView; position: At };

type Page = { after?: Position | undefined; limit: number };

/** Of lists as consoles and commands ask for them, and of one device; with the row too many. */
const usualLimits: readonly number[] = [1, 51, 101];

/**
 * What is asked for again and again is planned once for each connection. Only where the plan is the same
 * whatever is asked for; null: planned each time.
 */
const planName = (filter: DeviceFilter, page: Page): string | null => {
  const { ids, registrationStatus, site, ...more } = filter;
  const isSame =
    Object.keys(more).length === 0 && (registrationStatus ?? 'approved') === 'approved';
  if (!isSame || !usualLimits.includes(page.limit)) return null;
  const shape = [ids, registrationStatus, site, page.after];
  return `device-list-${shape.map((part) => (part === undefined ? 0 : 1)).join('')}-${page.limit}`;
};

/** Each in its place; `id` of a position is the device's. */
const viewed = async <At extends { id: string }>(
  sql: Sql,
  positions: readonly At[],
): Promise<Listed<At>[]> => {
  const views = await viewsOf(
    sql,
    positions.map(({ id }) => id),
  );
  return positions.flatMap((position) => {
    const view = views.get(position.id);
    return view === undefined ? [] : [{ view, position }];
  });
};

type PlaceRow = { id: string; listed_as: string };

/** `name`: of the plan that is kept. */
const readPage = async (
  sql: Sql,
  filter: DeviceFilter,
  page: Page,
  { nowMs, name }: { nowMs: number; name: string | null },
): Promise<Position[]> => {
  const values: unknown[] = [];
  const text = pageSql(filter, page, (value) => `$${values.push(value)}`, nowMs);
  const { rows } = await (name === null
    ? sql.query<PlaceRow>(text, values)
    : sql.query<PlaceRow>({ name, text, values }));
  return rows.map((row) => ({ listedAs: row.listed_as, id: row.id }));
};

/** Only which ones, in the order of the list. */
export const pickDevices = (
  sql: Sql,
  filter: DeviceFilter,
  page: Page,
  nowMs: number,
): Promise<Position[]> => readPage(sql, filter, page, { nowMs, name: null });

/** One row more than a page holds says that there is a next page. Needs a tenant's transaction. */
export const listDevices = async (
  sql: Sql,
  filter: DeviceFilter,
  page: Page,
  nowMs: number,
): Promise<Listed<Position>[]> => {
  const name = planName(filter, page);
  return viewed(sql, await readPage(sql, filter, page, { nowMs, name }));
};

/** The worst first; those of which nothing is known at the end, by name. */
export const listDevicesByHealth = async (
  sql: Sql,
  filter: DeviceFilter,
  page: { after?: HealthPosition | undefined; limit: number },
  nowMs: number,
): Promise<Listed<HealthPosition>[]> => {
  const values: unknown[] = [];
  const add = (value: unknown): string => `$${values.push(value)}`;
  const { rows } = await sql.query<PlaceRow & { score: number | null }>(
    healthPageSql(filter, page, add, nowMs),
    values,
  );
  const positions = rows.map(({ id, score, listed_as }) => ({ id, score, listedAs: listed_as }));
  return viewed(sql, positions);
};

/** Each one more is a table joined; queries of more are rare, and counted as any other. */
const joinedTagsMax = 5;

/** All but those that have it. Of several it is not told: some devices have more than one of them. */
const countLacking = async (
  sql: Sql,
  [tag, ...others]: readonly ExactTag[],
): Promise<number | null> => {
  if (tag === undefined || others.length > 0) return null;
  const having = await countTagged(sql, tag);
  return having === null ? null : (await countAll(sql, {})) - having;
};

/**
 * Devices by tags that they have and tags that they lack. Null: that is not all that is asked, or the
 * tags alone don't tell.
 */
const countByTags = async (sql: Sql, queries: readonly Query[]): Promise<number | null> => {
  const parts = queries.flatMap(partsOf);
  if (parts.length > joinedTagsMax) return null;
  const has = parts.flatMap((part) => exactTag(part) ?? []);
  const lacks = parts.flatMap((part) => (part.kind === 'not' ? (exactTag(part.part) ?? []) : []));
  if (has.length + lacks.length < parts.length) return null;
  const [first, ...others] = has;
  if (first === undefined) return countLacking(sql, lacks);
  if (others.length + lacks.length === 0) return countTagged(sql, first);
  if ((await countBare(sql, [...has, ...lacks])) > 0) return null;
  const values: unknown[] = [];
  const add = (value: unknown): string => `$${values.push(value)}`;
  const from = devicesTagged({ has, lacks }, add);
  const counted = await sql.query<{ count: number }>(`SELECT count(*) FROM ${from}`, values);
  return onlyRow(counted).count;
};

/** Null: neither the kept counts nor the tags alone tell. */
const knownCount = async (sql: Sql, filter: DeviceFilter): Promise<number | null> => {
  const { registrationStatus: status, site, queries = [], ...more } = filter;
  if (Object.keys(more).length > 0) return null;
  if (queries.length === 0) return countAll(sql, { site, status });
  return site === undefined && status === undefined ? countByTags(sql, queries) : null;
};

export const countDevices = async (
  sql: Sql,
  filter: DeviceFilter,
  nowMs: number,
): Promise<number> => {
  const known = await knownCount(sql, filter);
  if (known !== null) return known;
  const values: unknown[] = [];
  const add = (value: unknown): string => `$${values.push(value)}`;
  const where = conditionsOf(filter, add, nowMs);
  const counted = await sql.query<{ count: number }>(
    `SELECT count(*) FROM device_manager.devices d WHERE ${where}`,
    values,
  );
  return onlyRow(counted).count;
};

export const viewDevice = async (sql: Sql, id: string): Promise<DeviceView | null> =>
  (await listDevices(sql, { ids: [id] }, { limit: 1 }, 0))[0]?.view ?? null;

/** One that was replaced or decommissioned: for its history, and in no list. */
export const viewRemovedDevice = async (sql: Sql, id: string): Promise<DeviceView | null> =>
  (await listDevices(sql, { ids: [id], removed: true }, { limit: 1 }, 0))[0]?.view ?? null;
