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
};

export const cancelled: Run = () => undefined;

/** Slots in parallel arrays; `heap` holds slot numbers, ordered by time and then by order. */
type Slots = {
  capacity: number;
  length: number;
  times: Float64Array;
  orders: Float64Array;
  heap: Int32Array;
};

const grow = (slots: Slots): void => {
  const { times, orders, heap } = slots;
  slots.capacity *= 2;
  slots.times = new Float64Array(slots.capacity);
  slots.times.set(times);
  slots.orders = new Float64Array(slots.capacity);
  slots.orders.set(orders);
  slots.heap = new Int32Array(slots.capacity);
  slots.heap.set(heap);
};

const before = ({ times, orders }: Slots, left: number, right: number): boolean => {
  const difference = (times[left] as number) - (times[right] as number);
  return (
    difference < 0 || (difference === 0 && (orders[left] as number) < (orders[right] as number))
  );
};

const siftUp = (slots: Slots): void => {
  const { heap } = slots;
  let index = slots.length - 1;
  const slot = heap[index] as number;
  while (index > 0) {
    const parent = (index - 1) >> 1;
    const above = heap[parent] as number;
    if (!before(slots, slot, above)) break;
    heap[index] = above;
    index = parent;
  }
  heap[index] = slot;
};

const siftDown = (slots: Slots): void => {
  const { heap, length } = slots;
  let index = 0;
  const slot = heap[0] as number;
  for (;;) {
    let child = index * 2 + 1;
    if (child >= length) break;
    if (child + 1 < length && before(slots, heap[child + 1] as number, heap[child] as number)) {
      child += 1;
    }
    const below = heap[child] as number;
    if (!before(slots, below, slot)) break;
    heap[index] = below;
    index = child;
  }
  heap[index] = slot;
};

/** A ticket is an order and a slot in one number. */
const slotsMax = 4_194_304;

export const createEventQueue = (): EventQueue => {
  const slots: Slots = {
    capacity: 1_024,
    length: 0,
    times: new Float64Array(1_024),
    orders: new Float64Array(1_024),
    heap: new Int32Array(1_024),
  };
  const runs: Run[] = [];
  const free: number[] = [];
  let used = 0;
  let order = 0;
  const take = (): number => {
    const slot = free.pop();
    if (slot !== undefined) return slot;
    used += 1;
    return used - 1;
  };
  return {
    push: (at, run) => {
      if (slots.length === slots.capacity) grow(slots);
      const slot = take();
      order += 1;
      slots.times[slot] = at;
      slots.orders[slot] = order;
      runs[slot] = run;
      slots.heap[slots.length] = slot;
      slots.length += 1;
      siftUp(slots);
      return slot + order * slotsMax;
    },
    cancel: (ticket) => {
      const slot = ticket % slotsMax;
      if (slots.orders[slot] === (ticket - slot) / slotsMax) runs[slot] = cancelled;
    },
    nextAt: () =>
      slots.length === 0
        ? Number.POSITIVE_INFINITY
        : (slots.times[slots.heap[0] as number] as number),
    pop: () => {
      const slot = slots.heap[0] as number;
      const run = runs[slot] as Run;
      runs[slot] = cancelled;
      slots.orders[slot] = 0;
      free.push(slot);
      slots.length -= 1;
      if (slots.length > 0) {
        slots.heap[0] = slots.heap[slots.length] as number;
        siftDown(slots);
      }
      return run;
    },
  };
};
