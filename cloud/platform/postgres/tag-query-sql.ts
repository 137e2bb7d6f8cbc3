/**
 * A query about devices as a condition on a row of devices `d`, answered by indexes: each
 * condition is an EXISTS that the planner may turn round, so a rare tag is looked up and a common
 * one only checked. All that people wrote goes as parameters. Under row security only leakproof
 * operators reach an index, hence ranges instead of LIKE where one will do. Means what
 * platform/core/tag-query-match.ts means. Whoever asks says what the columns and the table of tags are
 * called where it asks (`Names`); the views of the other services are the same for all.
 */
import { scoresOf } from '../core/health-level.ts';
import { momentMs, type Pattern, type Query, type Status } from '../core/tag-query.ts';

type Of<K extends Query['kind']> = Extract<Query, { kind: K }>;
export type Add = (value: unknown) => string;
export type Names = {
  /** Columns of the device: its id, whether it was let in, and whose it is. */
  id: string;
  status: string;
  tenant: string;
  /** The table or view of tags. */
  tags: string;
  /** A mark that all who were never heard of bear. */
  mayBeUnheard?: string;
  /**
   * Whether a device is online is looked up for each that answers the rest: where many are, and what the
   * planner knows of it is of before. Else it may turn that round, as any other condition.
   */
  isPresenceProbed?: true;
};

const anyOf = (parts: readonly string[]): string =>
  parts.length === 1 ? (parts[0] ?? 'false') : `(${parts.join(' OR ')})`;

/** `%`, `_` and `\` mean themselves. */
export const escapeLike = (text: string): string =>
  text.replace(/[\\%_]/g, (letter) => `\\${letter}`);
const likeOf = (pattern: Pattern): string => pattern.map(escapeLike).join('%');

/** The least text above all that start with this, in the order of bytes; null if it is not plain. */
export const endOf = (prefix: string): string | null => {
  const last = prefix.charCodeAt(prefix.length - 1);
  const isPlain = /^[ -}]+$/.test(prefix);
  return isPlain ? prefix.slice(0, -1) + String.fromCharCode(last + 1) : null;
};

/** For a column in the order of bytes (COLLATE "C"). */
const indexed = (column: string, pattern: Pattern, add: Add): string => {
  const [prefix = '', ...rest] = pattern;
  if (rest.length === 0) return `${column} = ${add(prefix)}`;
  const end = endOf(prefix);
  const range = end === null ? [] : [`${column} >= ${add(prefix)}`, `${column} < ${add(end)}`];
  const isPrefix = rest.length === 1 && rest[0] === '';
  if (isPrefix && prefix === '') return 'true';
  const like = isPrefix && end !== null ? [] : [`${column} LIKE ${add(likeOf(pattern))}`];
  return [...range, ...like].join(' AND ');
};

const valuesIn = (column: string, patterns: readonly Pattern[], add: Add): string => {
  const exact = patterns.filter(({ length }) => length === 1).map(([text = '']) => text);
  const open = patterns.filter(({ length }) => length > 1);
  return anyOf([
    ...(exact.length === 0 ? [] : [`${column} = ANY(${add(exact)}::text[])`]),
    ...open.map((pattern) => `(${indexed(column, pattern, add)})`),
  ]);
};

const tagged = ({ id, tenant, tags }: Names, condition: string): string =>
  `EXISTS (SELECT 1 FROM ${tags} t WHERE t.device_id = ${id}
     AND t.tenant_id = ${tenant} AND ${condition})`;
const bundled = ({ id, tenant }: Names, condition: string): string =>
  `EXISTS (SELECT 1 FROM bundle_orchestrator.public_device_bundles b WHERE b.device_id = ${id}
     AND b.tenant_id = ${tenant} AND ${condition})`;
export const seen = ({ id, tenant }: Names, condition: string): string =>
  `EXISTS (SELECT 1 FROM telemetry.public_presence p WHERE p.device_id = ${id}
     AND p.tenant_id = ${tenant} AND ${condition})`;
/** Where there are marks, who bears none has been heard of: few are looked up where few are marked. */
export const neverSeen = (of: Names): string => {
  const unseen = `NOT ${seen(of, 'true')}`;
  return of.mayBeUnheard === undefined ? unseen : `(${of.mayBeUnheard} AND ${unseen})`;
};
/** A limit of nothing keeps the planner from turning it round. */
export const presentAs = (of: Names, condition: string): string =>
  seen(of, of.isPresenceProbed === true ? `${condition} OFFSET 0` : condition);
const judged = ({ id, tenant }: Names, condition: string): string =>
  `EXISTS (SELECT 1 FROM telemetry.public_device_health h WHERE h.device_id = ${id}
     AND h.tenant_id = ${tenant} AND ${condition})`;
/** Nothing is known of how it is. */
export const isUnknown = (of: Names): string => `NOT ${judged(of, 'h.score IS NOT NULL')}`;

