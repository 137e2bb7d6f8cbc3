/**
 * The second factor of a person: codes of an authenticator app, and recovery codes for when it is
 * lost. Each counts once. Secrets rest sealed, recovery codes hashed.
 */
import { createHash, randomBytes } from 'node:crypto';
import { totpSecretBytes, totpStepOf } from '@signalbeam/platform/identity/totp';
import type { Kek } from '@signalbeam/platform/keys/kek';
import type { Sql } from '@signalbeam/platform/postgres/pool';
import {
  readTotp,
  spendRecoveryCode,
  spendTotpStep,
  writeRecoveryCodes,
  writeTotp,
} from './store/second-factors.ts';

export const recoveryCodesCount = 10;

const contextOf = (userId: string): string => `totp ${userId}`;

/** As people type them: any case, with or without dashes. */
const plain = (code: string): string => code.toLowerCase().replaceAll(/[\s-]/g, '');
const hashOf = (userId: string, code: string): Buffer =>
  createHash('sha256')
    .update(`${userId} ${plain(code)}`)
    .digest();

/** A new secret, which counts once a code of it was given. */
export const proposeSecret = async (sql: Sql, kek: Kek, userId: string): Promise<Uint8Array> => {
  const secret = randomBytes(totpSecretBytes);
  await writeTotp(sql, userId, { sealed: kek.seal(secret, contextOf(userId)), confirmedAt: null });
  return secret;
};

const spendCode = async (
  sql: Sql,
  kek: Kek,
  given: { userId: string; code: string; nowMs: number; confirmed: boolean },
): Promise<boolean> => {
  const { userId, code, nowMs } = given;
  const known = await readTotp(sql, userId);
  if (known === null || known.confirmed !== given.confirmed) return false;
  const secret = kek.open(known.sealed, contextOf(userId));
  const step = totpStepOf(secret, code, { after: known.step, nowMs });
  return step !== null && (await spendTotpStep(sql, userId, step));
};

/** Whether this code lets the person in; it never will again. */
export const spendSecondFactor = async (
  sql: Sql,
  kek: Kek,
  given: { userId: string; code: string; nowMs: number },
): Promise<boolean> =>
  (await spendCode(sql, kek, { ...given, code: given.code.trim(), confirmed: true })) ||
  spendRecoveryCode(sql, given.userId, hashOf(given.userId, given.code));

/** Puts the proposed secret in force and gives the recovery codes, once; null when the code is wrong. */
export const confirmSecret = async (
  sql: Sql,
  kek: Kek,
  given: { tenantId: string; userId: string; code: string; nowMs: number },
): Promise<string[] | null> => {
  const { tenantId, userId, nowMs } = given;
  if (!(await spendCode(sql, kek, { ...given, confirmed: false }))) return null;
  const codes = Array.from({ length: recoveryCodesCount }, () =>
    randomBytes(8)
      .toString('hex')
      .replaceAll(/(.{4})(?=.)/g, '$1-'),
  );
  await writeTotp(sql, userId, { confirmedAt: new Date(nowMs) });
  const hashes = codes.map((code) => hashOf(userId, code));
  await writeRecoveryCodes(sql, { tenantId, userId, hashes });
  return codes;
};
