/**
 * Room to start in on a full disk: a file of zeros that is given up before the databases are opened,
 * since each needs a log and an index to be read at all. Made again when there is room for two; where
 * there never was, a start on a full disk fails and says so. What a running agent commits on a full
 * disk has room of its own (`reserveRoom`).
 */
import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  renameSync,
  rmSync,
  statfsSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';

/** The logs of both databases at their longest between two checkpoints, and their index. */
const spareBytes = 4 * 1024 * 1024;

const pathOf = (folder: string): string => join(folder, 'spare');
const freeBytes = (folder: string): number => {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize;
};

/** Before anything is opened; does nothing where there is room, or nothing to give up. */
export const giveUpSpare = (folder: string): void => {
  if (freeBytes(folder) < spareBytes) rmSync(pathOf(folder), { force: true });
};

/** Never takes the last of a disk: half of what is free stays free. */
export const keepSpare = (folder: string): void => {
  const path = pathOf(folder);
  if (existsSync(path) || freeBytes(folder) < 2 * spareBytes) return;
  const file = openSync(`${path}.new`, 'w', 0o600);
  try {
    writeSync(file, Buffer.alloc(spareBytes));
    // Only what reached the disk has a place on it.
    fsyncSync(file);
  } catch {
    rmSync(`${path}.new`, { force: true });
    return;
  } finally {
    closeSync(file);
  }
  renameSync(`${path}.new`, path);
};
