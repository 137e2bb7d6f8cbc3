/**
 * A queue whose earliest entry comes out first, of those of one moment the one of the least turn, whatever the
 * order they went in. A binary heap; pure in what it gives.
 */
export type EarliestFirst<T> = {
  put: (atMs: number, value: T, turn?: number) => void;
  take: () => Entry<T> | null;
};
type Entry<T> = { atMs: number; turn: number; value: T };

export const earliestFirst = <T>(): EarliestFirst<T> => {
  const heap: Entry<T>[] = [];
  const isBefore = (one: number, other: number): boolean => {
    const [left, right] = [heap[one], heap[other]];
    if (left === undefined || right === undefined) return right === undefined && left !== undefined;
    return left.atMs < right.atMs || (left.atMs === right.atMs && left.turn < right.turn);
  };
  const swap = (one: number, other: number): void => {
    const [left, right] = [heap[one], heap[other]];
    if (left === undefined || right === undefined) return;
    heap[one] = right;
    heap[other] = left;
  };
  const rise = (from: number): void => {
    for (let index = from; index > 0; ) {
      const parent = (index - 1) >> 1;
      if (!isBefore(index, parent)) return;
      swap(parent, index);
      index = parent;
    }
  };
  const sink = (): void => {
    for (let index = 0; ; ) {
      const [left, right] = [2 * index + 1, 2 * index + 2];
      const least = isBefore(right, left) ? right : left;
      if (!isBefore(least, index)) return;
      swap(index, least);
      index = least;
    }
  };
  return {
    put: (atMs, value, turn = 0) => {
      heap.push({ atMs, turn, value });
      rise(heap.length - 1);
    },
    take: () => {
      const first = heap[0];
      const last = heap.pop();
      if (first === undefined || last === undefined) return null;
      if (heap.length > 0) {
        heap[0] = last;
        sink();
      }
      return first;
    },
  };
};
