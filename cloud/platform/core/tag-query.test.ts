/**
 * The query language as people meet it: examples by hand, and as laws over all queries: what is
 * printed is read again, brackets and precedence agree, and every refusal names a place in the text.
 * Inventory §2 is the grammar's origin; its examples are here whole.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseTag, type Tag } from './tag.ts';
import { queries } from './tag-query.fixture.ts';
import { nestingMax, type Query, queryLengthMax, termsMax } from './tag-query.ts';
import { expectedAt, wordsAt } from './tag-query-expect.ts';
import { type DeviceFacts, fits, matchQuery } from './tag-query-match.ts';
import { parseQuery } from './tag-query-parse.ts';
import { printQuery } from './tag-query-print.ts';
import { momentOf, printMoment } from './tag-query-time.ts';

const nowMs = Date.parse('2026-11-27T12:00:00Z');
const read = (text: string): Query => {
  const parsed = parseQuery(text);
  if (parsed.kind === 'fault') throw new Error(`${text}: ${parsed.fault.message}`);
  return parsed.query;
};
const device = (tags: string[], more: Partial<DeviceFacts> = {}): DeviceFacts => ({
  registrationStatus: 'approved',
  presence: 'online',
  name: 'pump 3',
  site: 'plant-7',
  bundles: [
    { name: 'hello', version: '1.2.0' },
    { name: 'other', version: '2.0.0-rc' },
  ],
  lastSeenAtMs: nowMs - 60_000,
  healthScore: 55,
  ...more,
  tags: tags.map((text) => (parseTag(text) as { tag: Tag }).tag),
});
const matches = (text: string, facts: DeviceFacts): boolean => matchQuery(read(text), facts, nowMs);

test('a score that is not known is neither below nor above, and its health is unknown', () => {
  const silent = device([], { healthScore: null });
  expect(matches('health below 100 OR health above 0', silent)).toBe(false);
  expect(matches('health=unknown', silent)).toBe(true);
});

test.each(['health', 'health=ill', 'health below', 'health below 101', 'health above x'])(
  'refuses %j with what may stand there',
  (text) => {
    expect(parseQuery(text)).toMatchObject({ kind: 'fault' });
  },
);

describe('a condition', () => {
  const tagged = device(['environment=production', 'location=warehouse-12', 'canary', 'size=10']);
  test.each([
    ['environment=production', true],
    ['ENVIRONMENT = Production', true],
    ['environment=prod', false],
    ['environment=prod*', true],
    ['environment=*', true],
    ['environment=*tion', true],
    ['environment=*duct*', true],
    ['environment="prod*"', false],
    ['location=warehouse-*', true],
    ['ring=canary', true], // a bare tag is a value of any key
    ['ring=can*', true],
    ['health=degraded', true],
    ['health IN (healthy, critical)', false],
    ['health below 56', true],
    ['health below 55', false],
    ['health above 55', false],
    ['HEALTH ABOVE 54 AND canary', true],
    ['NOT health=unknown', true],
    ['environment!=production', false],
    ['environment!=dev', true],
    ['nosuch!=dev', true],
    ['NOT environment=dev', true],
    ['NOT NOT environment=production', true],
    ['environment in (dev, "production")', true],
    ['environment NOT IN (dev, production)', false],
    ['size=10', true],
    ['size=1*', true],
    ['size="10"', true],
    ['environment', true],
    ['canary', true],
    ['can*', true],
    ['nosuch', false],
    ['status=online', true],
    ['status=Approved', true],
    ['status in (offline, pending)', false],
    ['name="Pump 3"', true],
    ['name=pump*', true],
    ['site=plant-7', true],
    ['bundle=hello', true],
    ['bundle=hello@1.2.0', true],
    ['bundle=hello@2*', false],
    ['bundle', true],
    ['version=1.2.*', true],
    ['version=v*-beta', false],
    ['version=*-RC', true],
    ['lastSeen within 15m', true],
    ['lastSeen within 30s', false],
    ['lastSeen before 30s', true],
    ['lastSeen after 2026-11-27', true],
    ['lastseen before 2026-11-27T11:59:30Z', true],
    ['lastSeen', true],
    ['environment=x OR location=warehouse-12 AND nosuch', false],
    ['environment=production OR location=x AND nosuch', true],
    ['(environment=production OR location=x) AND nosuch', false],
    ['(environment=production OR environment=staging) AND location=warehouse-*', true],
    ['hardware=rpi4 OR hardware=rpi5', false],
    ['NOT nosuch AND canary', true],
    ['NOT (nosuch AND canary)', true],
  ])('%s → %s', (text, expected) => {
    expect(matches(text, tagged)).toBe(expected);
  });

  test('on a device that was never seen and has nothing', () => {
    const bare = device([], { presence: 'never', lastSeenAtMs: null, bundles: [] });
    for (const text of [
      'lastSeen',
      'lastSeen before 1s',
      'lastSeen within 9w',
      'bundle',
      'version=*',
    ]) {
      expect([text, matches(text, bare)]).toEqual([text, false]);
    }
    expect(matches('status=never AND NOT bundle', bare)).toBe(true);
  });

  test('binds NOT before AND before OR', () => {
    expect(read('a=one OR b=two AND c=three')).toEqual(read('a=one OR (b=two AND c=three)'));
    expect(read('NOT a AND b')).toEqual(read('(NOT a) AND b'));
    expect(read('NOT a OR b')).toEqual(read('(NOT a) OR b'));
    expect(read('a and b and c')).toEqual(read('a AND b AND c'));
  });
});

describe('a refusal', () => {
  test.each([
    ['', 0, 0, 'empty'],
    ['   ', 3, 3, 'empty'],
    ['environment=', 12, 12, 'value'],
    ['=production', 0, 1, 'condition'],
    ['(a=b', 4, 4, ')'],
    ['a=b)', 3, 4, 'not opened'],
    ['a=b AND', 7, 7, 'missing'],
    ['a OR', 4, 4, 'missing'],
    ['NOT', 3, 3, 'missing'],
    ['AND a', 0, 3, 'before AND'],
    ['()', 0, 1, 'between the brackets'],
    ['a=b c=d', 4, 5, 'AND or OR'],
    ['a=b;', 3, 4, 'stands in no query'],
    ["a='b'", 2, 3, 'Quote with "'],
    ['a="b', 2, 4, 'not closed'],
    ['a="\\n"', 3, 5, 'After \\'],
    ['!a', 0, 1, 'NOT'],
    ['a!=', 3, 3, 'value'],
    ['a in b', 5, 6, '( is expected'],
    ['a in (b', 7, 7, ')'],
    ['a in ()', 6, 7, 'value'],
    ['a not b', 6, 7, 'IN'],
    ['a=and', 2, 5, 'quotes'],
    ['a*=b', 0, 2, 'no *'],
    ['"a"=b', 0, 3, 'without quotes'],
    ['a=""', 2, 4, 'not empty'],
    ['status=up', 7, 9, 'one of pending'],
    ['status', 0, 6, 'Say which'],
    ['name', 0, 4, 'Every device has a name'],
    ['lastSeen=1', 8, 9, 'before, after or within'],
    ['lastSeen before', 15, 15, 'missing'],
    ['lastSeen before soon', 16, 20, 'A time is'],
    ['lastSeen before 2026-02-30', 16, 26, 'A time is'],
    ['lastSeen within 2026-01-01', 16, 26, 'A duration is'],
  ])('of %j points at %i to %i', (text, start, end, words) => {
    const parsed = parseQuery(text);
    expect(parsed).toMatchObject({ kind: 'fault', fault: { start, end } });
    expect(parsed.kind === 'fault' && parsed.fault.message).toContain(words);
  });

  test('holds the limits, and says them', () => {
    const deep = `${'('.repeat(nestingMax + 1)}a${')'.repeat(nestingMax + 1)}`;
    const many = Array.from({ length: termsMax + 1 }, (_, index) => `k${index}`).join(' OR ');
    const long = `a=${'x'.repeat(queryLengthMax)}`;
    for (const [text, limit] of [
      [deep, nestingMax],
      [`${'NOT '.repeat(nestingMax + 1)}a`, nestingMax],
      [many, termsMax],
      [long, queryLengthMax],
      [`a IN (${Array.from({ length: 60 }, () => 'b').join(',')})`, 50],
    ] as const) {
      const parsed = parseQuery(text);
      expect(parsed.kind === 'fault' && parsed.fault.message).toContain(String(limit));
    }
    expect(parseQuery(deep.slice(1, -1)).kind).toBe('query');
    expect(parseQuery(many.split(' OR ').slice(1).join(' OR ')).kind).toBe('query');
  });

  test('of any text whatever has words and a place inside it', () => {
    const pieces = fc.constantFrom(
      ...['a', 'b=c', '(', ')', 'AND', 'or', 'NOT', 'in', '=', '!=', ',', '"', '\\', "'", '*', ' '],
      ...['status', 'name', 'lastSeen', 'before', 'within', '15m', '😀', '\ud800', 'İ', '%', ';--'],
    );
    const texts = fc.oneof(
      fc.array(pieces, { maxLength: 12 }).map((parts) => parts.join(' ')),
      fc.array(pieces, { maxLength: 12 }).map((parts) => parts.join('')),
      fc.string({ unit: 'binary', maxLength: 40 }),
    );
    fc.assert(
      fc.property(texts, (text) => {
        const parsed = parseQuery(text);
        if (parsed.kind === 'query') return;
        const { message, start, end } = parsed.fault;
        expect(message).toMatch(/\S.*\.$/s);
        expect(start).toBeGreaterThanOrEqual(0);
        expect(end).toBeGreaterThanOrEqual(start);
        expect(end).toBeLessThanOrEqual(text.length);
      }),
      { numRuns: 300 },
    );
  });
});

describe('printing', () => {
  test('is undone by reading', () => {
    fc.assert(
      fc.property(queries, (query) => {
        const text = printQuery(query);
        fc.pre(text.length <= queryLengthMax);
        expect(parseQuery(text)).toEqual({ kind: 'query', query });
      }),
      { numRuns: 500 },
    );
  });

  test('keeps what was read, however it was written', () => {
    const texts = fc.array(
      fc.constantFrom(
        'a=b',
        'x IN (1, "y z")',
        'NOT',
        '(',
        ')',
        'AND',
        'OR',
        'a*',
        'n="İ*"',
        'n=İ*',
      ),
      { maxLength: 9 },
    );
    fc.assert(
      fc.property(texts, (parts) => {
        const parsed = parseQuery(parts.join(' '));
        if (parsed.kind === 'query') expect(read(printQuery(parsed.query))).toEqual(parsed.query);
      }),
      { numRuns: 2_000 },
    );
  });
});

test('a pattern fits as the same regular expression does', () => {
  const letters = fc.stringMatching(/^[ab]{0,6}$/);
  fc.assert(
    fc.property(
      letters,
      fc.array(fc.stringMatching(/^[ab]{0,2}$/), { minLength: 1, maxLength: 4 }),
      (text, pattern) => {
        expect(fits(text, pattern)).toBe(new RegExp(`^${pattern.join('.*')}$`).test(text));
      },
    ),
    { numRuns: 2_000 },
  );
});

test('the calendar is the one of Date', () => {
  const range = { min: Date.parse('0100-01-01'), max: Date.parse('9999-12-31T23:59:59.999Z') };
  fc.assert(
    fc.property(fc.integer(range), (ms) => {
      expect(momentOf(new Date(ms).toISOString())).toEqual({ kind: 'at', ms });
      expect(momentOf(printMoment({ kind: 'at', ms }))).toEqual({ kind: 'at', ms });
    }),
  );
});

describe('what may come next', () => {
  test.each([
    ['|', 'condition', '', ''],
    ['env|', 'condition', '', 'env'],
    ['en|vironment=x', 'condition', '', 'en'],
    ['environment |', 'comparison', 'environment', ''],
    ['environment=|', 'value', 'environment', ''],
    ['Environment=Pro|', 'value', 'environment', 'pro'],
    ['environment="pro|', 'value', 'environment', 'pro'],
    ['environment!=|', 'value', 'environment', ''],
    ['a in (b, |', 'value', 'a', ''],
    ['a in (b) |', 'chain', 'a', ''],
    ['a=b |', 'chain', 'a', ''],
    ['a=b an|', 'chain', 'a', 'an'],
    ['a=b AND |', 'condition', '', ''],
    ['a=b AND (NOT |', 'condition', '', ''],
    ['lastSeen |', 'comparison', 'lastseen', ''],
    ['lastSeen within |', 'moment', 'lastseen', ''],
    ['a=b; |', 'nothing', 'a', ''],
  ])('at the caret of %s', (marked, kind, key, prefix) => {
    const at = marked.indexOf('|');
    expect(expectedAt(marked.replace('|', ''), at)).toMatchObject({ kind, key, prefix });
  });

  test('is inside the text, wherever the caret is', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 30 }), fc.integer(), (text, at) => {
        const { start, end } = expectedAt(text, at);
        expect(0 <= start && start <= end && end <= text.length).toBe(true);
      }),
    );
  });

  test('offers words that can be completed', () => {
    const offered = (marked: string) =>
      wordsAt(expectedAt(marked.replace('|', ''), marked.indexOf('|'))).map(({ text }) => text);
    expect(offered('st|')).toEqual(['status']);
    expect(offered('a=b |')).toEqual(['AND', 'OR']);
    expect(offered('lastSeen w|')).toEqual(['within']);
  });
});
