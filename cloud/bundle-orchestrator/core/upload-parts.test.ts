/** Parts cover an archive exactly once, whatever its size. */
import { artifactBytesMax, uploadPartBytes } from '@signalbeam/sync/core/limits';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { partCount, partSizeOf, placesText } from './upload-parts.ts';

it('every byte is in one part, and none is empty or too large', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: artifactBytesMax }), (sizeBytes) => {
      const count = partCount(sizeBytes);
      const sizes = Array.from({ length: count }, (_, index) => partSizeOf(sizeBytes, index) ?? 0);
      expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(sizeBytes);
      expect(sizes.every((size) => size > 0 && size <= uploadPartBytes)).toBe(true);
      expect(partSizeOf(sizeBytes, count)).toBeNull();
      expect(partSizeOf(sizeBytes, -1)).toBeNull();
      expect(partSizeOf(sizeBytes, 0.5)).toBeNull();
    }),
  );
  expect(partCount(artifactBytesMax)).toBe(256);
});

it('a sentence names ten places at most', () => {
  expect(placesText([3])).toBe('3');
  expect(placesText(Array.from({ length: 12 }, (_, index) => index))).toMatch(/ 9 and 2 more$/);
});
