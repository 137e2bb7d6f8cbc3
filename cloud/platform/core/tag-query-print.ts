/** A query as text again, in one way of writing. What is printed parses to the same query. */
import { isKeyword } from './tag.ts';
import type { Pattern, Query } from './tag-query.ts';
import { printDuration, printMoment } from './tag-query-time.ts';

const plain = /^[\p{L}\p{M}\p{N}_.:@/+-]+$/u;

const quoted = (text: string): string => `"${text.replace(/["\\]/g, (sign) => `\\${sign}`)}"`;

const printValue = (pattern: Pattern): string => {
  const isPlain = pattern.every((part) => part === '' || plain.test(part));
  const text = pattern.join('*');
  return isPlain && !isKeyword(text) && text !== '' ? text : quoted(pattern[0] ?? '');
};

/** A value that means exactly this text. */
export const printText = (text: string): string => printValue([text]);

const comparison = (name: string, values: readonly Pattern[]): string =>
  values.length === 1
    ? `${name}=${printValue(values[0] as Pattern)}`
    : `${name} IN (${values.map(printValue).join(', ')})`;

/** Brackets around what binds less than its place asks for. */
const inside = (query: Query, brackets: boolean): string =>
  brackets ? `(${printQuery(query)})` : printQuery(query);

const isChain = ({ kind }: Query): boolean => kind === 'and' || kind === 'or';

export const printQuery = (query: Query): string => {
  switch (query.kind) {
    case 'or':
      return query.parts.map((part) => inside(part, part.kind === 'or')).join(' OR ');
    case 'and':
      return query.parts.map((part) => inside(part, isChain(part))).join(' AND ');
    case 'not':
      return `NOT ${inside(query.part, isChain(query.part))}`;
    case 'tag':
      return comparison(query.key, query.values);
    case 'tagged':
      return query.word.join('*');
    case 'status':
      return comparison(
        'status',
        query.values.map((value) => [value]),
      );
    case 'text':
      return comparison(query.field, query.values);
    case 'present':
      return query.field === 'bundle' ? 'bundle' : 'lastSeen';
    case 'seen':
      return query.when === 'after' && query.moment.kind === 'ago'
        ? `lastSeen within ${printDuration(query.moment.ms)}`
        : `lastSeen ${query.when} ${printMoment(query.moment)}`;
    case 'health':
      return comparison(
        'health',
        query.levels.map((level) => [level]),
      );
    case 'score':
      return `health ${query.when} ${query.score}`;
  }
};
