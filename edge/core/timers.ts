/**
 * Waiting, as the agent's loops know it: given to them, so that they run under any clock. Each call
 * gives what cancels it; cancelling twice does no harm. Pure: only the shape is here.
 */
export type Timers = {
  /** Runs once. With `background` it does not keep the process alive. */
  after(delayMs: number, run: () => void, background?: 'background'): () => void;
  every(periodMs: number, run: () => void, background?: 'background'): () => void;
};
