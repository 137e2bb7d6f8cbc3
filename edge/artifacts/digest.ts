/**
 * A digest is the only name a blob has here, and it becomes a file name: so it is checked before it
 * touches a path, and nothing but `sha256:` with 64 lower-case hex digits passes.
 */
import { FleetError } from '@signalbeam/sync/core/errors';

const pattern = /^sha256:([0-9a-f]{64})$/;

export const isDigest = (text: string): boolean => pattern.test(text);

/** The hex part, or `digest-invalid`. */
export const hexOf = (digest: string): string => {
  const hex = pattern.exec(digest)?.[1];
  if (hex) return hex;
  throw new FleetError(
    'digest-invalid',
    `"${digest.slice(0, 100)}" is no sha256 digest; nothing was read or written.`,
    {
      next: 'Use sha256: and 64 lower-case hex digits.',
    },
  );
};
