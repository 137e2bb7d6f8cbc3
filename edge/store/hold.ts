/**
 * The technician's hold on disk, in a file of its own: the console and the command line both place
 * it, whether the agent runs or not, and it survives restarts and power cuts. It ends by itself.
 */
import { chownSync, rmSync, statSync } from 'node:fs';
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

/** Somebody placed one, and until when can't be told: whoever works there is better off with it. */
const unreadable: Hold = {
  reason: 'hold.json in the agent’s folder can’t be read: place it again as the agent’s user',
  by: 'command',
  sinceMs: 0,
  untilMs: 8_640_000_000_000_000,
  until: 'it is ended',
};

/** One that is over is as good as none; so is a file that somebody spoilt by hand. */
export const readHold = (folder: string, now: number): Hold | null => {
  try {
    const stored = readJsonFile(pathIn(folder), storedSchema);
    return stored === null ? null : inForce(shown(stored), now);
  } catch (cause) {
    if (!(cause instanceof FleetError)) throw cause;
    return cause.code === 'file-damaged' ? null : unreadable;
  }
};

/** A technician may be root, the agent need not be: the file is whose the folder is. */
const giveToOwner = (folder: string): void => {
  const { uid, gid } = statSync(folder);
  if (process.getuid?.() === 0 && uid !== 0) chownSync(pathIn(folder), uid, gid);
};

/** In place of another: the newest says until when. */
export const placeHold = (
  folder: string,
  { reason, by, minutes }: { reason: string; by: Hold['by']; minutes: number },
  now: number,
): Hold => {
  const stored = { reason, by, sinceMs: now, untilMs: now + minutes * 60_000 };
  writeJsonFile(pathIn(folder), stored);
  giveToOwner(folder);
  return shown(stored);
};

/** The clock was set by so much: what was said of this hold goes on. Another, or none by now, stays as it is. */
export const moveHold = (folder: string, held: Hold, byMs: number): void => {
  const stored = readHold(folder, held.sinceMs);
  if (stored?.sinceMs !== held.sinceMs || stored.untilMs !== held.untilMs) return;
  if (held.untilMs === unreadable.untilMs) return;
  const { reason, by } = stored;
  const [sinceMs, untilMs] = [held.sinceMs, held.untilMs].map((ms) =>
    Math.max(0, Math.round(ms + byMs)),
  );
  writeJsonFile(pathIn(folder), { reason, by, sinceMs, untilMs });
  giveToOwner(folder);
};

/** True when there was one to end. */
export const endHold = (folder: string, now: number): boolean => {
  const held = readHold(folder, now) !== null;
  rmSync(pathIn(folder), { force: true });
  return held;
};
