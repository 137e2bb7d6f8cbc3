/**
 * How an archive is cut for its upload: parts of one size and a last one of what is left. Both ends cut
 * alike, so a part is named by its place. Pure.
 */
import { uploadPartBytes } from '@signalbeam/sync/core/limits';

export const partCount = (sizeBytes: number): number => Math.ceil(sizeBytes / uploadPartBytes);

/** Null where there is no such part. */
export const partSizeOf = (sizeBytes: number, index: number): number | null => {
  if (!Number.isInteger(index) || index < 0 || index >= partCount(sizeBytes)) return null;
  return Math.min(uploadPartBytes, sizeBytes - index * uploadPartBytes);
};

/** For a sentence: the first few places. */
export const placesText = (places: readonly number[]): string => {
  const shown = places.slice(0, 10).join(', ');
  return places.length > 10 ? `${shown} and ${places.length - 10} more` : shown;
};
