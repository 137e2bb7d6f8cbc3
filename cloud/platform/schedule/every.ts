/**
 * Work that is done again and again, every so often: never twice at once, a time that comes meanwhile is left
 * out, and what fails is told and done again at its next time. `stop` waits for what is at work.
 */
export const every = (
  ms: number,
  work: () => Promise<unknown>,
  failed: (error: unknown) => void,
): { stop: () => Promise<void> } => {
  let working: Promise<unknown> | null = null;
  const timer = setInterval(() => {
    working ??= work()
      .catch(failed)
      .finally(() => {
        working = null;
      });
  }, ms);
  return {
    stop: async () => {
      clearInterval(timer);
      await working;
    },
  };
};
