/**
 * Sign-ins that stay between runs: one file of the person's own (0600, XDG), a profile per cloud or
 * tenant. A file that others may read is refused, and a token goes to the cloud that gave it alone.
 */
import { chmodSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { FleetError } from '@signalbeam/sync/core/errors';
import { parseJson } from '@signalbeam/sync/wire/shape';
import { z } from 'zod';

const fileBytesMax = 262_144;
const profileName = z.string().regex(/^[a-z0-9][a-z0-9._-]{0,62}$/);

const profileSchema = z.strictObject({
  url: z.url(),
  email: z.string(),
  tenantName: z.string(),
  token: z.string(),
  expiresAt: z.iso.datetime(),
  /** Renews the token without the password, where the cloud gives one. */
  refreshToken: z.string().optional(),
});
const fileSchema = z.strictObject({
  version: z.literal(1),
  current: profileName,
  profiles: z.record(profileName, profileSchema),
});
export type Profile = z.infer<typeof profileSchema>;
export type Credentials = z.infer<typeof fileSchema>;

export const defaultProfile = 'default';
export const isProfileName = (name: string): boolean => profileName.safeParse(name).success;

export const credentialsPath = (
  environment: Readonly<Record<string, string | undefined>>,
): string => {
  const named = environment['XDG_CONFIG_HOME'];
  const home = environment['HOME'] ?? homedir();
  const base = named === undefined || named === '' ? join(home, '.config') : named;
  return join(base, 'signalbeam', 'credentials.json');
};

const exposed = (path: string): FleetError =>
  new FleetError('credentials-exposed', `Others may read ${path}; it was not used.`, {
    next: `Make it yours alone: chmod 600 ${path}`,
  });

const damaged = (path: string, reason: string): FleetError =>
  new FleetError('credentials-damaged', `${path} is not understood: ${reason}.`, {
    next: 'Remove it and sign in again.',
  });

const nobody: Credentials = { version: 1, current: defaultProfile, profiles: {} };

export const readCredentials = (path: string): Credentials => {
  let bytes: Buffer;
  try {
    if ((statSync(path).mode & 0o077) !== 0) throw exposed(path);
    bytes = readFileSync(path);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return nobody;
    throw error;
  }
  const parsed = parseJson(bytes, fileSchema, fileBytesMax);
  if (parsed.kind === 'refused') throw damaged(path, parsed.reason);
  return parsed.value;
};

/** Whole or not at all, and never readable by others, not even for a moment. */
export const writeCredentials = (path: string, credentials: Credentials): void => {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const temporary = `${path}.${process.pid}.new`;
  writeFileSync(temporary, `${JSON.stringify(credentials, null, 2)}\n`, { mode: 0o600 });
  chmodSync(temporary, 0o600);
  renameSync(temporary, path);
};
