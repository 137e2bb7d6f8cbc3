/**
 * One way to run a server of the machine: its output goes to a file, it dies with this process
 * where the kernel can see to that (Linux, through setpriv), and a start that fails says why with
 * the last lines of the log. Not a supervisor: nothing is restarted here.
 */
import { spawn } from 'node:child_process';
import { closeSync, existsSync, fstatSync, mkdirSync, openSync, readSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { FleetError } from '@signalbeam/sync/core/errors';

type Exit = { code: number | null; signal: NodeJS.Signals | null };

export type Child = {
  name: string;
  pid: number;
  logFile: string;
  /** Size of the log file when the child started: what comes after is its own. */
  logOffset: number;
  exited: Promise<Exit>;
  /** Null while it runs. */
  exit: () => Exit | null;
  kill: (signal: NodeJS.Signals) => void;
  /** Asks, waits, then kills. Returns when the process is gone. */
  stop: (options?: { signal?: NodeJS.Signals; graceMs?: number }) => Promise<void>;
};

export type ChildOptions = {
  name: string;
  command: string;
  args: readonly string[];
  logFile: string;
  cwd?: string;
  env?: Readonly<Record<string, string | undefined>>;
  user?: { uid: number; gid: number };
  /** What the kernel sends the child when this process dies, however it dies. */
  deathSignal?: 'TERM' | 'INT' | 'KILL';
};

const setpriv = ['/usr/bin/setpriv', '/bin/setpriv'].find((path) => existsSync(path));
const stopGraceMs = 10_000;
const logTailBytes = 4_000;

/** setpriv must set the death signal after the user: a change of user clears it. */
const commandLine = (options: ChildOptions): { command: string; args: string[] } => {
  if (process.platform !== 'linux' || setpriv === undefined) {
    return { command: options.command, args: [...options.args] };
  }
  const user =
    options.user === undefined
      ? []
      : [`--reuid=${options.user.uid}`, `--regid=${options.user.gid}`, '--clear-groups'];
  const death = `--pdeathsig=${options.deathSignal ?? 'TERM'}`;
  return { command: setpriv, args: [...user, death, options.command, ...options.args] };
};

export const startChild = (options: ChildOptions): Child => {
  mkdirSync(dirname(options.logFile), { recursive: true });
  const log = openSync(options.logFile, 'a', 0o600);
  const logOffset = fstatSync(log).size;
  const { command, args } = commandLine(options);
  const process_ = spawn(command, args, {
    stdio: ['ignore', log, log],
    cwd: options.cwd,
    env: options.env,
    ...(command === setpriv ? {} : options.user),
  });
  closeSync(log);
  let exit: Exit | null = null;
  const exited = new Promise<Exit>((resolve) => {
    process_.once('error', () => {
      exit ??= { code: 127, signal: null };
      resolve(exit);
    });
    process_.once('exit', (code, signal) => {
      exit ??= { code, signal };
      resolve(exit);
    });
  });
  const kill = (signal: NodeJS.Signals) => {
    if (exit === null) process_.kill(signal);
  };
  return {
    name: options.name,
    pid: process_.pid ?? -1,
    logFile: options.logFile,
    logOffset,
    exited,
    exit: () => exit,
    kill,
    stop: async ({ signal = 'SIGTERM', graceMs = stopGraceMs } = {}) => {
      kill(signal);
      const gone = await Promise.race([exited, sleep(graceMs, undefined, { ref: false })]);
      if (gone === undefined) kill('SIGKILL');
      await exited;
    },
  };
};

/** The last lines of a log file, for error messages. */
export const logTail = (file: string, lines = 12, fromOffset = 0): string => {
  if (!existsSync(file)) return '';
  const descriptor = openSync(file, 'r');
  const { size } = fstatSync(descriptor);
  const buffer = Buffer.alloc(Math.max(0, Math.min(size - fromOffset, logTailBytes)));
  readSync(descriptor, buffer, 0, buffer.length, Math.max(0, size - buffer.length));
  closeSync(descriptor);
  return buffer.toString('utf8').trimEnd().split('\n').slice(-lines).join('\n');
};

/** Polls until `answers` is true; a child that exits first, or time, is a clear failure. */
export const waitUntilReady = async (
  child: Child,
  answers: () => Promise<boolean>,
  timeoutMs: number,
): Promise<void> => {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    if (await answers()) return;
    const exit = child.exit();
    const late = performance.now() > deadline;
    if (exit === null && !late) {
      await sleep(25);
      continue;
    }
    await child.stop();
    const what =
      exit === null
        ? `${child.name} did not answer within ${timeoutMs / 1000} s and was stopped.`
        : `${child.name} stopped while starting (${exit.signal ?? `exit code ${exit.code}`}).`;
    throw new FleetError(
      'server-did-not-start',
      `${what}\n${logTail(child.logFile, 12, child.logOffset)}`,
      {
        next: `Read ${child.logFile}.`,
      },
    );
  }
};
