/**
 * What is due when: a binary heap over typed arrays, ordered by time and then by the order in which
 * events were put in, so that a run depends on nothing but its seed. Entries are closures.
 */
type Run = () => void;

export type EventQueue = {
  /** The ticket cancels it. */
  push(at: number, run: Run): number;
  cancel(ticket: number): void;
  /** The earliest entry's time; Infinity when there is none. */
  nextAt(): number;
  pop(): Run;
  size(): number;
};

const cancelled: Run = () => undefined;

/** Entries are slots in parallel arrays; `heap` holds slot numbers, `ticket` tells a slot's users apart. */
export const createEventQueue = (): EventQueue => {
  let capacity = 1_024;
  let times = new Float64Array(capacity);
  let orders = new Float64Array(capacity);
  let heap = new Int32Array(capacity);
  const runs: Run[] = [];
  const free: number[] = [];
  let used = 0;
  let length = 0;
  let order = 0;

  const grow = (): void => {
    capacity *= 2;
    const widen = <T extends Float64Array | Int32Array>(from: T, into: T): T => {
      into.set(from as never);
      return into;
    };
    times = widen(times, new Float64Array(capacity));
    orders = widen(orders, new Float64Array(capacity));
    heap = widen(heap, new Int32Array(capacity));
  };
  const before = (left: number, right: number): boolean => {
    const difference = (times[left] as number) - (times[right] as number);
    return difference < 0 || (difference === 0 && (orders[left] as number) < (orders[right] as number));
  };
  const up = (from: number): void => {
    let index = from;
    const slot = heap[index] as number;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = heap[parent] as number;
      if (!before(slot, above)) break;
      heap[index] = above;
      index = parent;
    }
    heap[index] = slot;
  };
  const down = (): void => {
    let index = 0;
    const slot = heap[0] as number;
    for (;;) {
      let child = index * 2 + 1;
      if (child >= length) break;
      if (child + 1 < length && before(heap[child + 1] as number, heap[child] as number)) child += 1;
      const below = heap[child] as number;
      if (!before(below, slot)) break;
      heap[index] = below;
      index = child;
    }
    heap[index] = slot;
  };

  return {
    push: (at, run) => {
      if (length === capacity) grow();
      const slot = free.pop() ?? used++;
      times[slot] = at;
      order += 1;
      orders[slot] = order;
      runs[slot] = run;
      heap[length] = slot;
      length += 1;
      up(length - 1);
      return slot + order * 4_194_304;
    },
    cancel: (ticket) => {
      const slot = ticket % 4_194_304;
      if (orders[slot] === (ticket - slot) / 4_194_304) runs[slot] = cancelled;
    },
    nextAt: () => (length === 0 ? Number.POSITIVE_INFINITY : (times[heap[0] as number] as number)),
    pop: () => {
      const slot = heap[0] as number;
      const run = runs[slot] as Run;
      runs[slot] = cancelled;
      orders[slot] = 0;
      free.push(slot);
      length -= 1;
      if (length > 0) {
        heap[0] = heap[length] as number;
        down();
      }
      return run;
    },
    size: () => length,
  };
};
