/**
 * A nats-server that an agent left behind when it was killed. It is recognised by the pid file and
 * by its command line, so that a stranger who got the same pid is never touched.
 */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LeafPaths } from './leaf-config.ts';

const graceMs = 3_000;

export const stopOrphan = async ({ pidFile, configFile }: LeafPaths): Promise<void> => {
  const pid = readPid(pidFile);
  if (pid === null || !isOurs(pid, configFile)) return;
  signal(pid, 'SIGTERM');
  for (let waitedMs = 0; waitedMs < graceMs; waitedMs += 50) {
    if (!isOurs(pid, configFile)) return;
    await sleep(50);
  }
  signal(pid, 'SIGKILL');
};

const readPid = (pidFile: string): number | null => {
  try {
    const pid = Number.parseInt(readFileSync(pidFile, 'utf8'), 10);
    return Number.isSafeInteger(pid) && pid > 1 ? pid : null;
  } catch {
    return null;
  }
};

const isOurs = (pid: number, configFile: string): boolean => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes(configFile);
  } catch {
    return false;
  }
};

const signal = (pid: number, name: NodeJS.Signals): void => {
  try {
    process.kill(pid, name);
  } catch {
    // It ended by itself in the meantime.
  }
};
