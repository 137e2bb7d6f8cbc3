/**
 * The agent's small files (keys, enrolment, runtime facts): written whole or not at all, durable
 * when the call returns, and readable by their owner only. They are parsed where they are read.
 */
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { FleetError } from '@signalbeam/sync/core/errors';
import { parseJson } from '@signalbeam/sync/wire/shape';
import type { z } from 'zod';

/** An enrolment with the roster and the site key of the largest site is 400 KB. */
const fileBytesMax = 1024 * 1024;

/** Temporary file, fsync, rename, fsync of the folder: a power cut leaves the old file or the new. */
export const writePrivateFile = (path: string, text: string): void => {
  const temporary = `${path}.new`;
  const file = openSync(temporary, 'w', 0o600);
  try {
    writeSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(temporary, path);
  const folder = openSync(dirname(path), 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
};

export const writeJsonFile = (path: string, value: unknown): void =>
  writePrivateFile(path, `${JSON.stringify(value, null, 2)}\n`);

/** Null when there is no such file; a file that does not parse is an error that names it. */
export const readJsonFile = <T>(path: string, schema: z.ZodType<T>): T | null => {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return null;
    throw new FleetError('file-unreadable', `${path} can't be read.`, {
      cause,
      next: 'Run the command as the user the agent runs as (often root).',
    });
  }
  const parsed = parseJson(bytes, schema, fileBytesMax);
  if (parsed.kind === 'parsed') return parsed.value;
  throw new FleetError(
    'file-damaged',
    `${path} is damaged: ${parsed.reason}. It was left as it is.`,
    {
      next: 'Restore it from a backup, or move it away and register the device again.',
    },
  );
};

/** The state folder holds keys, so nobody else may look into it. */
export const ensurePrivateFolder = (path: string): void => {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw new FleetError('folder-unusable', `The folder ${path} can't be made.`, {
      cause,
      next: 'Run as root, or choose another folder with --state.',
    });
  }
};
