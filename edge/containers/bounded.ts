/**
 * Runs a job for each item with at most `width` under way: enough to hide an engine's latency,
 * too few to make a small device's daemon choke. Results keep the order of the items.
 */
export const forEachBounded = async <Item, Result>(
  items: readonly Item[],
  width: number,
  job: (item: Item) => Promise<Result>,
): Promise<Result[]> => {
  const results = new Array<Result>(items.length);
  const queue = items.entries();
  const worker = async () => {
    for (const [index, item] of queue) results[index] = await job(item);
  };
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, worker));
  return results;
};
