/** How many changes were asked for and not answered yet, and when there is none left. One count for the page. */
let underWay = 0;
let waiting: (() => void)[] = [];

const ended = (): void => {
  underWay -= 1;
  if (underWay > 0) return;
  const all = waiting;
  waiting = [];
  for (const run of all) run();
};

export const countWrite = async <T>(write: Promise<T>): Promise<T> => {
  underWay += 1;
  try {
    return await write;
  } finally {
    ended();
  }
};

/** Once nothing is under way; at once where nothing is. */
export const whenWritten = (): Promise<void> =>
  underWay === 0 ? Promise.resolve() : new Promise((resolve) => waiting.push(resolve));
