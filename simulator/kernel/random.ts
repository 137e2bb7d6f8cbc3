/**
 * Chance from a seed: one independent stream for each concern, so that leaving one fault out does
 * not shift what all the others do (a failure shrinks without turning into another one). sfc32.
 */
export type Random = {
  /** From 0 up to 1. */
  next(): number;
  /** An integer from 0 up to `below`. */
  int(below: number): number;
  chance(probability: number): boolean;
  /** Waiting for something that comes every `meanMs` on average. */
  exponential(meanMs: number): number;
  between(from: number, to: number): number;
  pick<T>(items: readonly T[]): T;
};

/** FNV-1a over the name, then mixed with the seed (the finaliser of MurmurHash3). */
const seedOf = (seed: number, name: string, salt: number): number => {
  let hash = 2_166_136_261 ^ salt;
  for (let index = 0; index < name.length; index += 1) {
    hash = Math.imul(hash ^ name.charCodeAt(index), 16_777_619);
  }
  hash = Math.imul(hash ^ seed ^ (seed >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
};

export const createRandom = (seed: number, stream: string): Random => {
  let a = seedOf(seed, stream, 1);
  let b = seedOf(seed, stream, 2);
  let c = seedOf(seed, stream, 3);
  let counter = 1;
  const next = (): number => {
    const sum = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + sum;
    c |= 0;
    return (sum >>> 0) / 4_294_967_296;
  };
  for (let round = 0; round < 12; round += 1) next();
  const int = (below: number): number => Math.floor(next() * below);
  return {
    next,
    int,
    chance: (probability) => next() < probability,
    exponential: (meanMs) => -Math.log(1 - next()) * meanMs,
    between: (from, to) => from + next() * (to - from),
    pick: <T>(items: readonly T[]): T => {
      const item = items[int(items.length)];
      if (item === undefined) throw new Error('nothing to pick from');
      return item;
    },
  };
};
