/**
 * Deletes a tenant for good: what whoever runs the cloud does with one that is suspended, and no request
 * can. First what is outside of Postgres, then the rows of all schemas, then what the hub holds; each step
 * can be done again, and the journal says where to go on after a crash. Other tenants are not touched. What
 * stays is the tombstone (../platform/erase/journal.ts). Not for one device: ./end-device.ts.
 */
import { purgeEvents, purgeMessages, purgeRecords } from '@signalbeam/platform/erase/hub';
import {
  beginDeletion,
  type Deletion,
  deletionOf,
  deletionOfName,
  endDeletion,
  noteStep,
} from '@signalbeam/platform/erase/journal';
import { eraseRows, type Listeners } from '@signalbeam/platform/erase/tenant-rows';
import { refusal } from '@signalbeam/platform/http/problem';
import type { Pool, Sql } from '@signalbeam/platform/postgres/pool';
import { transaction } from '@signalbeam/platform/postgres/transaction';
import type { Platform } from '@signalbeam/platform/service';
import { plainText } from '@signalbeam/sync/wire/shape';
import { type Grace, graceWords, mayDelete } from './core/tenant-grace.ts';
import { withdrawCertificates } from './store/certificates.ts';
import { lockTenantNamed, readSuspension } from './store/tenants.ts';

type Hands = Pick<Platform, 'pools' | 'cloud' | 'removeAccount' | 'now'> & {
  /** Of the role `sb_eraser`. */
  eraser: Pool;
  /** What another service keeps outside of Postgres. */
  eraseContent: (tenantId: string) => Promise<void>;
  onTable?: Listeners['onTable'];
  /** Hears of each piece that is gone: of which table or stream, and how many. */
  onRows?: NonNullable<Listeners['onRows']>;
};

const bySchema = plainText(200).min(1);

/** The tenant of this name, if it may go now. Throws `not-found` and `wrong-state`. */
export const deletableTenant = async (
  sql: Sql,
  given: { tenant: string; grace: Grace; nowMs: number },
): Promise<{ tenantId: string; suspendedAt: Date }> => {
  const tenant = await lockTenantNamed(sql, given.tenant);
  if (tenant === null) {
    throw refusal('not-found', `There is no tenant called ${given.tenant}; nothing was deleted.`);
  }
  const suspendedAt = (await readSuspension(sql, tenant.tenantId))?.at ?? null;
  const answer = mayDelete(suspendedAt?.getTime() ?? null, given.grace, given.nowMs);
  if (suspendedAt !== null && answer.kind === 'yes') {
    return { tenantId: tenant.tenantId, suspendedAt };
  }
  const [detail, next] = graceWords(given.tenant, answer);
  throw refusal('wrong-state', `${detail} Nothing was deleted.`, { next });
};

const begin = async (
  hands: Hands,
  given: { tenant: string; by: string; grace: Grace },
): Promise<Deletion> => {
  const by = bySchema.safeParse(given.by);
  if (!by.success) throw refusal('invalid-request', 'Who deletes it is one to 200 letters.');
  return transaction(hands.pools.system, async (sql) => {
    const begun = await deletionOfName(sql, given.tenant);
    if (begun !== null) return begun;
    const nowMs = hands.now();
    const { tenantId, suspendedAt } = await deletableTenant(sql, { ...given, nowMs });
    const name = given.tenant;
    await beginDeletion(sql, { tenantId, name, by: by.data, suspendedAt, at: new Date(nowMs) });
    const deletion = await deletionOf(sql, tenantId);
    if (deletion === null) throw new Error('the deletion was not written down');
    return deletion;
  });
};

type Work = (hands: Hands, deletion: Deletion) => Promise<void>;

const steps: readonly { step: Exclude<Deletion['step'], 'done'>; work: Work }[] = [
  {
    step: 'content',
    work: async (hands, { tenantId, tenantKey }) => {
      await withdrawCertificates(hands.eraser, tenantId, new Date(hands.now()));
      await purgeMessages(hands.cloud, tenantKey);
      await hands.eraseContent(tenantId);
    },
  },
  {
    step: 'rows',
    work: async ({ eraser, pools, onTable, onRows }, { tenantId }) =>
      eraseRows({ eraser, system: pools.system }, tenantId, { onTable, onRows }),
  },
  {
    step: 'hub',
    work: async ({ cloud, removeAccount, onRows }, { tenantId, tenantKey }) => {
      await removeAccount(tenantKey);
      await purgeMessages(cloud, tenantKey);
      await purgeRecords(cloud, tenantKey);
      await purgeEvents(cloud, tenantId, (events) => onRows?.('events at the hub', events));
    },
  },
];

/** Also goes on with a deletion that broke off. Answers the tombstone. */
export const deleteTenant = async (
  hands: Hands,
  given: { tenant: string; by: string; grace: Grace },
): Promise<Deletion> => {
  const begun = await begin(hands, given);
  const { system } = hands.pools;
  const from = steps.findIndex(({ step }) => step === begun.step);
  for (const { step, work } of steps.slice(from)) {
    await noteStep(system, begun.tenantId, step);
    await work(hands, begun);
  }
  await endDeletion(system, begun.tenantId, new Date(hands.now()));
  return (await deletionOf(system, begun.tenantId)) ?? begun;
};
