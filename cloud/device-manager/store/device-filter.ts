/**
 * Which devices somebody means, as a condition on `device_manager.devices d`: the one place where
 * lists, counts, groups and bulk actions choose devices. Needs a tenant's transaction.
 */

import type { Query } from '@signalbeam/platform/core/tag-query';
import {
  type Add,
  endOf,
  escapeLike,
  neverSeen,
  presentAs,
  sqlOfQuery,
} from '@signalbeam/platform/postgres/tag-query-sql';
import type { RegistrationStatus } from '../core/approval.ts';
import { ofManyPresent, ofTenant } from './query-names.ts';

export type Presence = 'online' | 'offline' | 'never';

export type DeviceFilter = {
  /** Those that were replaced or decommissioned, instead of those that are there. */
  removed?: true;
  ids?: readonly string[];
  registrationStatus?: RegistrationStatus;
  presence?: Presence;
  site?: string;
  /** Part of the name, host name, fingerprint or site, in any case. */
  search?: string;
  /** Where rare words, or tags that few have together, are: looked up before (find-words.ts, find-tagged.ts). */
  amongIds?: readonly string[];
  /** Many are so as the presence that is asked for says, here or in the queries (find-present.ts). */
  isPresenceCommon?: true;
  /** All of these. */
  queries?: readonly Query[];
  /** Members of this static group. */
  groupId?: string;
  /** Registered by this token. */
  tokenId?: string;
};

/** Where a page goes on: in the order of the list (`listed_as`, then id). */
export type Position = { listedAs: string; id: string };

export const patternOf = (search: string): string => `%${escapeLike(search.toLowerCase())}%`;

/**
 * Where in the order of the list the names are that a query asks for. That order keeps a name as it is
 * up to its first digit (migration 0120), so they stand together. Only narrows.
 */
const placesOf = (query: Query, add: Add): string[] => {
  if (query.kind === 'and') return query.parts.flatMap((part) => placesOf(part, add));
  const [pattern, ...others] = query.kind === 'text' && query.field === 'name' ? query.values : [];
  if (pattern === undefined || others.length > 0) return [];
  const [begin = ''] = pattern[0]?.match(/^[^0-9]{1,90}/) ?? [];
  const end = begin === '' ? null : endOf(begin);
  return end === null ? [] : [`d.listed_as >= ${add(begin)} AND d.listed_as < ${add(end)}`];
};

export const conditionsOf = (filter: DeviceFilter, add: Add, nowMs: number): string => {
  const there =
    filter.removed === true
      ? `d.removal IN ('replaced', 'decommissioned')`
      : 'd.deleted_at IS NULL';
  const names = filter.isPresenceCommon === true ? ofManyPresent : ofTenant;
  const conditions = [there, 'd.tenant_id = platform.current_tenant()'];
  const { ids, registrationStatus, presence, site, search, queries, groupId, tokenId } = filter;
  if (ids !== undefined) conditions.push(`d.id = ANY(${add(ids)}::uuid[])`);
  if (registrationStatus !== undefined) {
    conditions.push(`d.status = ${add(registrationStatus)}`);
    // Literally as the index has it: the planner does not look into the parameter.
    if (registrationStatus !== 'approved') conditions.push(`d.status <> 'approved'`);
  }
  if (presence === 'never') conditions.push(neverSeen(ofTenant));
  else if (presence !== undefined)
    conditions.push(presentAs(names, `p.presence = ${add(presence)}`));
  if (site !== undefined) conditions.push(`d.site = ${add(site)}`);
  if (filter.amongIds !== undefined) conditions.push(`d.id = ANY(${add(filter.amongIds)}::uuid[])`);
  if (search !== undefined) {
    // By bytes, as pattern and text are in lower case: a language's rules take twice the time.
    conditions.push(`d.searched COLLATE "C" LIKE ${add(patternOf(search))}`);
  }
  for (const query of queries ?? []) {
    conditions.push(...placesOf(query, add), sqlOfQuery(names, query, add, nowMs));
  }
  if (groupId !== undefined) {
    conditions.push(`EXISTS (SELECT 1 FROM device_manager.group_members m WHERE m.device_id = d.id
      AND m.tenant_id = platform.current_tenant() AND m.group_id = ${add(groupId)})`);
  }
  if (tokenId !== undefined) conditions.push(`d.registration_token_id = ${add(tokenId)}`);
  return conditions.join('\n  AND ');
};

/** Ids and places of one page: read from the index of the order alone where that is possible. */
export const pageSql = (
  filter: DeviceFilter,
  page: { after?: Position | undefined; limit: number },
  add: Add,
  nowMs: number,
  more: { columns: string; where: string } = { columns: 'd.id, d.listed_as', where: 'true' },
): string => {
  const after =
    page.after === undefined
      ? ''
      : `AND (d.listed_as, d.id) > (${add(page.after.listedAs)}, ${add(page.after.id)}::uuid)`;
  return `SELECT ${more.columns} FROM device_manager.devices d
    WHERE ${conditionsOf(filter, add, nowMs)} AND ${more.where} ${after}
    ORDER BY d.listed_as, d.id LIMIT ${page.limit}`;
};
