/** Text and JSON that a command is given as a file, or on standard input as `-`. */
import { readFileSync, statSync } from 'node:fs';
import { FleetError } from '@signalbeam/sync/core/errors';
import { UsageError } from './exit.ts';
import { inputBytesMax } from './surroundings.ts';

export const unreadable = (file: string, cause: unknown): FleetError =>
  new FleetError(
    'file-unreadable',
    `${file} can't be read: ${cause instanceof Error ? cause.message : ''}.`,
    { cause, next: 'Check its name and that you may read it.' },
  );

export const readTextFile = async (file: string, input: () => Promise<string>): Promise<string> => {
  try {
    if (file !== '-' && statSync(file).size > inputBytesMax) throw new Error('it is too large');
    return file === '-' ? await input() : readFileSync(file, 'utf8');
  } catch (error) {
    throw unreadable(file, error);
  }
};

export const readJsonFile = async (
  file: string,
  input: () => Promise<string>,
): Promise<unknown> => {
  const text = await readTextFile(file, input);
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new UsageError(`${file} is no JSON: ${error instanceof Error ? error.message : ''}.`);
  }
};
