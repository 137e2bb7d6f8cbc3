/**
 * Sends one request: with the caller's credential, a deadline, another attempt where that is safe,
 * and once more after the credential was renewed. Gives the answer or throws `UnreachableError`.
 */
import { retryAfterMsOf, UnreachableError } from './problem.ts';
import { retryDelayMs } from './retry.ts';

export type SendOptions = {
  /** The bearer token of the next request; null sends none. */
  token?: () => string | null | Promise<string | null>;
  /**
   * Called once when the cloud takes the token no longer (401), however many requests meet that at
   * the same time. True when `token` gives another now: they are sent once more.
   */
  refresh?: () => Promise<boolean>;
  /** Attempts of one request, the first included; 3 if nothing is said. */
  attemptsMax?: number;
  /** Of one attempt; 30 s if nothing is said. Uploads have none, nor has what is followed live. */
  timeoutMs?: number;
  fetch?: (request: Request) => Promise<Response>;
};

const streamType = 'application/octet-stream';
const liveType = 'text/event-stream';

const reasonOf = (error: unknown): string => {
  const cause = error instanceof Error ? error.cause : undefined;
  const inner = cause instanceof Error && cause.message !== '' ? cause : error;
  if (inner instanceof Error && inner.name === 'TimeoutError') return 'it did not answer in time';
  return inner instanceof Error ? inner.message : String(inner);
};

const wait = (delayMs: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve, reject) => {
    const stop = (): void => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', stop);
      resolve();
    }, delayMs);
    signal.addEventListener('abort', stop, { once: true });
  });

export const createSend = (options: SendOptions) => {
  const { token, refresh, attemptsMax = 3, timeoutMs = 30_000 } = options;
  const fetching = options.fetch ?? ((request: Request) => fetch(request));
  let refreshing: Promise<boolean> | undefined;

  const attempt = async (request: Request, streamed: boolean): Promise<Response> => {
    const isLive = request.headers.get('accept') === liveType;
    const deadline = streamed || isLive ? [] : [AbortSignal.timeout(timeoutMs)];
    const signal = AbortSignal.any([request.signal, ...deadline]);
    const once = new Request(streamed ? request : request.clone(), { signal });
    const bearer = (await token?.()) ?? null;
    if (bearer !== null) once.headers.set('authorization', `Bearer ${bearer}`);
    return fetching(once);
  };

  const tryOften = async (request: Request): Promise<Response> => {
    const streamed = request.headers.get('content-type') === streamType;
    const repeatable =
      ['GET', 'HEAD'].includes(request.method) || request.headers.has('idempotency-key');
    for (let count = 1; ; count += 1) {
      const tried = { attempt: count, attemptsMax, repeatable, streamed };
      let response: Response | undefined;
      let failure: unknown;
      try {
        response = await attempt(request, streamed);
      } catch (error) {
        if (request.signal.aborted) throw error;
        failure = error;
      }
      const outcome =
        response === undefined
          ? ({ kind: 'no-answer' } as const)
          : {
              kind: 'answer' as const,
              status: response.status,
              retryAfterMs: retryAfterMsOf(response.headers, Date.now()),
            };
      const delayMs = retryDelayMs({ ...tried, outcome }, Math.random());
      if (delayMs === null) {
        if (response !== undefined) return response;
        throw new UnreachableError(new URL(request.url).origin, reasonOf(failure), failure);
      }
      await response?.body?.cancel();
      await wait(delayMs, request.signal);
    }
  };

  return async (request: Request): Promise<Response> => {
    const again = refresh === undefined ? null : request.clone();
    const response = await tryOften(request);
    if (response.status !== 401 || again === null || refresh === undefined) return response;
    refreshing ??= refresh().finally(() => {
      refreshing = undefined;
    });
    if (!(await refreshing)) return response;
    await response.body?.cancel();
    return tryOften(again);
  };
};
