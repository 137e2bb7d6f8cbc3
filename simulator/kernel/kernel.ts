/**
 * The loop of a simulation: virtual monotonic time, the queue of what is due, the trace. One event
 * at a time; what an event's promises set off runs before the next one, all microtasks of it, but only
 * after events that can have set something off. Turns of the real event loop cost ten times as much as
 * that and come now and then.
 */
import { cancelled, createEventQueue } from './queue.ts';
import { createRandom, type Random } from './random.ts';
import { createTrace, type Trace } from './trace.ts';

export type Kernel = {
  seed: number;
  now(): number;
  /** Gives what cancels it. */
  after(delayMs: number, run: () => void): () => void;
  /** Cheaper: gives a ticket, by which it can be cancelled. */
  later(delayMs: number, run: () => void): number;
  /** Nothing happens when it has run already. */
  cancel(ticket: number): void;
  random(stream: string): Random;
  trace: Trace;
  /** This event settled a promise: let what waits for it run before the next event. */
  settled(): void;
  /** The same, and promises that failed with nobody to catch them are reported before the next event. */
  turn(): void;
  events(): number;
  /** Until the queue is empty, `untilMs` is reached or `enough` says so. */
  run(untilMs: number, enough: () => boolean): Promise<void>;
};

/** A failed promise that nobody caught is reported at the latest after so many events. */
const eventsPerTurn = 64;

export const createKernel = (seed: number, options: { keepTrace: boolean }): Kernel => {
  const queue = createEventQueue();
  let now = 0;
  let events = 0;
  let owed = false;
  let turnIn = 0;
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
    cancel: queue.cancel,
    random: (stream) => createRandom(seed, stream),
    trace,
    settled: () => {
      owed = true;
    },
    turn: () => {
      owed = true;
      turnIn = 0;
    },
    events: () => events,
    run: (untilMs, enough) =>
      new Promise((resolve, reject) => {
        const go = guarded(reject, () => {
          while (!owed) {
            if (queue.nextAt() > untilMs || enough()) {
              if (!enough()) now = Math.max(now, untilMs);
              resolve();
              return;
            }
            now = queue.nextAt();
            const run = queue.pop();
            if (run === cancelled) continue;
            events += 1;
            run();
          }
          owed = false;
          turnIn -= 1;
          if (turnIn >= 0) return void settled.then(afterMicrotasks);
          turnIn = eventsPerTurn;
          setImmediate(go);
        });
        // A tick asked for in a microtask comes after the last microtask there is.
        const afterMicrotasks = (): void => process.nextTick(go);
        setImmediate(go);
      }),
  };
};

const settled = Promise.resolve();

const guarded = (failed: (cause: unknown) => void, work: () => void) => (): void => {
  try {
    work();
  } catch (cause) {
    failed(cause);
  }
};
