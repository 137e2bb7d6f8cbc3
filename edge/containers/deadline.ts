/**
 * Every call to an engine ends: with its answer, with the caller's abort, or with `engine-timeout`.
 * A daemon that hangs (stopped, swapped out, its disk stuck) accepts connections and never answers,
 * so the deadline is ours and does not wait for the socket to notice.
 */
import { FleetError } from '@signalbeam/sync/core/errors';

export type Deadline = { what: string; timeoutMs: number; signal?: AbortSignal | undefined };

/** Runs `act` with a signal that aborts at the deadline or with the caller's own signal. */
export const withDeadline = async <T>(
  { what, timeoutMs, signal }: Deadline,
  act: (signal: AbortSignal) => Promise<T>,
): Promise<T> => {
  signal?.throwIfAborted();
  const own = new AbortController();
  const passOn = () => own.abort(signal?.reason);
  signal?.addEventListener('abort', passOn, { once: true });
  const timer = setTimeout(() => own.abort(timedOut(what, timeoutMs)), timeoutMs);
  try {
    return await untilAborted(own.signal, act(own.signal));
  } catch (cause) {
    // The library's own words for an abort say nothing: the reason does.
    throw own.signal.aborted ? own.signal.reason : cause;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', passOn);
  }
};

/** Settles with `work`, or rejects when the signal aborts even if `work` never notices. */
const untilAborted = <T>(signal: AbortSignal, work: Promise<T>): Promise<T> =>
  new Promise<T>((resolve, reject) => {
    const abort = () => reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });

const timedOut = (what: string, timeoutMs: number): FleetError =>
  new FleetError(
    'engine-timeout',
    `The container engine did not answer within ${timeoutMs / 1000} s: ${what}. It will be asked again.`,
    { next: 'If this goes on, restart the Docker or Podman service and look at its log.' },
  );
