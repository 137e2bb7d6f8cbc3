/**
 * Content-addressed blobs, named by their SHA-256. What is stored under a digest has that digest
 * and was whole when it became visible; a reader never sees half of one.
 */
import { FleetError } from '@signalbeam/sync/core/errors';

/** A range as bytes from `start` to `end`, both included, as HTTP counts. */
export type BlobRange = { start: number; end?: number };
export type BlobContent = {
  stream: ReadableStream<Uint8Array>;
  /** Size of the whole blob, whatever the range. */
  sizeBytes: number;
  range: { start: number; end: number };
};

export type Blobs = {
  /**
   * Stores what `source` yields if it has exactly this digest and size, else throws
   * `digest-mismatch` and keeps nothing. Storing what is there already reads nothing.
   */
  put: (digest: string, sizeBytes: number, source: AsyncIterable<Uint8Array>) => Promise<void>;
  /** Null when there is no such blob; throws `range-not-satisfiable` for a range outside of it. */
  get: (digest: string, range?: BlobRange) => Promise<BlobContent | null>;
  head: (digest: string) => Promise<{ sizeBytes: number } | null>;
  /**
   * An address at the storage itself from which anybody can read this one blob until then, and nothing
   * else; null where it answers nobody but us. Nothing takes it back, so it is made for a moment. Ranges and
   * entity tags are understood there. Asks nothing: whether there is such a blob is said there.
   */
  presigned: (digest: string, expiresAtMs: number) => Promise<string | null>;
  delete: (digest: string) => Promise<void>;
  /** Storing again what is there leaves the time at which it was stored. */
  list: () => AsyncIterable<{ digest: string; sizeBytes: number; storedAtMs: number }>;
};

const pattern = /^sha256:([0-9a-f]{64})$/;

/** The hex part of a digest. Anything else (`../`, upper case, another algorithm) is refused. */
export const digestHex = (digest: string): string => {
  const hex = pattern.exec(digest)?.[1];
  if (hex === undefined) {
    throw new FleetError('invalid-request', 'A digest is sha256: and 64 hexadecimal digits.');
  }
  return hex;
};

/** The bytes to serve for a range of a blob of this size. */
export const resolveRange = (
  range: BlobRange | undefined,
  sizeBytes: number,
): { start: number; end: number } => {
  const start = range?.start ?? 0;
  const end = Math.min(range?.end ?? sizeBytes - 1, sizeBytes - 1);
  const whole = range === undefined && sizeBytes === 0;
  if (!whole && (start < 0 || start >= sizeBytes || end < start)) {
    throw new FleetError('range-not-satisfiable', `The blob has ${sizeBytes} bytes.`);
  }
  return { start, end };
};
