/** Tags as people write them, and what a change makes of them. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { changeTags, parseTag, printTag, type Tag, tagWordLengthMax } from './tag.ts';

const tagOf = (text: string): Tag => {
  const parsed = parseTag(text);
  if (parsed.kind === 'refused') throw new Error(parsed.reason);
  return parsed.tag;
};

describe('a tag', () => {
  test.each([
    ['prod', { key: '', value: 'prod' }],
    [' Environment=PRODUCTION ', { key: 'environment', value: 'production' }],
    ['fw=2.1.0-rc_1', { key: 'fw', value: '2.1.0-rc_1' }],
    ['4g', { key: '', value: '4g' }],
  ])('%s is read', (text, tag) => {
    expect(tagOf(text)).toEqual(tag);
  });

  test.each([
    '',
    '=',
    'environment=',
    '=production',
    'a=b=c',
    'a b',
    'ä',
    '-a',
    'a=*',
    "a='; DROP TABLE devices; --",
    '<b>',
    'a\u0000',
    'status=online',
    'lastSeen=1',
    'not',
    'x'.repeat(tagWordLengthMax + 1),
    `a=${'x'.repeat(tagWordLengthMax + 1)}`,
  ])('%j is refused in words', (text) => {
    const parsed = parseTag(text);
    expect(parsed.kind === 'refused' && parsed.reason.endsWith('.') ? 'refused' : parsed).toBe(
      'refused',
    );
  });

  test('is what its text says', () => {
    const word = fc.stringMatching(/^x[a-z0-9._-]{0,20}$/);
    fc.assert(
      fc.property(fc.oneof(fc.constant(''), word), word, (key, value) => {
        expect(tagOf(printTag({ key, value }))).toEqual({ key, value });
      }),
    );
  });
});

describe('a change', () => {
  const change = (tags: string[], set: string[], unset: string[]): string[] =>
    changeTags(tags.map(tagOf), { set: set.map(tagOf), unset: unset.map(tagOf) }).map(printTag);

  test.each<[string[], string[], string[], string[]]>([
    [['env=dev'], ['env=prod'], [], ['env=prod']],
    [['env=dev', 'env'], ['env=prod'], [], ['env', 'env=prod']],
    [['a', 'b'], ['c', 'a'], [], ['a', 'b', 'c']],
    [['ring', 'ring=canary', 'x'], [], ['ring'], ['x']],
    [['ring=late'], [], ['ring=canary'], ['ring=late']],
    [['ring=canary'], [], ['ring=canary'], []],
    [['a=1'], ['a=2'], ['a'], ['a=2']],
    [[], ['a=1', 'a=2'], [], ['a=2']],
  ])('of %j by +%j −%j gives %j', (tags, set, unset, after) => {
    expect(change(tags, set, unset)).toEqual(after);
    // Wishing the same twice changes nothing more.
    expect(change(after, set, unset)).toEqual(after);
  });
});
