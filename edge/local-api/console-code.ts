/**
 * The code by which a technician signs in. Whoever may write the agent's folder may make one; only
 * its salted hash is kept, for ten minutes, and the first use of it is the last.
 */
import { randomBytes, randomInt, scryptSync, timingSafeEqual } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { FleetError } from '@signalbeam/sync/core/errors';
import { timestampMs } from '@signalbeam/sync/wire/shape';
import { z } from 'zod';
import { readJsonFile, writeJsonFile } from '../store/files.ts';
import { readIdentity } from '../store/identity.ts';

/** Crockford's alphabet: no I, L, O, U. */
const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const codeLength = 8;
const validMs = 600_000;

const storedSchema = z.strictObject({
  salt: z.string().regex(/^[0-9a-f]{32}$/),
  hash: z.string().regex(/^[0-9a-f]{64}$/),
  expiresAt: timestampMs,
});

const pathIn = (folder: string): string => join(folder, 'console-code.json');
const hashOf = (code: string, salt: string): Buffer => scryptSync(code, salt, 32, { N: 4096 });

export const createConsoleCode = (
  folder: string,
  now: number,
): { code: string; validMinutes: number } => {
  if (readIdentity(folder) === null) {
    throw new FleetError('not-registered', `There is no agent in ${folder}.`, {
      next: 'Give its folder with --state, or register the device first.',
    });
  }
  const code = Array.from({ length: codeLength }, () => alphabet[randomInt(alphabet.length)]).join(
    '',
  );
  const salt = randomBytes(16).toString('hex');
  writeJsonFile(pathIn(folder), {
    salt,
    hash: hashOf(code, salt).toString('hex'),
    expiresAt: now + validMs,
  });
  return { code: `${code.slice(0, 4)}-${code.slice(4)}`, validMinutes: validMs / 60_000 };
};

/** True once. People type O for 0 and lower case, so does Crockford. */
export const takeConsoleCode = (folder: string, typed: string, now: number): boolean => {
  const stored = readJsonFile(pathIn(folder), storedSchema);
  if (stored === null) return false;
  if (stored.expiresAt < now || stored.expiresAt > now + validMs) {
    rmSync(pathIn(folder), { force: true });
    return false;
  }
  const code = typed
    .toUpperCase()
    .replaceAll(/[\s-]/g, '')
    .replaceAll('O', '0')
    .replaceAll(/[IL]/g, '1');
  if (!timingSafeEqual(hashOf(code, stored.salt), Buffer.from(stored.hash, 'hex'))) return false;
  rmSync(pathIn(folder), { force: true });
  return true;
};
