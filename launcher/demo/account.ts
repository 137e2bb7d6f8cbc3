/**
 * The demo's tenant and its administrator, made on the first start. The password is random, shown
 * by `up` and kept in a file that only its owner can read.
 */
import { randomInt } from 'node:crypto';
import { FleetError } from '@signalbeam/sync/core/errors';
import { z } from 'zod';
import { adminFile, readPrivate, writePrivate } from '../supervisor/run-state.ts';
import { runCloud } from '../supervisor/stack.ts';
import { type Api, signIn } from './api.ts';

const accountSchema = z.strictObject({ email: z.string(), password: z.string() });
export type Account = z.infer<typeof accountSchema>;

const alphabet = 'abcdefghjkmnpqrstvwxyz23456789';
const tenant = 'demo';

/** Four groups of five: 98 bits, and it can be read out on the telephone. */
const createPassword = (): string =>
  Array.from({ length: 4 }, () =>
    Array.from({ length: 5 }, () => alphabet[randomInt(alphabet.length)]).join(''),
  ).join('-');

export const readAccount = (): Account | undefined => readPrivate(adminFile, accountSchema);

/** Signs in, making the tenant first if there is none. The file is written before the account. */
export const ensureAccount = async (
  url: string,
  cloudEnv: Record<string, string>,
): Promise<Api> => {
  const known = readAccount();
  if (known !== undefined) {
    try {
      return await signIn(url, known.email, known.password);
    } catch (error) {
      if (!(error instanceof FleetError)) throw error;
      // Not there yet, if the first start was cut short between file and account.
    }
  }
  const account = known ?? { email: 'admin@demo.local', password: createPassword() };
  writePrivate(adminFile, account);
  await runCloud(
    ['create-tenant', '--name', tenant, '--admin-email', account.email, '--password-stdin'],
    cloudEnv,
    `${account.password}\n`,
  );
  return signIn(url, account.email, account.password);
};
