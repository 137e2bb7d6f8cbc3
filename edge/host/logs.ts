/** `logs`: the last lines of the agent's log, and those to come with `--follow`. */
import { readFileSync, statSync, watchFile } from 'node:fs';
import { parseJson } from '@signalbeam/sync/wire/shape';
import { z } from 'zod';
import { logPath } from './log.ts';
import type { Options } from './options.ts';

const lineBytesMax = 64 * 1024;
const lookEveryMs = 500;
const entrySchema = z.looseObject({ at: z.string(), level: z.string(), message: z.string() });

export const printLogs = async (
  { state, follow, lines }: Options<'logs'>,
  print: (text: string) => void,
): Promise<void> => {
  const path = logPath(state);
  const all = [...readLines(`${path}.1`, 0), ...readLines(path, 0)];
  if (all.length === 0 && !follow) print('The agent has not written a log yet.');
  for (const line of all.slice(-lines)) print(describeEntry(line));
  if (follow) await followLog(path, print);
};

const readLines = (path: string, fromByte: number): string[] => {
  try {
    return readFileSync(path).subarray(fromByte).toString('utf8').split('\n').filter(Boolean);
  } catch {
    return [];
  }
};

const sizeOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0;

/** Ends only when the process does. A file that became shorter was rotated: it begins anew. */
const followLog = (path: string, print: (text: string) => void): Promise<never> => {
  let seen = sizeOf(path);
  watchFile(path, { interval: lookEveryMs }, () => {
    const size = sizeOf(path);
    for (const line of readLines(path, size < seen ? 0 : seen)) print(describeEntry(line));
    seen = size;
  });
  return new Promise(() => undefined);
};

export const describeEntry = (line: string): string => {
  const entry = parseJson(line, entrySchema, lineBytesMax);
  if (entry.kind === 'refused') return line;
  const { at, level, message, ...facts } = entry.value;
  const rest = Object.entries(facts).map(([name, value]) => ` ${name}=${JSON.stringify(value)}`);
  return `${at} ${level.padEnd(5)} ${message}${rest.join('')}`;
};
