/**
 * The running hash of lanes, remembered: a line is hashed by the device that wrote it and again at
 * each replica that takes it, and both are the same objects here. Never another answer than the
 * real one's.
 */
import { extendChain } from '@signalbeam/sync/wire/chain';

/** Lines that are on their way at any time. More of them would not fit where memory is fast. */
const rememberedMax = 2_000;

export const createChain = (): typeof extendChain => {
  // By the hash before: that is short, and a line is mostly the very object that was hashed.
  let known = new Map<string, { line: string; hash: string }>();
  return (before, line) => {
    const found = known.get(before);
    if (found !== undefined && found.line === line) return found.hash;
    const hash = extendChain(before, line);
    if (known.size >= rememberedMax) known = new Map();
    known.set(before, { line, hash });
    return hash;
  };
};
