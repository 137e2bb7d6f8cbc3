/** Where the running agent can be asked: its pid and the address of its local API. Not a lock. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { timestampMs } from '@signalbeam/sync/wire/shape';
import { z } from 'zod';
import { readJsonFile, writeJsonFile } from '../store/files.ts';

const runtimeSchema = z.strictObject({
  pid: z.int().min(1),
  url: z.url().nullable(),
  startedAt: timestampMs,
});
export type Runtime = z.infer<typeof runtimeSchema>;

const pathIn = (folder: string): string => join(folder, 'runtime.json');

export const readRuntime = (folder: string): Runtime | null =>
  readJsonFile(pathIn(folder), runtimeSchema);
export const writeRuntime = (folder: string, runtime: Runtime): void =>
  writeJsonFile(pathIn(folder), runtime);
export const clearRuntime = (folder: string): void => rmSync(pathIn(folder), { force: true });
