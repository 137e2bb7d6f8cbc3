/**
 * The space that the device must keep free, whatever is fetched: its databases, logs and the
 * containers' own data live on the same disk.
 */
import { statfs } from 'node:fs/promises';
import { FleetError } from '@signalbeam/sync/core/errors';

export type Floor = { folder: string; floorBytes: number };

export const freeBytes = async (folder: string): Promise<number> => {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
};

/** Refuses with `disk-floor` when `addBytes` more would leave less than the floor. */
export const assertAboveFloor = async (
  { folder, floorBytes }: Floor,
  addBytes: number,
): Promise<void> => {
  const free = await freeBytes(folder);
  if (free - addBytes >= floorBytes) return;
  throw new FleetError(
    'disk-floor',
    `Not downloaded: ${megabytes(addBytes)} more would leave ${megabytes(free - addBytes)} free, below the floor of ${megabytes(floorBytes)}.`,
    { next: 'Free space on the device; the download goes on by itself then.' },
  );
};

/** A disk that fills while we write says so by code. */
export const asDiskFailure = (cause: unknown): unknown => {
  const code = cause instanceof Error && 'code' in cause ? cause.code : '';
  if (code !== 'ENOSPC' && code !== 'EDQUOT') return cause;
  return new FleetError('disk-full', 'The disk is full; the unfinished download was deleted.', {
    cause,
    next: 'Free space on the device; the download starts again by itself then.',
  });
};

const megabytes = (bytes: number): string => `${Math.round(bytes / 1e6)} MB`;
