import { describe, expect, it } from 'vitest';
import { isUnchanged, rangeAsked } from './conditional.ts';

const entityTag = `"sha256:${'a'.repeat(64)}"`;
const content = { entityTag, sizeBytes: 100 };

describe('If-None-Match', () => {
  it('knows its own tag among others, weak or strong, and the star', () => {
    expect(isUnchanged(entityTag, entityTag)).toBe(true);
    expect(isUnchanged(`"x", W/${entityTag}`, entityTag)).toBe(true);
    expect(isUnchanged('*', entityTag)).toBe(true);
    expect(isUnchanged('"x"', entityTag)).toBe(false);
    expect(isUnchanged(undefined, entityTag)).toBe(false);
  });
});

describe('Range', () => {
  it.each([
    ['bytes=0-9', { kind: 'part', start: 0, end: 9 }],
    ['bytes=90-', { kind: 'part', start: 90, end: 99 }],
    ['bytes=-10', { kind: 'part', start: 90, end: 99 }],
    ['bytes=-1000', { kind: 'part', start: 0, end: 99 }],
    ['bytes=50-1000', { kind: 'part', start: 50, end: 99 }],
    ['bytes=100-', { kind: 'outside' }],
    ['bytes=-0', { kind: 'outside' }],
    ['bytes=9-5', { kind: 'whole' }],
    ['bytes=0-1,5-6', { kind: 'whole' }],
    ['bytes=a-b', { kind: 'whole' }],
    ['items=0-1', { kind: 'whole' }],
    [undefined, { kind: 'whole' }],
  ])('%s', (header, asked) => {
    expect(rangeAsked(header, undefined, content)).toEqual(asked);
  });

  it('counts only for the content that If-Range names', () => {
    expect(rangeAsked('bytes=0-9', entityTag, content).kind).toBe('part');
    expect(rangeAsked('bytes=0-9', '"other"', content).kind).toBe('whole');
  });

  it('of nothing is outside', () => {
    expect(rangeAsked('bytes=0-', undefined, { entityTag, sizeBytes: 0 })).toEqual({
      kind: 'outside',
    });
  });
});
