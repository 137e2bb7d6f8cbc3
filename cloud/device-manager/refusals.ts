/** What is not there, or not to be had, in the words of every operation of this service. */
import { refusal, suspendedWords } from '@signalbeam/platform/http/problem';
import type { Sql } from '@signalbeam/platform/postgres/pool';
import { readSuspension } from './store/tenants.ts';

export const noSuchDevice = () => refusal('not-found', 'There is no such device.');
export const noSuchGroup = () => refusal('not-found', 'There is no such group.');

/** For who comes without a credential of the tenant yet; others the authenticator refuses. */
export const refuseSuspended = async (sql: Sql, tenantId: string): Promise<void> => {
  const suspension = await readSuspension(sql, tenantId);
  if (suspension === null) return;
  const { code, detail, next } = suspendedWords(suspension.reason);
  throw refusal(code, detail, { next });
};
