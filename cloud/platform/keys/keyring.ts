/**
 * All private keys of the cloud, sealed in Postgres. Each is made once, by whichever replica
 * comes first; the others read it, and look again every few seconds for what was rotated. Callers get functions that sign, never the bytes of a key
 * (the NATS JWT encoder takes a key pair, so accounts are key pairs; they stay in this process).
 */
import { createAccount, createOperator, type KeyPair } from '@nats-io/nkeys';
import { type Role, roles } from '@signalbeam/sync/core/records';
import { createSeed, type Signer, signerFromSeed } from '@signalbeam/sync/wire/keys';
import { pairOfSeed } from '@signalbeam/sync/wire/nkey';
import { onlyRow, type Sql } from '../postgres/pool.ts';
import type { Kek } from './kek.ts';
import { ensureRoleKeys, keyContext, type RoleKey } from './role-keys.ts';
import { ensureTenantRecords, type TenantRecords } from './tenant-records.ts';

export type NatsKey = { publicKey: string; keyPair: KeyPair };

export type TenantKeys = {
  tenantId: string;
  /** The tenant's NATS account; its public key is the first token of every subject in CLOUD. */
  account: NatsKey;
  /** The *development* root: in force until a real one, threshold-signed offline, follows it. */
  root: Signer;
  /** Of each role the newest key that the key set in force names. */
  release: Signer;
  director: Signer;
  ingest: Signer;
  membership: Signer;
  /** The root and the key set in force, as devices get them. */
  records: TenantRecords;
  /** For what else of the tenant rests sealed, and is signed once it is opened. */
  kek: Kek;
};

export type Keyring = {
  operator: NatsKey;
  system: NatsKey;
  cloud: NatsKey;
  /** Signs the sign-in tokens of users. */
  users: Signer;
  /** The keys of a tenant. Throws when the tenant has none (they are made with the tenant). */
  tenant: (tenantId: string) => Promise<TenantKeys>;
  /**
   * The same, and never those of before the newest key set: for whoever signs (./hold-keys.ts).
   * `reader` is a transaction of the role `sb_system`, which must not wait for a second connection.
   */
  current: (tenantId: string, reader?: Sql) => Promise<TenantKeys>;
  /** Whose account this is (the stamped first token of a subject in CLOUD), or null. */
  tenantOf: (accountKey: string) => Promise<string | null>;
  /** Keys or records of this tenant were changed here: the next caller reads them again. */
  forget: (tenantId: string) => void;
  /** Every tenant that has an account. */
  tenants: () => Promise<{ tenantId: string; accountKey: string }[]>;
};

const natsKinds = {
  operator: createOperator,
  system: createAccount,
  cloud: createAccount,
} as const;

type Made = { publicKey: string; seed: Uint8Array };

const makeNats = (create: () => KeyPair): Made => {
  const pair = create();
  return { publicKey: pair.getPublicKey(), seed: pair.getSeed() };
};

const makeSigner = (): Made => {
  const seed = createSeed();
  return { publicKey: signerFromSeed(seed).publicKey, seed };
};

/** Makes the key unless it exists; returns the seed of the one that is stored. */
const ensureKey = async (
  sql: Sql,
  kek: Kek,
  kind: string,
  tenantId: string | null,
  make: () => Made,
): Promise<Made> => {
  const select = () =>
    sql.query<{ public_key: string; sealed: Buffer }>(
      `SELECT public_key, sealed FROM platform.keys
        WHERE kind = $1 AND tenant_id IS NOT DISTINCT FROM $2`,
      [kind, tenantId],
    );
  let found = await select();
  if (found.rows.length === 0) {
    const made = make();
    // Another replica may be first; whoever loses reads the winner's key below.
    await sql.query(
      `INSERT INTO platform.keys (kind, tenant_id, public_key, sealed) VALUES ($1, $2, $3, $4)
       ON CONFLICT (kind, tenant_id) DO NOTHING`,
      [
        kind,
        tenantId,
        made.publicKey,
        kek.seal(made.seed, keyContext(kind, tenantId, made.publicKey)),
      ],
    );
    found = await select();
  }
  const row = onlyRow(found);
  const seed = kek.open(row.sealed, keyContext(kind, tenantId, row.public_key));
  return { publicKey: row.public_key, seed };
};

const natsKeyOf = (made: Made): NatsKey => ({
  publicKey: made.publicKey,
  keyPair: pairOfSeed(Uint8Array.from(made.seed)),
});

/**
 * Makes a tenant's keys; part of creating the tenant, in its transaction (the role must be
 * `sb_system` or the owner). Doing it again changes nothing.
 */
