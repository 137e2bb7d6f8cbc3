/**
 * The technician's hold on disk, in a file of its own: the console and the command line both place
 * it, whether the agent runs or not, and it survives restarts and power cuts. It ends by itself.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { FleetError } from '@signalbeam/sync/core/errors';
import { plainText, timestampMs } from '@signalbeam/sync/wire/shape';
import { z } from 'zod';
import { type Hold, holdMinutes, holdReasonLengthMax, inForce } from '../core/hold.ts';
import { readJsonFile, writeJsonFile } from './files.ts';

export const holdReason = plainText(holdReasonLengthMax).default('');
export const holdForMinutes = z.coerce.number().int().min(1).max(holdMinutes.max);

const storedSchema = z.strictObject({
  reason: holdReason,
  by: z.enum(['console', 'command']),
  sinceMs: timestampMs,
  untilMs: timestampMs,
});

const pathIn = (folder: string): string => join(folder, 'hold.json');

const shown = (stored: z.infer<typeof storedSchema>): Hold => ({
  ...stored,
  until: `${new Date(stored.untilMs).toISOString().slice(0, 16).replace('T', ' ')} UTC`,
});

/** One that is over is as good as none. A file that somebody damaged by hand holds nothing. */
export const readHold = (folder: string, now: number): Hold | null => {
  try {
    const stored = readJsonFile(pathIn(folder), storedSchema);
    return stored === null ? null : inForce(shown(stored), now);
  } catch (cause) {
    if (cause instanceof FleetError && cause.code === 'file-damaged') return null;
    throw cause;
  }
};

/** In place of another: the newest says until when. */
export const placeHold = (
  folder: string,
  { reason, by, minutes }: { reason: string; by: Hold['by']; minutes: number },
  now: number,
): Hold => {
  const stored = { reason, by, sinceMs: now, untilMs: now + minutes * 60_000 };
  writeJsonFile(pathIn(folder), stored);
  return shown(stored);
};

/** True when there was one to end. */
export const endHold = (folder: string, now: number): boolean => {
  const held = readHold(folder, now) !== null;
  rmSync(pathIn(folder), { force: true });
  return held;
};
