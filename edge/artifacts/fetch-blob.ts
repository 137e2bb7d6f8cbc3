/**
 * Getting one blob over HTTP into the store: continued with Range after a cut, tried again with
 * growing pauses while it makes no progress, given up at once when trying again can't help.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { FleetError } from '@signalbeam/sync/core/errors';
import { type Answer, httpAsk } from '../link/http-ask.ts';
import type { BlobStore } from './store.ts';
import type { BlobBytes, Expected } from './write-blob.ts';

/** Where blobs come from: the cloud over HTTPS now, peers of the site or a USB stick later. */
export type BlobSource = {
  open(digest: string, fromByte: number, signal: AbortSignal): Promise<BlobBytes>;
};

export type Patience = {
  /** Failures in a row without a single new byte. */
  attemptsMax: number;
  pauseMs: number;
  pauseMsMax: number;
  /** An attempt that gets no byte for this long is cut and continued. */
  stallMs: number;
  /** One that gets fewer bytes than this in each window is cut, however steadily it drips. */
  slow: { windowMs: number; bytesMin: number };
};

export const defaultPatience: Patience = {
  attemptsMax: 6,
  pauseMs: 500,
  pauseMsMax: 30_000,
  stallMs: 60_000,
  /** 110 B/s: the slowest of modems brings more. */
  slow: { windowMs: 600_000, bytesMin: 64 * 1024 },
};

type HttpBlob = {
  url: string;
  headers: Readonly<Record<string, string>>;
  digest: string;
  sizeBytes: number | null;
  store: BlobStore;
  signal?: AbortSignal;
  patience?: Patience;
};

export const fetchBlob = ({ url, headers, ...rest }: HttpBlob) =>
  fetchFrom({ ...rest, source: httpSource(() => ({ url, headers })) });

/** A source that asks `locate` for the URL and headers of each request (tokens are short-lived). */
export const httpSource = (
  locate: (digest: string) => { url: string; headers: Readonly<Record<string, string>> },
): BlobSource => ({
  open: async (digest, fromByte, signal) => {
    const { url, headers } = locate(digest);
    const reply = await httpAsk(new URL(url), {
      signal,
      headers: {
        ...headers,
        'accept-encoding': 'identity',
        ...(fromByte > 0 ? { range: `bytes=${fromByte}-` } : {}),
      },
    });
    if (!reply.ok || !reply.body) {
      await reply.body?.cancel();
      throw refusal(digest, reply);
    }
    return { fromByte: reply.status === 206 ? startOf(reply) : 0, chunks: reply.body };
  },
});

type Fetching = Expected & {
  source: BlobSource;
  store: BlobStore;
  signal?: AbortSignal | undefined;
  patience?: Patience | undefined;
};

export const fetchFrom = async ({
  source,
  store,
  signal,
  patience = defaultPatience,
  ...expected
}: Fetching): Promise<{ kind: 'stored' | 'present'; sizeBytes: number }> => {
  for (let failures = 1, reached = -1; ; failures += 1) {
    signal?.throwIfAborted();
    const watch = watchPace(expected.digest, patience, signal);
    let start = 0;
    try {
      return await store.put(
        expected,
        async (fromByte) => {
          const bytes = await source.open(expected.digest, fromByte, watch.signal);
          start = bytes.fromByte;
          return { fromByte: bytes.fromByte, chunks: watch.over(bytes.chunks) };
        },
        signal,
      );
    } catch (cause) {
      signal?.throwIfAborted();
      const now = start + watch.receivedBytes();
      if (now > reached && !isTooSlow(cause)) failures = 1;
      reached = Math.max(reached, now);
      if (isFinal(cause) || failures >= patience.attemptsMax)
        throw asFetchFailure(expected.digest, cause);
      const pauseMs = Math.min(patience.pauseMsMax, patience.pauseMs * 2 ** (failures - 1));
      // Devices of a site lose the same line at the same moment: they must not return as one.
      await sleep(pauseMs * (0.5 + Math.random() / 2), undefined, {
        ...(signal ? { signal } : {}),
      });
    } finally {
      watch.stop();
    }
  }
};

/** Cuts an attempt that has gone silent (every chunk starts that time anew), or that only drips. */
const watchPace = (digest: string, { stallMs, slow }: Patience, outer: AbortSignal | undefined) => {
  const own = new AbortController();
  const timer = setTimeout(() => own.abort(new Error(`silent for ${stallMs} ms`)), stallMs);
  const passOn = () => own.abort(outer?.reason);
  outer?.addEventListener('abort', passOn, { once: true });
  let received = 0;
  let window = { startedMs: performance.now(), bytes: 0 };
  return {
    signal: own.signal,
    receivedBytes: () => received,
    async *over(chunks: AsyncIterable<Uint8Array>) {
      for await (const chunk of chunks) {
        timer.refresh();
        received += chunk.length;
        window.bytes += chunk.length;
        const at = performance.now();
        if (at - window.startedMs >= slow.windowMs) {
          if (window.bytes < slow.bytesMin) throw tooSlow(digest, window.bytes, slow.windowMs);
          window = { startedMs: at, bytes: 0 };
        }
        yield chunk;
      }
    },
    stop: () => {
      clearTimeout(timer);
      outer?.removeEventListener('abort', passOn);
      own.abort();
    },
  };
};

/** Trying again brings the same: a refusal by the server, a disk without room, hostile bytes. */
const finalCodes: ReadonlySet<string> = new Set([
  'blob-not-found',
  'blob-refused',
  'blob-too-large',
  'blob-wrong-hash',
  'digest-invalid',
  'disk-floor',
  'disk-full',
]);
const isFinal = (cause: unknown): boolean =>
  cause instanceof FleetError && finalCodes.has(cause.code);

const isTooSlow = (cause: unknown): boolean =>
  cause instanceof FleetError && cause.code === 'blob-too-slow';

const tooSlow = (digest: string, bytes: number, windowMs: number): FleetError =>
  new FleetError(
    'blob-too-slow',
    `${digest} comes too slowly: ${bytes} bytes in ${Math.round(windowMs / 1_000)} s. What came is kept.`,
    { next: 'Check the uplink; if it is well, the source holds the download up.' },
  );

const asFetchFailure = (digest: string, cause: unknown): FleetError => {
  if (cause instanceof FleetError) return cause;
  return new FleetError(
    'blob-unreachable',
    `${digest} can't be downloaded now: the server does not answer. What came is kept.`,
    {
      cause,
      next: 'Check the uplink of the device; it is tried again by itself.',
    },
  );
};

const refusal = (digest: string, reply: Answer): FleetError => {
  const said = `${digest}: the server answered ${reply.status}`;
  if (reply.status === 404 || reply.status === 410) {
    return new FleetError('blob-not-found', `${said}, it does not have that blob.`, {
      next: 'Upload the image again; the bundle version names a blob that is gone.',
    });
  }
  if (reply.status === 401 || reply.status === 403) {
    return new FleetError('blob-refused', `${said}, this device may not have it.`, {
      next: 'Check that the device is approved and the bundle belongs to its tenant.',
    });
  }
  return new FleetError('blob-unreachable', `${said}. It is tried again.`);
};

const startOf = (reply: Answer): number =>
  Number(/^bytes (\d+)-/.exec(reply.headers.get('content-range') ?? '')?.[1] ?? '0');
