/**
 * Makes the hub know the accounts: CLOUD and each tenant's, by the system account. Pushed only
 * when the hub's copy says something else, at start, on a new tenant, after a reconnect and every
 * minute, so a hub that lost its folder is whole again without anybody's help. An account of a deleted
 * tenant that the hub still has, or has again from a backup, is removed in the same way.
 */
import { encodeGeneric, equivalent } from '@nats-io/jwt';
import type { NatsConnection } from '@nats-io/transport-node';
import { FleetError } from '@signalbeam/sync/core/errors';
import { z } from 'zod';
import type { Keyring } from '../keys/keyring.ts';
import type { Logger } from '../logging/log.ts';
import { cloudAccountJwt, tenantAccountJwt } from './accounts.ts';
import { connectAs } from './connect.ts';
import type { RevocationLookup } from './revocations.ts';

export type AccountPusher = {
  /** Pushes one tenant's account; throws `broker-unavailable` when the hub does not take it. */
  pushTenant: (tenantId: string) => Promise<void>;
  /** Pushes whatever differs. */
  pushAll: () => Promise<void>;
  /** The hub forgets the account and hangs up on who is in it; throws `broker-unavailable`. */
  removeAccount: (key: string) => Promise<void>;
  stop: () => Promise<void>;
};

const answerSchema = z.object({
  data: z.object({ code: z.number() }).optional(),
  error: z.object({ description: z.string() }).optional(),
});
const listSchema = z.object({ data: z.array(z.string()).nullish() });
const timeoutMs = 5_000;

/** The accounts that the hub has a JWT of. A look-up of any other would wait for its timeout. */
const knownAccounts = async (connection: NatsConnection): Promise<Set<string>> => {
  const reply = await connection.request('$SYS.REQ.CLAIMS.LIST', '', { timeout: timeoutMs });
  return new Set(listSchema.parse(reply.json()).data ?? []);
};

const lookUp = async (connection: NatsConnection, key: string): Promise<string> => {
  const subject = `$SYS.REQ.ACCOUNT.${key}.CLAIMS.LOOKUP`;
  return (await connection.request(subject, '', { timeout: timeoutMs })).string();
};

const same = async (known: string, wanted: string): Promise<boolean> => {
  try {
    return known !== '' && (await equivalent(known, wanted));
  } catch {
    return false;
  }
};

const tell = async (
  connection: NatsConnection,
  claim: { verb: 'UPDATE' | 'DELETE'; key: string; jwt: string },
): Promise<void> => {
  const { verb, key, jwt } = claim;
  let reason = 'no answer';
  try {
    const subject = `$SYS.REQ.CLAIMS.${verb}`;
    const reply = await connection.request(subject, jwt, { timeout: timeoutMs });
    const answer = answerSchema.parse(reply.json());
    if (answer.data?.code === 200) return;
    reason = answer.error?.description ?? 'refused';
  } catch (error) {
    reason = error instanceof Error ? error.message : reason;
  }
  const done = verb === 'UPDATE' ? 'take' : 'remove';
  throw new FleetError('broker-unavailable', `The hub did not ${done} account ${key}: ${reason}`, {
    next: 'It is tried again every few seconds.',
  });
};

const push = (connection: NatsConnection, key: string, jwt: string): Promise<void> =>
  tell(connection, { verb: 'UPDATE', key, jwt });

const accountsOfHub = (connection: NatsConnection): Promise<Set<string>> =>
  knownAccounts(connection).catch((cause) => {
    throw new FleetError('broker-unavailable', 'The hub does not say which accounts it knows.', {
      cause,
    });
  });

/** Signed by the operator: the hub takes this word from nobody else. Needs `allow_delete` there. */
const remove = async (connection: NatsConnection, keyring: Keyring, key: string): Promise<void> => {
  const { keyPair } = keyring.operator;
  const jwt = await encodeGeneric('delete', keyPair, 'generic', { accounts: [key] } as object);
  await tell(connection, { verb: 'DELETE', key, jwt });
};

type Known = {
  keyring: Keyring;
  revocations: RevocationLookup;
  /** Keys of accounts of which the hub must have none. */
  deletedAccounts: () => Promise<readonly string[]>;
};

const pushEach = async (connection: NatsConnection, of: Known): Promise<void> => {
  const { keyring, revocations } = of;
  const known = await accountsOfHub(connection);
  const pushIfOther = async (key: string, jwt: string): Promise<void> => {
    if (known.has(key) && (await same(await lookUp(connection, key), jwt))) return;
    await push(connection, key, jwt);
  };
  await pushIfOther(keyring.cloud.publicKey, await cloudAccountJwt(keyring));
  const tenants = await keyring.tenants();
  // A few at a time: thousands of tenants must not become thousands of requests in flight.
  for (let start = 0; start < tenants.length; start += 16) {
    await Promise.all(
      tenants.slice(start, start + 16).map(async ({ tenantId, accountKey }) => {
        const revoked = await revocations(tenantId);
        await pushIfOther(accountKey, await tenantAccountJwt(keyring, tenantId, revoked));
      }),
    );
  }
  // Last: a hub that removes none serves the others all the same.
  for (const key of await of.deletedAccounts()) {
    if (known.has(key)) await remove(connection, keyring, key);
  }
};

export const startAccountPusher = async (
  options: Known & { url: string; log: Logger; intervalMs?: number },
): Promise<AccountPusher> => {
  const { keyring, revocations, log } = options;
  const connection = await connectAs(options.url, keyring.system, 'signalbeam-accounts');
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  const loop = async (): Promise<void> => {
    let waitMs = options.intervalMs ?? 60_000;
    try {
      await pushEach(connection, options);
    } catch (error) {
      waitMs = 3_000;
      if (!stopped) log.warn({ error }, 'accounts could not be pushed; trying again');
    }
    if (!stopped) timer = setTimeout(() => void loop(), waitMs);
  };
  const watch = async (): Promise<void> => {
    for await (const status of connection.status()) {
      if (status.type !== 'reconnect' || stopped) continue;
      clearTimeout(timer);
      timer = setTimeout(() => void loop(), 0);
    }
  };
  watch().catch((error) => log.error({ error }, 'watching the hub failed'));
  await loop();
  return {
    pushTenant: async (tenantId) => {
      const { account } = await keyring.tenant(tenantId);
      const revoked = await revocations(tenantId);
      await push(connection, account.publicKey, await tenantAccountJwt(keyring, tenantId, revoked));
    },
    pushAll: () => pushEach(connection, options),
    removeAccount: async (key) => {
      if ((await accountsOfHub(connection)).has(key)) await remove(connection, keyring, key);
    },
    stop: async () => {
      stopped = true;
      clearTimeout(timer);
      await connection.close();
    },
  };
};
