/**
 * Whether the disk has room for a run: told before anything starts, because a database that meets
 * a full disk later says it less clearly. The decision is pure.
 */
import { mkdirSync, statfsSync } from 'node:fs';
import { FleetError } from '@signalbeam/sync/core/errors';

const MiB = 1024 * 1024;
/** A fresh database, its first log files, the hub and three agents take about 250 MB. */
const neededBytes = 400 * MiB;
/** Postgres may keep 2 GB of its log before it recycles; images come on top. */
const comfortableBytes = 4_096 * MiB;

export type Room = 'enough' | 'scarce' | 'none';

export const roomOf = (freeBytes: number): Room =>
  freeBytes < neededBytes ? 'none' : freeBytes < comfortableBytes ? 'scarce' : 'enough';

const shown = (bytes: number): string => `${Math.round(bytes / MiB)} MB`;

/** Throws when there is no room; returns a sentence when there is little. */
export const checkRoom = (folder: string): string | null => {
  mkdirSync(folder, { recursive: true });
  const { bavail, bsize } = statfsSync(folder);
  const freeBytes = bavail * bsize;
  const room = roomOf(freeBytes);
  const free = `The disk of ${folder} has ${shown(freeBytes)} free`;
  if (room === 'none') {
    throw new FleetError('disk-nearly-full', `${free}; nothing was started.`, {
      next: `Make room (at least ${shown(neededBytes)}), or set SIGNALBEAM_HOME to a folder on another disk.`,
    });
  }
  return room === 'scarce' ? `${free}: enough to start, little to go on for long.` : null;
};
