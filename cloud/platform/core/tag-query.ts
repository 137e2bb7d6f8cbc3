/**
 * A question about devices as data, and its limits. Written by people (tag-query-parse.ts), shown
 * to them (tag-query-print.ts), answered for one device in memory (tag-query-match.ts) and for all
 * of them by Postgres (platform/postgres/tag-query-sql.ts): the two must agree, and a test holds them to it.
 */
import type { HealthLevel } from './health-level.ts';
import type { FieldName } from './tag.ts';

export const queryLengthMax = 1_000;
/** Each costs the database a look into an index. */
export const termsMax = 40;
export const nestingMax = 20;

/** The fixed parts between the `*`s: one part is the text itself. */
export type Pattern = readonly string[];

/** Fields that are texts. A version is one of a bundle that the device shall run. */
export type TextField = Extract<FieldName, 'name' | 'site' | 'bundle' | 'version'>;

export const statuses = ['pending', 'approved', 'rejected', 'online', 'offline', 'never'] as const;
export type Status = (typeof statuses)[number];

/** A point in time: by the calendar, or so long before now. */
export type Moment = { kind: 'at'; ms: number } | { kind: 'ago'; ms: number };

export type Query =
  | { kind: 'and' | 'or'; parts: readonly Query[] }
  | { kind: 'not'; part: Query }
  /** A tag of this key with one of these values, or one of the values as a bare tag. */
  | { kind: 'tag'; key: string; values: readonly Pattern[] }
  /** A bare tag, or any tag with such a key. */
  | { kind: 'tagged'; word: Pattern }
  | { kind: 'status'; values: readonly Status[] }
  | { kind: 'text'; field: TextField; values: readonly Pattern[] }
  /** Has any bundle; was ever seen. */
  | { kind: 'present'; field: 'bundle' | 'lastseen' }
  | { kind: 'seen'; when: 'before' | 'after'; moment: Moment }
  | { kind: 'health'; levels: readonly HealthLevel[] }
  /** A score that is not known is neither. */
  | { kind: 'score'; when: 'below' | 'above'; score: number };

/** Where in the text something is wrong: UTF-16 positions, `end` behind the last. */
export type QueryFault = { message: string; start: number; end: number };

export type ParsedQuery = { kind: 'query'; query: Query } | { kind: 'fault'; fault: QueryFault };

export const momentMs = (moment: Moment, nowMs: number): number =>
  moment.kind === 'at' ? moment.ms : nowMs - moment.ms;
