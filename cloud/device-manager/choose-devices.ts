/**
 * From what a request says of devices (a status, a site, a query, a group …) to the filter that
 * the store understands. Groups become their members or their query here, at each request.
 */

import type { Query } from '@signalbeam/platform/core/tag-query';
import { parseQuery } from '@signalbeam/platform/core/tag-query-parse';
import { refusal } from '@signalbeam/platform/http/problem';
import type { Sql } from '@signalbeam/platform/postgres/pool';
import { noSuchGroup } from './refusals.ts';
import type { DeviceFilter, Presence } from './store/device-filter.ts';
import { findPresent } from './store/find-present.ts';
import { findTagged } from './store/find-tagged.ts';
import { findWords, type WordsFor } from './store/find-words.ts';
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

type Asked = {
  presence?: Presence | undefined;
  search?: string | undefined;
  queries: readonly Query[];
};

/** What is looked up before: to which devices the filter is narrowed, and what is to hold beside that. */
const lookUp = async (
  sql: Sql,
  of: Asked,
  wanted: WordsFor,
): Promise<Pick<DeviceFilter, 'amongIds' | 'isPresenceCommon' | 'queries'>> => {
  const { queries } = of;
  const ofWords = await findWords(sql, of, wanted);
  if (ofWords !== null) return { amongIds: ofWords, queries };
  const ofTags = await findTagged(sql, queries);
  if (ofTags !== null) return { amongIds: ofTags.ids, queries: ofTags.rest };
  const ofPresence = await findPresent(sql, of);
  if (ofPresence?.kind === 'few') return { amongIds: ofPresence.ids, queries: ofPresence.rest };
  // All are counted, which is faster by joining.
  return ofPresence === null || wanted === 'all'
    ? { queries }
    : { queries, isPresenceCommon: true };
};

/** `wanted`: a page of them at a time, or what all of them come to. */
export const filterOf = async (
  sql: Sql,
  choice: Choice,
  wanted: WordsFor = 'all',
): Promise<DeviceFilter> => {
  const { ids, status, site, search, query, group, token } = choice;
  const grouped = group === undefined ? {} : await ofGroup(sql, group);
  const queries = [
    ...(query === undefined ? [] : [queryOf(query)]),
    ...(grouped.query === undefined ? [] : [grouped.query]),
  ];
  const byStatus = ofStatus(status);
  const asked = { presence: byStatus.presence, search, queries };
  const { queries: rest = [], ...found } =
    ids === undefined ? await lookUp(sql, asked, wanted) : { queries };
  return {
    ...byStatus,
    ...found,
    ...(ids === undefined ? {} : { ids }),
    ...(site === undefined ? {} : { site }),
    ...(search === undefined || search === '' ? {} : { search }),
    ...(token === undefined ? {} : { tokenId: token }),
    ...(grouped.groupId === undefined ? {} : { groupId: grouped.groupId }),
    ...(rest.length === 0 ? {} : { queries: rest }),
  };
};