const healthIn = (of: Names, { levels }: Of<'health'>, add: Add): string => {
  const ranges = levels.flatMap((level) => {
    if (level === 'unknown') return [];
    const { from, to } = scoresOf(level);
    return [`h.score >= ${add(from)} AND h.score < ${add(to)}`];
  });
  return anyOf([
    ...(ranges.length === 0 ? [] : [judged(of, anyOf(ranges.map((range) => `(${range})`)))]),
    ...(levels.includes('unknown') ? [isUnknown(of)] : []),
  ]);
};

const statusIn = (of: Names, values: readonly Status[], add: Add): string => {
  const registered = values.filter((value) => ['pending', 'approved', 'rejected'].includes(value));
  const present = values.filter((value) => value === 'online' || value === 'offline');
  return anyOf([
    ...(registered.length === 0 ? [] : [`${of.status} = ANY(${add(registered)}::text[])`]),
    ...(present.length === 0 ? [] : [presentAs(of, `p.presence = ANY(${add(present)}::text[])`)]),
    ...(values.includes('never') ? [neverSeen(of)] : []),
  ]);
};

/** A bundle's name has no `@`, so the first one parts it from the version. */
const bundleIn = (pattern: Pattern, add: Add): string => {
  const [first = '', ...rest] = pattern;
  const at = first.indexOf('@');
  if (at >= 0) {
    const version = [first.slice(at + 1), ...rest];
    return `b.bundle_name = ${add(first.slice(0, at))} AND ${indexed('b.version', version, add)}`;
  }
  if (rest.length === 0) return indexed('b.bundle_name', pattern, add);
  const both = `(b.bundle_name || '@' || b.version) LIKE ${add(likeOf(pattern))}`;
  return `(${indexed('b.bundle_name', pattern, add)} OR ${both})`;
};

const textIn = (of: Names, query: Of<'text'>, add: Add): string => {
  const like = (column: string): string =>
    anyOf(
      query.values.map((pattern) =>
        pattern.length === 1
          ? `${column} = ${add(pattern[0])}`
          : `${column} COLLATE "C" LIKE ${add(likeOf(pattern))}`,
      ),
    );
  switch (query.field) {
    case 'name':
      return like('lower(d.name)');
    case 'site':
      return like('d.site');
    case 'bundle':
      return bundled(of, anyOf(query.values.map((pattern) => `(${bundleIn(pattern, add)})`)));
    case 'version':
      return bundled(of, valuesIn('b.version', query.values, add));
  }
};

/** As wide as the steps of `seen_step`, which an index has; `last_seen_at` is in none. */
const seenStepMs = 10 * 60_000;

const seenAt = (of: Names, query: Of<'seen'>, add: Add, nowMs: number): string => {
  const ms = momentMs(query.moment, nowMs);
  const step = new Date(Math.floor(ms / seenStepMs) * seenStepMs).toISOString();
  const is = query.when === 'before' ? '<' : '>';
  return seen(
    of,
    `p.seen_step ${is}= ${add(step)}::timestamptz
     AND p.last_seen_at ${is} ${add(new Date(ms).toISOString())}::timestamptz`,
  );
};

/** Tags of the same key under OR are one condition with more values: one look into the index. */
const joinTags = (parts: readonly Query[]): readonly Query[] => {
  const joined = new Map<string, Of<'tag'>>();
  const rest: Query[] = [];
  for (const part of parts) {
    if (part.kind !== 'tag') rest.push(part);
    else {
      const values = [...(joined.get(part.key)?.values ?? []), ...part.values];
      joined.set(part.key, { ...part, values });
    }
  }
  return [...joined.values(), ...rest];
};

export const sqlOfQuery = (of: Names, query: Query, add: Add, nowMs: number): string => {
  const sqlOf = (part: Query): string => sqlOfQuery(of, part, add, nowMs);
  switch (query.kind) {
    case 'and':
      return `(${query.parts.map(sqlOf).join(' AND ')})`;
    case 'or':
      return anyOf(joinTags(query.parts).map(sqlOf));
    case 'not':
      return `NOT (${sqlOf(query.part)})`;
    case 'tag':
      // A bare tag is a value of any key.
      return tagged(
        of,
        `t.key IN (${add(query.key)}, '') AND ${valuesIn('t.value', query.values, add)}`,
      );
    case 'tagged':
      return anyOf([
        tagged(of, `t.key = '' AND ${indexed('t.value', query.word, add)}`),
        tagged(of, `t.key <> '' AND ${indexed('t.key', query.word, add)}`),
      ]);
    case 'status':
      return statusIn(of, query.values, add);
    case 'text':
      return textIn(of, query, add);
    case 'present':
      return query.field === 'bundle' ? bundled(of, 'true') : seen(of, 'true');
    case 'seen':
      return seenAt(of, query, add, nowMs);
    case 'health':
      return healthIn(of, query, add);
    case 'score':
      return judged(of, `h.score ${query.when === 'below' ? '<' : '>'} ${add(query.score)}`);
  }
};
