/**
 * The loop of a simulation: virtual monotonic time, the queue of what is due, the trace. One event
 * at a time; what an event's promises set off runs before the next one (a turn of the real event
 * loop), but only after events that can have set something off, because turns cost more than events.
 */
import { cancelled, createEventQueue } from './queue.ts';
import { createRandom, type Random } from './random.ts';
import { createTrace, type Trace } from './trace.ts';

export type Kernel = {
  seed: number;
  now(): number;
  /** Gives what cancels it. */
  after(delayMs: number, run: () => void): () => void;
  /** Cheaper, for what nobody cancels. */
  later(delayMs: number, run: () => void): void;
  random(stream: string): Random;
  trace: Trace;
  /** This event settled a promise: let what waits for it run before the next event. */
  settled(): void;
  events(): number;
  /** Until the queue is empty, `untilMs` is reached or `enough` says so. */
  run(untilMs: number, enough: () => boolean): Promise<void>;
};

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

export const createKernel = (seed: number, options: { keepTrace: boolean }): Kernel => {
  const queue = createEventQueue();
  let now = 0;
  let events = 0;
  let owed = false;
  const trace = createTrace({ now: () => now, keep: options.keepTrace });
  const push = (delayMs: number, run: () => void): number =>
    queue.push(now + Math.max(0, delayMs), run);
  return {
    seed,
    now: () => now,
    after: (delayMs, run) => {
      const ticket = push(delayMs, run);
      return () => queue.cancel(ticket);
    },
    later: push,
    random: (stream) => createRandom(seed, stream),
    trace,
    settled: () => {
      owed = true;
    },
    events: () => events,
    run: async (untilMs, enough) => {
      if (owed) await turn();
      owed = false;
      while (queue.nextAt() <= untilMs && !enough()) {
        now = queue.nextAt();
        const run = queue.pop();
        if (run === cancelled) continue;
        events += 1;
        run();
        if (!owed) continue;
        owed = false;
        await turn();
      }
      if (queue.nextAt() > untilMs && !enough()) now = Math.max(now, untilMs);
    },
  };
};
