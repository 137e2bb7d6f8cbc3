/**
 * How much a device fetches to have a version: the blobs of its images that no version which it is known
 * to have shares. What it is known to have comes from its reports and its earlier rollouts, so this is
 * reckoned, not measured; where nothing is known everything counts. Pure.
 */

/** What a version is made of. */
export type Weighed = {
  /** Bytes of each blob by its digest; of images that were uploaded here. */
  blobs: ReadonlyMap<string, number>;
  /** Images of other registries, whose size nobody here knows. */
  foreign: readonly string[];
  /** Some image is for several platforms, of which a device fetches its own. */
  severalPlatforms: boolean;
};

export const weightless: Weighed = { blobs: new Map(), foreign: [], severalPlatforms: false };

export type ToFetch = { bytes: number; foreignImages: number };

export const toFetch = (target: Weighed, had: readonly Weighed[]): ToFetch => {
  let bytes = 0;
  for (const [digest, size] of target.blobs)
    if (!had.some(({ blobs }) => blobs.has(digest))) bytes += size;
  const foreign = target.foreign.filter((image) => !had.some((one) => one.foreign.includes(image)));
  return { bytes, foreignImages: foreign.length };
};

export const nothingToFetch: ToFetch = { bytes: 0, foreignImages: 0 };
