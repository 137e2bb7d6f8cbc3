/**
 * Keeps one process running: when it ends it is started again, at once at first and then ever
 * more slowly; a minute of good health forgives. The first start is the caller's to see fail.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ProcessStatus } from './run-state.ts';

export type Running = {
  pid: number;
  exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  stop: () => Promise<void>;
};

export type Kept = { status: () => ProcessStatus; stop: () => Promise<void> };

export type KeepOptions = {
  name: string;
  logFile: string;
  start: () => Promise<Running>;
  onChange: () => void;
  now: () => number;
  backoff?: { firstMs: number; maxMs: number; healthyMs: number };
};

const usualBackoff = { firstMs: 500, maxMs: 30_000, healthyMs: 60_000 };

const sayExit = (exit: { code: number | null; signal: NodeJS.Signals | null }): string =>
  exit.signal === null ? `ended with code ${exit.code}` : `ended by ${exit.signal}`;

export const keep = async (options: KeepOptions): Promise<Kept> => {
  const { name, start, onChange, now, backoff = usualBackoff } = options;
  let status: ProcessStatus = {
    name,
    pid: null,
    state: 'starting',
    startedAt: null,
    restarts: 0,
    logFile: options.logFile,
    reason: null,
  };
  const stopping = new AbortController();
  let running: Running | null = null;
  const change = (next: Partial<ProcessStatus>) => {
    status = { ...status, ...next };
    onChange();
  };
  const begin = async () => {
    running = await start();
    change({ state: 'running', pid: running.pid, startedAt: now(), reason: null });
    return running;
  };
  const rest = async (delayMs: number) => {
    try {
      await sleep(delayMs, undefined, { signal: stopping.signal });
    } catch {
      // Stopped while it waited.
    }
  };
  const watch = async (first: Running) => {
    let current: Running | null = first;
    let failures = 0;
    let startedAt = now();
    while (!stopping.signal.aborted) {
      if (current !== null) {
        const exit = await current.exited;
        if (stopping.signal.aborted) break;
        if (now() - startedAt >= backoff.healthyMs) failures = 0;
        change({ state: 'waiting', pid: null, reason: sayExit(exit) });
      }
      await rest(Math.min(backoff.maxMs, backoff.firstMs * 2 ** failures));
      if (stopping.signal.aborted) break;
      failures += 1;
      change({ state: 'starting', restarts: status.restarts + 1 });
      startedAt = now();
      current = await begin().catch((error: unknown) => {
        const reason = error instanceof Error ? error.message : String(error);
        change({ state: 'waiting', pid: null, reason });
        return null;
      });
    }
  };
  onChange();
  const watching = watch(await begin());
  return {
    status: () => status,
    stop: async () => {
      stopping.abort();
      await running?.stop();
      await watching;
      change({ state: 'stopped', pid: null, reason: null });
    },
  };
};
