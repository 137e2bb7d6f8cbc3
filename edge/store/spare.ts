/**
 * Room to start in on a full disk: a file of zeros that is given up before the databases are opened,
 * since each needs a log and an index to be read at all. Made again when there is room for two; where
 * there never was, a start on a full disk fails and says so. What a running agent commits on a full
 * disk has room of its own (`reserveRoom`).
 */
import { existsSync, renameSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** The logs of both databases at their longest between two checkpoints, and their index. */
const spareBytes = 4 * 1024 * 1024;

const pathOf = (folder: string): string => join(folder, 'spare');
const unfinishedIn = (folder: string): string => join(folder, 'spare.new');
const dropUnfinished = (folder: string): void =>
  rmSync(unfinishedIn(folder), { force: true, recursive: true });
export const freeBytes = (folder: string): number => {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize;
};

/** Before anything is opened; does nothing where there is room, or nothing to give up. */
export const giveUpSpare = (folder: string): void => {
  // A power cut left it half-written: nobody's, and it takes room like any other.
  dropUnfinished(folder);
  if (freeBytes(folder) < spareBytes) rmSync(pathOf(folder), { force: true });
};

/** Never takes the last of a disk: half of what is free stays free. An agent goes on without. */
export const keepSpare = (folder: string): void => {
  const path = pathOf(folder);
  try {
    if (existsSync(path) || freeBytes(folder) < 2 * spareBytes) return;
    // Only what reached the disk has a place on it.
    writeFileSync(unfinishedIn(folder), Buffer.alloc(spareBytes), { mode: 0o600, flush: true });
    renameSync(unfinishedIn(folder), path);
  } catch {
    dropUnfinished(folder);
  }
};
