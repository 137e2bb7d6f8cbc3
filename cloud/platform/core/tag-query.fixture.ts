/** Queries of every kind, for property tests: over few enough words that devices match some. */
import fc from 'fast-check';
import { healthWords } from './health-level.ts';
import { type Moment, type Pattern, type Query, statuses } from './tag-query.ts';

const words = ['a', 'b', 'a-1', 'ab', 'x_y', '10', '1.2.0', 'plant-7', 'ü'];
const word = fc.constantFrom(...words);
const literal = fc.oneof(
  word,
  fc.constantFrom('a b', '"', '\\', '%', '_', 'not', "'; --", '*', '(', 'pump 3'),
);
const pattern: fc.Arbitrary<Pattern> = fc.oneof(
  literal.map((text) => [text]),
  fc.tuple(fc.constantFrom('', ...words), fc.constantFrom('', ...words)),
  fc.tuple(fc.constantFrom('', ...words), word, fc.constantFrom('', ...words)),
);
const patterns = fc.array(pattern, { minLength: 1, maxLength: 3 });
export const tagKeys = ['k', 'a', 'ab', 'key-2'];
export const queryWords = words;
const dayMs = 86_400_000;

const moment: fc.Arbitrary<Moment> = fc.oneof(
  fc.integer({ min: 1, max: 99_999 }).map((s) => ({ kind: 'ago' as const, ms: s * 1_000 })),
  fc
    .integer({ min: 0, max: 40_000 })
    .map((days) => ({ kind: 'at' as const, ms: days * dayMs + 1 })),
);

const leaf: fc.Arbitrary<Query> = fc.oneof(
  fc.record({
    kind: fc.constant('tag' as const),
    key: fc.constantFrom(...tagKeys),
    values: patterns,
  }),
  fc.record({
    kind: fc.constant('tagged' as const),
    word: fc.oneof(
      fc.constantFrom(...words).map((text) => [text]),
      fc.tuple(word, fc.constantFrom('', ...words)),
    ),
  }),
  fc.record({
    kind: fc.constant('status' as const),
    values: fc.array(fc.constantFrom(...statuses), { minLength: 1, maxLength: 3 }),
  }),
  fc.record({
    kind: fc.constant('text' as const),
    field: fc.constantFrom('name' as const, 'site' as const, 'bundle' as const, 'version' as const),
    values: patterns,
  }),
  fc.record({
    kind: fc.constant('present' as const),
    field: fc.constantFrom('bundle' as const, 'lastseen' as const),
  }),
  fc.record({
    kind: fc.constant('seen' as const),
    when: fc.constantFrom('before' as const, 'after' as const),
    moment,
  }),
  fc.record({
    kind: fc.constant('health' as const),
    levels: fc.array(fc.constantFrom(...healthWords), { minLength: 1, maxLength: 3 }),
  }),
  fc.record({
    kind: fc.constant('score' as const),
    when: fc.constantFrom('below' as const, 'above' as const),
    score: fc.integer({ min: 0, max: 100 }),
  }),
);

export const queries: fc.Arbitrary<Query> = fc.letrec<{ query: Query }>((tie) => ({
  query: fc.oneof(
    { maxDepth: 4, depthSize: 'small', withCrossShrink: true },
    leaf,
    fc.record({
      kind: fc.constantFrom('and' as const, 'or' as const),
      parts: fc.array(tie('query'), { minLength: 2, maxLength: 3 }),
    }),
    fc.record({ kind: fc.constant('not' as const), part: tie('query') }),
  ),
})).query;
