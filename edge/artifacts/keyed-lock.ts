/** One act at a time for each key, in the order they came; other keys do not wait. */
export const createKeyedLock = () => {
  const tails = new Map<string, Promise<unknown>>();
  return {
    hold: async <T>(key: string, act: () => Promise<T>): Promise<T> => {
      const before = tails.get(key) ?? Promise.resolve();
      const turn = before.then(act, act);
      // The next in line waits for the end, whichever it is.
      const tail = turn.catch(() => undefined);
      tails.set(key, tail);
      try {
        return await turn;
      } finally {
        if (tails.get(key) === tail) tails.delete(key);
      }
    },
    isHeld: (key: string): boolean => tails.has(key),
  };
};
