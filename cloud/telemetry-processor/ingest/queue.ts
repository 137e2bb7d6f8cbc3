/**
 * Messages between the broker's callback and the pipeline. `put` waits while the queue is full, so
 * that pulling stops when storing does: what is not pulled waits at the broker, never in the heap.
 */
export type Outlet<T> = {
  /** What is there, up to `max`; empty when nothing is. */
  take: (max: number) => T[];
  size: () => number;
  /** Resolves when something is there or the queue was closed. */
  filled: () => Promise<void>;
  close: () => void;
};
export type Queue<T> = Outlet<T> & {
  /** Undefined while there is room, otherwise resolves when there is room again. */
  put: (item: T) => Promise<void> | undefined;
};

export const createQueue = <T>(sizeMax: number): Queue<T> => {
  let items: T[] = [];
  let closed = false;
  let onFilled: (() => void)[] = [];
  let onRoom: (() => void)[] = [];
  const wake = (waiting: (() => void)[]): void => {
    for (const resolve of waiting) resolve();
  };
  return {
    put: (item) => {
      items.push(item);
      const filled = onFilled;
      onFilled = [];
      wake(filled);
      if (items.length < sizeMax || closed) return undefined;
      return new Promise((resolve) => {
        onRoom.push(resolve);
      });
    },
    take: (max) => {
      const taken = items.slice(0, max);
      items = items.slice(max);
      if (items.length < sizeMax) {
        const room = onRoom;
        onRoom = [];
        wake(room);
      }
      return taken;
    },
    size: () => items.length,
    filled: () =>
      items.length > 0 || closed
        ? Promise.resolve()
        : new Promise((resolve) => {
            onFilled.push(resolve);
          }),
    close: () => {
      closed = true;
      wake(onFilled);
      wake(onRoom);
    },
  };
};
