/**
 * Whether one device answers a query, in memory: what the words of the language mean. Postgres
 * answers the same for all devices (platform/postgres/tag-query-sql.ts).
 */
import { levelOf } from './health-level.ts';
import type { Tag } from './tag.ts';
import { momentMs, type Pattern, type Query, type Status, type TextField } from './tag-query.ts';

export type DeviceFacts = {
  registrationStatus: 'pending' | 'approved' | 'rejected';
  presence: 'online' | 'offline' | 'never';
  /** In lower case, as the database has it. */
  name: string;
  site: string;
  tags: readonly Tag[];
  bundles: readonly { name: string; version: string }[];
  lastSeenAtMs: number | null;
  /** Null: nothing is known of how it is. */
  healthScore: number | null;
};

/** The parts one after another, the first at the start and the last at the end. */
export const fits = (text: string, pattern: Pattern): boolean => {
  const [first = '', ...rest] = pattern;
  if (rest.length === 0) return text === first;
  const last = rest.pop() ?? '';
  if (!text.startsWith(first)) return false;
  let at = first.length;
  for (const part of rest) {
    const found = text.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return text.length - last.length >= at && text.endsWith(last);
};

const fitsAny = (text: string, patterns: readonly Pattern[]): boolean =>
  patterns.some((pattern) => fits(text, pattern));

/** A bundle is asked for by its name, or by `name@version` for both of one bundle. */
const textsOf = (facts: DeviceFacts, field: TextField): string[] => {
  switch (field) {
    case 'name':
      return [facts.name];
    case 'site':
      return [facts.site];
    case 'bundle':
      return facts.bundles.flatMap(({ name, version }) => [name, `${name}@${version}`]);
    case 'version':
      return facts.bundles.map(({ version }) => version);
  }
};

const hasStatus = (facts: DeviceFacts, values: readonly Status[]): boolean =>
  values.includes(facts.registrationStatus) || values.includes(facts.presence);

export const matchQuery = (query: Query, facts: DeviceFacts, nowMs: number): boolean => {
  switch (query.kind) {
    case 'and':
      return query.parts.every((part) => matchQuery(part, facts, nowMs));
    case 'or':
      return query.parts.some((part) => matchQuery(part, facts, nowMs));
    case 'not':
      return !matchQuery(query.part, facts, nowMs);
    case 'tag':
      return facts.tags.some(
        ({ key, value }) => (key === query.key || key === '') && fitsAny(value, query.values),
      );
    case 'tagged':
      return facts.tags.some(({ key, value }) => fits(key === '' ? value : key, query.word));
    case 'status':
      return hasStatus(facts, query.values);
    case 'text':
      return textsOf(facts, query.field).some((text) => fitsAny(text, query.values));
    case 'present':
      return query.field === 'bundle' ? facts.bundles.length > 0 : facts.lastSeenAtMs !== null;
    case 'seen': {
      if (facts.lastSeenAtMs === null) return false;
      const limit = momentMs(query.moment, nowMs);
      return query.when === 'before' ? facts.lastSeenAtMs < limit : facts.lastSeenAtMs > limit;
    }
    case 'health':
      return query.levels.includes(levelOf(facts.healthScore));
    case 'score':
      if (facts.healthScore === null) return false;
      return query.when === 'below'
        ? facts.healthScore < query.score
        : facts.healthScore > query.score;
  }
};
