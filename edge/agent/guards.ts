/**
 * Starts the guard (`guard.ts`, a process of its own) before the containers of a version are stopped
 * for those of the next, and calls it off once these run. Should the agent die in between, the guard
 * starts what was stopped. A guard that can't be had is noted; the update goes on without it.
 * Invariant: a guard that has an order is named in the folder, so the next agent waits for it.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { GuardLine, GuardOrder } from '../guard.ts';
import type { ReconcilerParts } from './parts.ts';

export type Guards = {
  /** Resolves once the guard listens; it takes the place of an earlier one of this bundle. */
  arm(bundleId: string, order: GuardOrder): Promise<void>;
  /** Said before the engine is asked, so that a stop that outlives the agent is waited for. */
  stopping(bundleId: string, containerId: string, graceMs: number): void;
  /** A container of the next version was made. */
  made(bundleId: string, containerId: string): void;
  done(bundleId: string): void;
  /** Resolves when no guard of an earlier agent is at work any more. */
  settled(): Promise<void>;
};

const readyMs = 5_000;
/** A start that is under way ends in this time; a guard that only waits for a stop is ended. */
const settleMs = 5_000;

/** Beside the bundle, or in the sources. */
const program = (): string =>
  ['guard.cjs', '../guard.ts']
    .map((name) => join(import.meta.dirname, name))
    .find((path) => existsSync(path)) ?? '';

export const createGuards = (folder: string, log: ReconcilerParts['log']): Guards => {
  const dir = join(folder, 'guards');
  const armed = new Map<string, ChildProcess>();
  const say = (bundleId: string, line: GuardLine): void => {
    armed.get(bundleId)?.stdin?.write(`${JSON.stringify(line)}\n`);
  };
  const done = (bundleId: string): void => {
    say(bundleId, { kind: 'done' });
    armed.delete(bundleId);
  };

  return {
    arm: async (bundleId, order) => {
      try {
        const child = spawnGuard(dir);
        child.once('exit', () => {
          if (armed.get(bundleId) === child) armed.delete(bundleId);
        });
        done(bundleId);
        armed.set(bundleId, child);
        say(bundleId, { kind: 'order', order });
        if (!(await listens(child))) throw new Error('it did not say that it listens');
      } catch (cause) {
        log('warn', 'No guard watches over this swap', { cause: String(cause) });
      }
    },
    stopping: (bundleId, id, graceMs) => say(bundleId, { kind: 'stopping', id, graceMs }),
    made: (bundleId, id) => say(bundleId, { kind: 'made', id }),
    done,
    settled: () => settle(dir),
  };
};

const spawnGuard = (dir: string): ChildProcess => {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const child = spawn(process.execPath, ['--max-semi-space-size=1', program(), dir], {
    stdio: ['pipe', 'pipe', 'ignore'],
    // A session of its own: a signal to the agent's group is none to the guard.
    detached: true,
    cwd: '/',
    env: { MALLOC_ARENA_MAX: '1' },
  });
  child.on('error', () => undefined);
  child.stdin?.on('error', () => undefined);
  child.unref();
  const { pid } = child;
  if (pid === undefined) throw new Error('it could not be started');
  // Before the order is written: a guard without one does nothing.
  writeFileSync(join(dir, String(pid)), '');
  child.once('exit', () => rmSync(join(dir, String(pid)), { force: true }));
  return child;
};

const listens = (child: ChildProcess): Promise<boolean> =>
  new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), readyMs);
    const end = (ready: boolean): void => {
      clearTimeout(timer);
      resolve(ready);
    };
    child.stdout?.once('data', () => end(true));
    child.once('exit', () => end(false));
  });

const settle = async (dir: string): Promise<void> => {
  for (const pid of pidsIn(dir)) {
    const killAt = Date.now() + settleMs;
    while (isGuard(pid, dir)) {
      if (Date.now() > killAt) end(pid);
      await sleep(20);
    }
    rmSync(join(dir, String(pid)), { force: true });
  }
};

const end = (pid: number): void => {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It ended by itself in the meantime.
  }
};

const pidsIn = (dir: string): number[] =>
  (existsSync(dir) ? readdirSync(dir) : []).map(Number).filter((pid) => Number.isSafeInteger(pid));

/** By its command line: a stranger who got the same pid is never waited for nor touched. */
const isGuard = (pid: number, dir: string): boolean => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes(dir);
  } catch {
    return false;
  }
};
