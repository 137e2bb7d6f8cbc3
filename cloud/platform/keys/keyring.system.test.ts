/** Keys are made once, whoever comes first, and lie sealed in Postgres. */
import { randomBytes, randomUUID } from 'node:crypto';
import '@signalbeam/launcher/rig/provided';
import { type FreshDatabase, freshDatabase } from '@signalbeam/launcher/rig/database';
import { sealRecord } from '@signalbeam/sync/wire/record-envelope';
import { payloadTypes } from '@signalbeam/sync/wire/records';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { migrate } from '../postgres/migrate.ts';
import { openPool, type Pool } from '../postgres/pool.ts';
import { kekFromBytes } from './kek.ts';
import { createTenantKeys, type Keyring, openKeyring } from './keyring.ts';
import { addRoleKey, readRoleKeys } from './role-keys.ts';
import { insertTenantRecord, wantedKeyset } from './tenant-records.ts';

const kek = kekFromBytes(randomBytes(32));
let database: FreshDatabase;
let system: Pool;
beforeAll(async () => {
  database = await freshDatabase(inject('postgresUrl'));
  await migrate({ url: database.url });
  system = openPool({ url: database.url, role: 'sb_system', max: 5 });
});
afterAll(async () => {
  await system.end();
  await database.drop();
});

const publicKeys = ({ operator, system, cloud, users }: Keyring): string[] => [
  operator.publicKey,
  system.publicKey,
  cloud.publicKey,
  users.publicKey,
];

describe('the keyring', () => {
  it('is one and the same for five replicas that start at once, and after a restart', async () => {
    const rings = await Promise.all([1, 2, 3, 4, 5].map(() => openKeyring(system, kek)));
    const sets = rings.map((ring) => publicKeys(ring).join());
    expect(new Set(sets).size).toBe(1);
    expect(publicKeys(await openKeyring(system, kek)).join()).toBe(sets[0]);
  });

  it('gives each tenant keys of its own, once', async () => {
    const ring = await openKeyring(system, kek);
    const [one, two] = [randomUUID(), randomUUID()];
    const made = await Promise.all([1, 2, 3].map(() => createTenantKeys(system, kek, one)));
    expect(new Set(made.map(({ account }) => account.publicKey)).size).toBe(1);
    await createTenantKeys(system, kek, two);
    const keys = await Promise.all([ring.tenant(one), ring.tenant(two)]);
    const all = keys.flatMap(({ account, root, release, director, ingest, membership }) => [
      account.publicKey,
      ...[root, release, director, ingest, membership].map(({ publicKey }) => publicKey),
    ]);
    expect(new Set(all).size).toBe(12);
    expect(await ring.tenantOf(keys[0].account.publicKey)).toBe(one);
    expect(await ring.tenantOf('AUNKNOWN')).toBeNull();
    expect((await ring.tenants()).map(({ tenantId }) => tenantId).toSorted()).toEqual(
      [one, two].toSorted(),
    );
  });

  it('of another replica hears of a rotation by itself, and signs with the new key', async () => {
    const [here, there] = [await openKeyring(system, kek), await openKeyring(system, kek)];
    const tenantId = randomUUID();
    const { root, records } = await createTenantKeys(system, kek, tenantId);
    const before = await there.tenant(tenantId);
    await addRoleKey(system, kek, { tenantId, role: 'ingest', withdraw: true, at: new Date() });
    // Until a key set names it, nobody would believe the new key: it signs nothing.
    here.forget(tenantId);
    expect((await here.tenant(tenantId)).ingest.keyId).toBe(before.ingest.keyId);
    const version = records.keyset.version + 1;
    const held = await readRoleKeys(system, kek, tenantId);
    const keyset = wantedKeyset(tenantId, held, { version, nowMs: Date.now() });
    const envelope = sealRecord(payloadTypes.keyset, keyset, [root]);
    await insertTenantRecord(system, { tenantId, name: 'keyset', version, envelope });
    await expect
      .poll(async () => (await there.tenant(tenantId)).records.keyset.version, { timeout: 15_000 })
      .toBe(version);
    const after = await there.tenant(tenantId);
    expect(after.ingest.keyId).not.toBe(before.ingest.keyId);
    expect(after.director.keyId).toBe(before.director.keyId);
    expect(after.records.keyset.value.roles.ingest.map(({ keyId }) => keyId)).toEqual([
      after.ingest.keyId,
    ]);
  });

  it('of a tenant is not made by asking for it', async () => {
    const ring = await openKeyring(system, kek);
    await expect(ring.tenant(randomUUID())).rejects.toThrow('no keys');
  });

  it('does not open with another key-encryption key, nor with rows exchanged', async () => {
    const other = kekFromBytes(randomBytes(32));
    await expect(openKeyring(system, other)).rejects.toMatchObject({ code: 'kek-mismatch' });
    const owner = openPool({ url: database.url, role: null, max: 1 });
    await owner.query(
      `UPDATE platform.keys k SET sealed = o.sealed FROM platform.keys o
        WHERE k.kind = 'system' AND o.kind = 'cloud'`,
    );
    await owner.end();
    await expect(openKeyring(system, kek)).rejects.toMatchObject({ code: 'kek-mismatch' });
  });
});