export const createTenantKeys = async (
  sql: Sql,
  kek: Kek,
  tenantId: string,
): Promise<TenantKeys> => {
  const account = natsKeyOf(
    await ensureKey(sql, kek, 'account', tenantId, () => makeNats(createAccount)),
  );
  const root = signerFromSeed((await ensureKey(sql, kek, 'root', tenantId, makeSigner)).seed);
  const keys = await ensureRoleKeys(sql, kek, tenantId);
  const records = await ensureTenantRecords(sql, { tenantId, root, keys, nowMs: Date.now() });
  return { tenantId, account, root, ...signersOf(keys, records), records, kek };
};

/** A key that no key set in force names signs nothing: nobody would believe it. */
const signersOf = (keys: readonly RoleKey[], { keyset }: TenantRecords): Record<Role, Signer> => {
  const signers = roles.map((role) => {
    const named = new Set(keyset.value.roles[role].map(({ keyId }) => keyId));
    const usable = keys.filter((key) => key.role === role && named.has(key.signer.keyId));
    const newest = usable.at(-1);
    if (newest === undefined) throw new Error(`no ${role} key is held that the key set names`);
    return [role, newest.signer] as const;
  });
  return Object.fromEntries(signers) as Record<Role, Signer>;
};

/** It never had keys, or is deleted. */
class NoKeys extends Error {}

const loadTenantKeys = async (sql: Sql, kek: Kek, tenantId: string): Promise<TenantKeys> => {
  const { rowCount } = await sql.query(
    `SELECT 1 FROM platform.keys WHERE tenant_id = $1 AND kind = 'account'`,
    [tenantId],
  );
  if (rowCount === 0) throw new NoKeys(`tenant ${tenantId} has no keys`);
  return createTenantKeys(sql, kek, tenantId);
};

/** How long another replica may go on with keys that were rotated elsewhere. */
const keysFreshMs = 10_000;

const tenantReaders = (
  sql: Sql,
  kek: Kek,
): Pick<Keyring, 'tenant' | 'current' | 'tenantOf' | 'tenants' | 'forget'> => {
  // An account's owner never changes; a tenant's keys may be rotated by any replica.
  const tenants = new Map<string, { keys: Promise<TenantKeys>; until: number }>();
  const owners = new Map<string, string>();
  const tenant = (tenantId: string, reader: Sql = sql): Promise<TenantKeys> => {
    const cached = tenants.get(tenantId);
    if (cached !== undefined && cached.until > performance.now()) return cached.keys;
    const keys = loadTenantKeys(reader, kek, tenantId).catch((error) => {
      // While Postgres is away the keys of a moment ago are as good as any.
      if (cached !== undefined && !(error instanceof NoKeys)) return cached.keys;
      throw error;
    });
    const entry = { keys, until: performance.now() + keysFreshMs };
    tenants.set(tenantId, entry);
    // A failure is not an answer: the next caller asks again.
    keys.catch(() => {
      if (tenants.get(tenantId) === entry) tenants.delete(tenantId);
    });
    return keys;
  };
  return {
    tenant: (tenantId) => tenant(tenantId),
    current: async (tenantId, reader = sql) => {
      const { rows } = await reader.query<{ version: number | null }>(
        `SELECT max(version) AS version FROM platform.tenant_records
          WHERE tenant_id = $1 AND name = 'keyset'`,
        [tenantId],
      );
      const cached = await tenants.get(tenantId)?.keys.catch(() => undefined);
      if (cached !== undefined && cached.records.keyset.version === rows[0]?.version) return cached;
      tenants.delete(tenantId);
      return tenant(tenantId, reader);
    },
    forget: (tenantId) => {
      tenants.delete(tenantId);
    },
    tenantOf: async (accountKey) => {
      const cached = owners.get(accountKey);
      if (cached !== undefined) return cached;
      const { rows } = await sql.query<{ tenant_id: string }>(
        `SELECT tenant_id FROM platform.keys WHERE kind = 'account' AND public_key = $1`,
        [accountKey],
      );
      const owner = rows[0]?.tenant_id ?? null;
      if (owner !== null) owners.set(accountKey, owner);
      return owner;
    },
    tenants: async () => {
      const { rows } = await sql.query<{ tenant_id: string; public_key: string }>(
        `SELECT tenant_id, public_key FROM platform.keys WHERE kind = 'account' ORDER BY created_at`,
      );
      return rows.map((row) => ({ tenantId: row.tenant_id, accountKey: row.public_key }));
    },
  };
};

/** Makes what is missing and loads the rest. `sql` keeps being used for tenants' keys. */
export const openKeyring = async (sql: Sql, kek: Kek): Promise<Keyring> => {
  const nats = async (kind: keyof typeof natsKinds): Promise<NatsKey> =>
    natsKeyOf(await ensureKey(sql, kek, kind, null, () => makeNats(natsKinds[kind])));
  return {
    operator: await nats('operator'),
    system: await nats('system'),
    cloud: await nats('cloud'),
    users: signerFromSeed((await ensureKey(sql, kek, 'users', null, makeSigner)).seed),
    ...tenantReaders(sql, kek),
  };
};
