/**
 * Conditional and partial requests for content that is named by its digest. Pure. The digest is
 * the entity tag, so a tag can't be wrong.
 */

export const entityTag = (digest: string): string => `"${digest}"`;

const tagsOf = (header: string): string[] =>
  header.split(',').map((tag) => tag.trim().replace(/^W\//, ''));

/** Whether If-None-Match says that the client has it. */
export const isUnchanged = (ifNoneMatch: string | undefined, digest: string): boolean =>
  ifNoneMatch !== undefined &&
  (ifNoneMatch.trim() === '*' || tagsOf(ifNoneMatch).includes(entityTag(digest)));

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
  content: { digest: string; sizeBytes: number },
): RangeAsked => {
  const match = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header?.trim() ?? '');
  if (match === null || (ifRange !== undefined && ifRange.trim() !== entityTag(content.digest))) {
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
