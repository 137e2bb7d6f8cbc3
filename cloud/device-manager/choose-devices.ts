/**
 * From what a request says of devices (a status, a site, a query, a group …) to the filter that
 * the store understands. Groups become their members or their query here, at each request.
 */

import type { Query } from '@signalbeam/platform/core/tag-query';
import { parseQuery } from '@signalbeam/platform/core/tag-query-parse';
import { refusal } from '@signalbeam/platform/http/problem';
import type { Sql } from '@signalbeam/platform/postgres/pool';
import { noSuchGroup } from './refusals.ts';
import type { DeviceFilter } from './store/device-filter.ts';
import { findTagged } from './store/find-tagged.ts';
import { findWords } from './store/find-words.ts';
import { findGroup } from './store/groups.ts';

export type Choice = {
  ids?: readonly string[] | undefined;
  /** A registration status or a presence: both are what people call a device's status. */
  status?: 'pending' | 'approved' | 'rejected' | 'online' | 'offline' | 'never' | undefined;
  site?: string | undefined;
  search?: string | undefined;
  query?: string | undefined;
  group?: string | undefined;
  token?: string | undefined;
};

/** Throws `unreadable-query` with the place of the fault. */
export const queryOf = (text: string, path = 'query'): Query => {
  const parsed = parseQuery(text);
  if (parsed.kind === 'query') return parsed.query;
  const { message, start, end } = parsed.fault;
  throw refusal('unreadable-query', `The query can't be read: ${message}`, {
    errors: [{ path, message, start, end }],
  });
};

const ofStatus = (status: Choice['status']): DeviceFilter => {
  if (status === undefined) return {};
  return status === 'online' || status === 'offline' || status === 'never'
    ? { presence: status }
    : { registrationStatus: status };
};

const ofGroup = async (sql: Sql, id: string): Promise<{ groupId?: string; query?: Query }> => {
  const group = await findGroup(sql, id);
  if (group === null) throw noSuchGroup();
  return group.query === null ? { groupId: id } : { query: queryOf(group.query) };
};

export const filterOf = async (sql: Sql, choice: Choice): Promise<DeviceFilter> => {
  const { ids, status, site, search, query, group, token } = choice;
  const grouped = group === undefined ? {} : await ofGroup(sql, group);
  const queries = [
    ...(query === undefined ? [] : [queryOf(query)]),
    ...(grouped.query === undefined ? [] : [grouped.query]),
  ];
  const words = { search, queries };
  const ofWords = ids === undefined ? await findWords(sql, words) : null;
  const ofTags = ids === undefined && ofWords === null ? await findTagged(sql, queries) : null;
  const amongIds = ofWords ?? ofTags?.ids ?? null;
  const rest = ofTags?.rest ?? queries;
  return {
    ...ofStatus(status),
    ...(amongIds === null ? {} : { amongIds }),
    ...(ids === undefined ? {} : { ids }),
    ...(site === undefined ? {} : { site }),
    ...(search === undefined || search === '' ? {} : { search }),
    ...(token === undefined ? {} : { tokenId: token }),
    ...(grouped.groupId === undefined ? {} : { groupId: grouped.groupId }),
    ...(rest.length === 0 ? {} : { queries: rest }),
  };
};
