/**
 * What people do about secrets: make, rotate, delete. Each is one transaction with its line in the
 * audit log, which never holds a value. Devices that use the secret are marked, and ./seal-again.ts
 * gives each a new generation.
 */
import { randomUUID } from 'node:crypto';
import { refusal } from '@signalbeam/platform/http/problem';
import type { Kek } from '@signalbeam/platform/keys/kek';
import { writeAudit } from '@signalbeam/platform/postgres/audit';
import type { Sql } from '@signalbeam/platform/postgres/pool';
import { retrying } from '../desired/change.ts';
import type { Acting, Workshop } from '../desired/workshop.ts';
import {
  countSecrets,
  deleteSecret,
  findSecret,
  holdSecretsAlone,
  insertSecret,
  replaceValue,
  type Secret,
  type SecretScope,
} from '../store/secrets.ts';
import { isReplaceable, markStale, rolloutNaming } from '../store/secrets-given.ts';
import { restValue } from './value.ts';

/** Names and values of a tenant of ten thousand devices with some of their own; a list of five pages. */
export const secretsMax = 1_000;

type Hands = Pick<Workshop, 'pool' | 'now'> & { kek: Kek };

const noSuchSecret = () => refusal('not-found', 'There is no such secret.');

/** What the log tells of it: never its value. */
const factsOf = ({ name, scope, revision }: Secret) => ({ name, scope, revision });

const overOf = ({ overMs = 0 }: { overMs?: number }) =>
  overMs === 0 ? {} : { overMinutes: overMs / 60_000 };

const record = (
  sql: Sql,
  acting: Acting,
  action: 'create' | 'rotate' | 'delete',
  change: { id: string; before?: Secret; after?: Secret; overMs?: number },
): Promise<void> =>
  writeAudit(sql, {
    ...acting,
    action: `secret.${action}`,
    target: `secret:${change.id}`,
    ...(change.before === undefined ? {} : { before: factsOf(change.before) }),
    ...(change.after === undefined
      ? {}
      : { after: { ...factsOf(change.after), ...overOf(change) } }),
  });

const held = async (sql: Sql, id: string): Promise<Secret> => {
  const secret = await findSecret(sql, id);
  if (secret === null) throw noSuchSecret();
  return secret;
};

export const createSecret = (
  { pool, kek, now }: Hands,
  acting: Acting,
  wish: { name: string; value: string; scope: SecretScope },
): Promise<Secret> => {
  const { tenantId, actor } = acting;
  const { name, scope } = wish;
  const id = randomUUID();
  const valueSealed = restValue(kek, { tenantId, id, revision: 1 }, wish.value);
  return retrying(pool, acting, async (sql) => {
    await holdSecretsAlone(sql, tenantId);
    if ((await countSecrets(sql)) >= secretsMax) {
      throw refusal('conflict', `There are ${secretsMax} secrets already.`, {
        next: 'Delete one that nobody uses any more.',
      });
    }
    const at = new Date(now());
    const isNew = await insertSecret(sql, {
      tenantId,
      id,
      name,
      scope,
      valueSealed,
      at,
      by: actor,
    });
    if (!isNew) {
      throw refusal('already-exists', `There is a secret ${name} for the same already.`, {
        next: 'Rotate that one.',
      });
    }
    await markStale(sql, tenantId, wish);
    const after = await held(sql, id);
    await record(sql, acting, 'create', { id, after });
    return after;
  });
};

export const rotateSecret = (
  { pool, kek, now }: Hands,
  acting: Acting,
  wish: { id: string; value: string; overMs: number },
): Promise<Secret> => {
  const { tenantId, actor } = acting;
  const { id, overMs } = wish;
  return retrying(pool, acting, async (sql) => {
    await holdSecretsAlone(sql, tenantId);
    const before = await held(sql, id);
    const revision = before.revision + 1;
    const valueSealed = restValue(kek, { tenantId, id, revision }, wish.value);
    const change = { at: new Date(now()), by: actor };
    await replaceValue(sql, { tenantId, id, revision, valueSealed }, change);
    const spread = overMs === 0 ? null : { fromMs: now(), overMs };
    await markStale(sql, tenantId, { ...before, revision }, spread);
    const after = await held(sql, id);
    await record(sql, acting, 'rotate', { id, before, after, overMs });
    return after;
  });
};

export const removeSecret = ({ pool }: Hands, acting: Acting, id: string): Promise<void> => {
  const { tenantId } = acting;
  return retrying(pool, acting, async (sql) => {
    await holdSecretsAlone(sql, tenantId);
    const before = await held(sql, id);
    if (!(await isReplaceable(sql, tenantId, before))) {
      throw refusal(
        'still-used',
        `${before.devices} devices use this secret; it was not deleted.`,
        {
          next: 'Withdraw what uses it, or set one of its name for the whole tenant.',
        },
      );
    }
    const rollout = await rolloutNaming(sql, tenantId, before.name);
    if (rollout !== null && before.scope.kind === 'tenant') {
      throw refusal('still-used', `The rollout ${rollout} uses this secret; it was not deleted.`, {
        next: 'Wait for it or cancel it.',
      });
    }
    await markStale(sql, tenantId, before);
    await deleteSecret(sql, tenantId, id);
    await record(sql, acting, 'delete', { id, before });
  });
};
