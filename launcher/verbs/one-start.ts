/**
 * One `up` at a time on a work folder: a second one waits for the first instead of building and
 * starting the same things beside it. The lock names its process; one whose process is gone counts
 * for nothing.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { showStep } from '../machine/progress.ts';
import { workDir } from '../places.ts';
import { runsProgram } from '../supervisor/run-state.ts';

const lockFile = join(workDir, 'up.lock');

const claim = (): boolean => {
  mkdirSync(workDir, { recursive: true });
  try {
    writeFileSync(lockFile, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
};

const holder = (): number => {
  try {
    return Number(readFileSync(lockFile, 'utf8'));
  } catch {
    return Number.NaN;
  }
};

const isHeld = (): boolean => {
  const pid = holder();
  return Number.isInteger(pid) && pid > 0 && runsProgram(pid, 'launcher/main.ts');
};

const waitForLock = async (): Promise<void> => {
  while (!claim()) {
    if (!isHeld()) rmSync(lockFile, { force: true });
    else await sleep(100);
  }
};

export const oneStartAtATime = async <T>(work: () => Promise<T>): Promise<T> => {
  if (!claim()) await showStep('Waiting for another `up`', waitForLock);
  try {
    return await work();
  } finally {
    if (holder() === process.pid) rmSync(lockFile, { force: true });
  }
};
