/**
 * Passwords of built-in accounts: argon2id at OWASP's parameters (19 MiB, 2 passes), about 30 ms a
 * check. A sign-in for an unknown user must cost the same: check against `absentUserHash`.
 */
import { randomBytes } from 'node:crypto';
import argon2 from 'argon2';

export const passwordLengthMin = 12;
export const passwordLengthMax = 256;

const parameters = {
  type: argon2.argon2id,
  memoryCost: 19_456,
  timeCost: 2,
  parallelism: 1,
} as const;

export const hashPassword = (password: string): Promise<string> =>
  argon2.hash(password, parameters);

/** False also for a damaged hash: nobody signs in with it. */
export const checkPassword = async (hash: string, password: string): Promise<boolean> => {
  if (password.length > passwordLengthMax) return false;
  return argon2.verify(hash, password).catch(() => false);
};

let absent: Promise<string> | undefined;
/** The hash of a password that nobody has. */
export const absentUserHash = (): Promise<string> => {
  absent ??= hashPassword(randomBytes(32).toString('base64'));
  return absent;
};

/** A password to print once: 120 random bits, easy to copy. */
export const createPassword = (): string => randomBytes(15).toString('base64url');
