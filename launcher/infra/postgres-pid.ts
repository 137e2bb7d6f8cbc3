/**
 * What a killed Postgres leaves behind: a postmaster.pid whose number may since belong to another
 * process. Postgres itself trusts any live process of its own user, so a machine that runs two
 * would refuse to start; here the process must name this data folder.
 */
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { FleetError } from '@signalbeam/sync/core/errors';

const goodbyeMs = 15_000;

const servesFolder = (pid: number, dataDir: string): boolean => {
  if (process.platform !== 'linux') {
    try {
      process.kill(pid, 0);
      return true;
    } catch (error) {
      return error instanceof Error && 'code' in error && error.code === 'EPERM';
    }
  }
  const commandLine = `/proc/${pid}/cmdline`;
  if (!existsSync(commandLine)) return false;
  try {
    return readFileSync(commandLine, 'utf8').split('\0').includes(dataDir);
  } catch {
    return false;
  }
};

/** Waits for a server that is on its way out, then removes a file that names no server of ours. */
export const clearStalePid = async (dataDir: string): Promise<void> => {
  const file = join(dataDir, 'postmaster.pid');
  if (!existsSync(file)) return;
  const pid = Number.parseInt(readFileSync(file, 'utf8'), 10);
  const deadline = performance.now() + goodbyeMs;
  while (servesFolder(pid, dataDir)) {
    if (performance.now() > deadline) {
      throw new FleetError(
        'postgres-already-running',
        `Another Postgres (process ${pid}) uses ${dataDir}.`,
        { next: `Stop it (kill -INT ${pid}), then try again.` },
      );
    }
    await sleep(50);
  }
  rmSync(file, { force: true });
};
