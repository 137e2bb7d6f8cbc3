/**
 * Conditional and partial requests for content whose entity tag is a hash of it, so that a tag can't be
 * wrong. Tags are given quoted, as they travel. Pure.
 */

const tagsOf = (header: string): string[] =>
  header.split(',').map((tag) => tag.trim().replace(/^W\//, ''));

/** Whether If-None-Match says that the client has it. */
export const isUnchanged = (ifNoneMatch: string | undefined, entityTag: string): boolean =>
  ifNoneMatch !== undefined &&
  (ifNoneMatch.trim() === '*' || tagsOf(ifNoneMatch).includes(entityTag));

export type RangeAsked =
  | { kind: 'whole' }
  | { kind: 'part'; start: number; end: number }
  | { kind: 'outside' };

/**
 * One range of bytes, as RFC 9110 reads it: anything else than a single well-formed range is no
 * range at all and gets the whole; one that begins behind the end is refused.
 */
export const rangeAsked = (
  header: string | undefined,
  ifRange: string | undefined,
  content: { entityTag: string; sizeBytes: number },
): RangeAsked => {
  const match = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header?.trim() ?? '');
  if (match === null || (ifRange !== undefined && ifRange.trim() !== content.entityTag)) {
    return { kind: 'whole' };
  }
  const [, from = '', to = ''] = match;
  if (from === '' && to === '') return { kind: 'whole' };
  const { sizeBytes } = content;
  if (from === '') {
    const lengthBytes = Math.min(Number(to), sizeBytes);
    return lengthBytes === 0
      ? { kind: 'outside' }
      : { kind: 'part', start: sizeBytes - lengthBytes, end: sizeBytes - 1 };
  }
  const start = Number(from);
  const end = to === '' ? sizeBytes - 1 : Math.min(Number(to), sizeBytes - 1);
  if (to !== '' && Number(to) < start) return { kind: 'whole' };
  return start >= sizeBytes ? { kind: 'outside' } : { kind: 'part', start, end };
};
