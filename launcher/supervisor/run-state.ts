/**
 * `.signalbeam/run.json`: what the supervisor says of itself while it runs. Written whole and
 * renamed into place, readable by its owner only. A file whose process is gone means nothing.
 */
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { workDir } from '../places.ts';

const processSchema = z.strictObject({
  name: z.string(),
  pid: z.int().nullable(),
  state: z.enum(['starting', 'running', 'waiting', 'stopped']),
  startedAt: z.number().nullable(),
  restarts: z.int(),
  logFile: z.string(),
  /** Why it is not running, when it is not. */
  reason: z.string().nullable(),
});

const runSchema = z.strictObject({
  pid: z.int(),
  startedAt: z.number(),
  /** What goes on now, in words. */
  phase: z.string(),
  state: z.enum(['starting', 'ready', 'failed', 'stopping']),
  failure: z.strictObject({ message: z.string(), next: z.string().nullable() }).nullable(),
  ports: z.record(z.string(), z.int()),
  url: z.string().nullable(),
  technicians: z.array(z.strictObject({ name: z.string(), url: z.string() })),
  engine: z.strictObject({ kind: z.enum(['docker', 'podman']), socket: z.string() }).nullable(),
  notes: z.array(z.string()),
  processes: z.array(processSchema),
});

export type ProcessStatus = z.infer<typeof processSchema>;
export type Run = z.infer<typeof runSchema>;

export const runFile = join(workDir, 'run.json');
export const adminFile = join(workDir, 'admin.json');

export const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
};

/** A number may have been given to another process since: Linux can tell. */
export const runsProgram = (pid: number, program: string): boolean => {
  if (!isAlive(pid)) return false;
  if (process.platform !== 'linux') return true;
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(program);
  } catch {
    return false;
  }
};

export const writePrivate = (file: string, value: unknown): void => {
  mkdirSync(dirname(file), { recursive: true });
  const unfinished = `${file}.${process.pid}`;
  writeFileSync(unfinished, `${JSON.stringify(value, null, 2)}\n`, { mode: 0o600 });
  renameSync(unfinished, file);
};

export const readPrivate = <T>(file: string, schema: z.ZodType<T>): T | undefined => {
  try {
    return schema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return undefined;
  }
};

/** What the last supervisor wrote, whether it still runs or not. */
export const readLastRun = (): Run | undefined => readPrivate(runFile, runSchema);

/** The run whose supervisor is alive. */
export const readRun = (): Run | undefined => {
  const run = readLastRun();
  return run !== undefined && runsProgram(run.pid, 'supervisor/main.ts') ? run : undefined;
};

export const removeRun = (pid: number): void => {
  if (readLastRun()?.pid === pid) rmSync(runFile, { force: true });
};
