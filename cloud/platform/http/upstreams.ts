/**
 * The processes behind one name: takes turns among those that say they are ready, and tries another
 * where that can't do something twice: nothing was sent yet, or the method is safe. Looks at their
 * readiness while requests come, so there is no clock to stop. Keeps no state but who was ready.
 */
import { FleetError } from '@signalbeam/sync/core/errors';

const probeEveryMs = 1_000;
const probeMsMax = 3_000;
/** Nothing reached the other side: any request may go elsewhere. */
const neverSent = ['ECONNREFUSED', 'ENOTFOUND', 'EHOSTUNREACH', 'ENETUNREACH'];
const neverConnected = [...neverSent, 'UND_ERR_CONNECT_TIMEOUT', 'ETIMEDOUT'];
const safeMethods = ['GET', 'HEAD', 'OPTIONS'];

type Target = { url: string; ready: boolean };

export type Upstreams = {
  /** Sends by `attempt`, which is given the address of one of them; rejects when none answers. */
  send: (method: string, attempt: (url: string) => Promise<Response>) => Promise<Response>;
  /** Asks one that is ready. */
  ask: (path: string) => Promise<Response>;
};

const codeOf = (error: unknown): string => {
  const cause = error instanceof Error ? (error.cause ?? error) : error;
  return cause instanceof Error && 'code' in cause ? String(cause.code) : '';
};

/** Whether a request whose answer never began may be sent to another process. */
const mayGoElsewhere = (method: string, error: unknown): boolean =>
  safeMethods.includes(method) || neverConnected.includes(codeOf(error));

/** Whoever asked went away: says nothing of who was asked. */
const isBrokenOff = (error: unknown): boolean =>
  error instanceof Error && error.name === 'AbortError';

const isReady = async (url: string): Promise<boolean> => {
  try {
    const signal = AbortSignal.timeout(probeMsMax);
    const response = await fetch(new URL('/readyz', url), { signal });
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
};

export const createUpstreams = (urls: readonly string[], now: () => number): Upstreams => {
  const targets: Target[] = urls.map((url) => ({ url, ready: true }));
  let turn = 0;
  let probedAtMs = Number.NEGATIVE_INFINITY;
  let isProbing = false;
  const probe = (): void => {
    if (targets.length < 2 || isProbing || now() - probedAtMs < probeEveryMs) return;
    probedAtMs = now();
    isProbing = true;
    const looks = targets.map(async (target) => {
      target.ready = await isReady(target.url);
    });
    void Promise.all(looks).then(() => {
      isProbing = false;
    });
  };
  /** The ready ones first, each in its turn; the others after them, for readiness may be old news. */
  const inOrder = (): Target[] => {
    probe();
    turn += 1;
    const turned = targets.map((_, index) => targets[(index + turn) % targets.length] as Target);
    return turned.toSorted((a, b) => Number(b.ready) - Number(a.ready));
  };
  const send: Upstreams['send'] = async (method, attempt) => {
    let failure: unknown;
    for (const target of inOrder()) {
      try {
        return await attempt(target.url);
      } catch (error) {
        if (isBrokenOff(error)) throw error;
        failure = error;
        // Until a probe says otherwise; with one process there is nobody else to ask.
        target.ready = targets.length === 1;
        if (!mayGoElsewhere(method, error)) break;
      }
    }
    throw failure;
  };
  return {
    send,
    ask: (path) =>
      send('GET', async (url) => {
        const signal = AbortSignal.timeout(probeMsMax);
        const response = await fetch(new URL(path, url), { signal });
        if (response.ok) return response;
        await response.body?.cancel();
        throw new FleetError('service-unavailable', `${url} answers ${response.status}`);
      }),
  };
};
