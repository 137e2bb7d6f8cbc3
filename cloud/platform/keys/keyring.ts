/**
 * All private keys of the cloud, sealed in `platform.keys`. Each is made once, by whichever replica
 * comes first; the others read it. Callers get functions that sign, never the bytes of a key
 * (the NATS JWT encoder takes a key pair, so accounts are key pairs; they stay in this process).
 */
import { createAccount, createOperator, fromSeed, type KeyPair } from '@nats-io/nkeys';
import { createSeed, type Signer, signerFromSeed } from '@signalbeam/sync/wire/keys';
import { onlyRow, type Sql } from '../postgres/pool.ts';
import type { Kek } from './kek.ts';

export type NatsKey = { publicKey: string; keyPair: KeyPair };

export type TenantKeys = {
  tenantId: string;
  /** The tenant's NATS account; its public key is the first token of every subject in CLOUD. */
  account: NatsKey;
  /** A *development* root: a real one is threshold-signed offline. */
  root: Signer;
  release: Signer;
  director: Signer;
  ingest: Signer;
};

export type Keyring = {
  operator: NatsKey;
  system: NatsKey;
  cloud: NatsKey;
  /** Signs the sign-in tokens of users. */
  users: Signer;
  /** The keys of a tenant. Throws when the tenant has none (they are made with the tenant). */
  tenant: (tenantId: string) => Promise<TenantKeys>;
  /** Whose account this is (the stamped first token of a subject in CLOUD), or null. */
  tenantOf: (accountKey: string) => Promise<string | null>;
  /** Every tenant that has an account. */
  tenants: () => Promise<{ tenantId: string; accountKey: string }[]>;
};

const natsKinds = {
  operator: createOperator,
  system: createAccount,
  cloud: createAccount,
} as const;
const tenantSignerKinds = ['root', 'release', 'director', 'ingest'] as const;

type Made = { publicKey: string; seed: Uint8Array };

const makeNats = (create: () => KeyPair): Made => {
  const pair = create();
  return { publicKey: pair.getPublicKey(), seed: pair.getSeed() };
};

const makeSigner = (): Made => {
  const seed = createSeed();
  return { publicKey: signerFromSeed(seed).publicKey, seed };
};

const contextOf = (kind: string, tenantId: string | null, publicKey: string): string =>
  `signalbeam key ${kind} ${tenantId ?? '-'} ${publicKey}`;

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
        kek.seal(made.seed, contextOf(kind, tenantId, made.publicKey)),
      ],
    );
    found = await select();
  }
  const row = onlyRow(found);
  const seed = kek.open(row.sealed, contextOf(kind, tenantId, row.public_key));
  return { publicKey: row.public_key, seed };
};

const natsKeyOf = (made: Made): NatsKey => ({
  publicKey: made.publicKey,
  keyPair: fromSeed(Uint8Array.from(made.seed)),
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
  const signers: Partial<Record<(typeof tenantSignerKinds)[number], Signer>> = {};
  for (const kind of tenantSignerKinds) {
    signers[kind] = signerFromSeed((await ensureKey(sql, kek, kind, tenantId, makeSigner)).seed);
  }
  return { tenantId, account, ...(signers as Required<typeof signers>) };
};

const loadTenantKeys = async (sql: Sql, kek: Kek, tenantId: string): Promise<TenantKeys> => {
  const { rowCount } = await sql.query(
    `SELECT 1 FROM platform.keys WHERE tenant_id = $1 AND kind = 'account'`,
    [tenantId],
  );
  if (rowCount === 0) throw new Error(`tenant ${tenantId} has no keys`);
  return createTenantKeys(sql, kek, tenantId);
};

const tenantReaders = (sql: Sql, kek: Kek): Pick<Keyring, 'tenant' | 'tenantOf' | 'tenants'> => {
  // Keys never change once made (rotation makes a new process), so both maps only grow.
  const tenants = new Map<string, Promise<TenantKeys>>();
  const owners = new Map<string, string>();
  return {
    tenant: (tenantId) => {
      const cached = tenants.get(tenantId);
      if (cached !== undefined) return cached;
      const loading = loadTenantKeys(sql, kek, tenantId);
      tenants.set(tenantId, loading);
      // A failure is not an answer: the next caller asks again.
      loading.catch(() => tenants.delete(tenantId));
      return loading;
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
