/**
 * The running hash of lanes, remembered: a line is hashed by the device that wrote it and again at
 * each replica that takes it, and both are the same objects here. Never another answer than the
 * real one's.
 */
import { extendChain } from '@signalbeam/sync/wire/chain';

/** Lines that are on their way at any time. More of them would not fit where memory is fast. */
const rememberedMax = 2_000;

export const createChain = (): typeof extendChain => {
  let known = new Map<string, { before: string; hash: string }>();
  return (before, line) => {
    const found = known.get(line);
    if (found !== undefined && found.before === before) return found.hash;
    const hash = extendChain(before, line);
    if (known.size >= rememberedMax) known = new Map();
    known.set(line, { before, hash });
    return hash;
  };
};
