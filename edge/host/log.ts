/**
 * The agent's own log: one JSON line per entry in a file of bounded size, with one older file kept,
 * and a short line on stderr for whoever started it by hand. Callers put no secrets in.
 */
import { appendFileSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';

export type LogLevel = 'info' | 'warn' | 'error';
export type AgentLog = (level: LogLevel, message: string, facts?: Record<string, unknown>) => void;

/** Two files of 2 MiB: weeks of ordinary life. */
const fileBytesMax = 2 * 1024 * 1024;

export const logPath = (folder: string): string => join(folder, 'agent.log');

export const openLog = (parts: {
  folder: string;
  now: () => number;
  /** Also told to whoever watches; null for a quiet agent. */
  echo: ((line: string) => void) | null;
}): AgentLog => {
  const path = logPath(parts.folder);
  let sizeBytes = sizeOf(path);
  return (level, message, facts = {}) => {
    const at = new Date(parts.now()).toISOString();
    const line = `${JSON.stringify({ at, level, message, ...facts })}\n`;
    try {
      if (sizeBytes > fileBytesMax) {
        renameSync(path, `${path}.1`);
        sizeBytes = 0;
      }
      appendFileSync(path, line, { mode: 0o600 });
      sizeBytes += Buffer.byteLength(line);
    } catch {
      // A full disk must not stop the agent: containers matter more than its log.
    }
    parts.echo?.(`${at} ${level.padEnd(5)} ${message}${describe(facts)}`);
  };
};

const sizeOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0;

const describe = (facts: Record<string, unknown>): string =>
  Object.entries(facts)
    .map(([name, value]) => ` ${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join('');
