/** Deleting a tenant for good, beside another one whose rows, blobs and devices stay as they are. */
import '@signalbeam/launcher/rig/provided';
import { eraseContent } from '@signalbeam/bundle-orchestrator/artifacts/erase-content';
import { createTenant } from '@signalbeam/device-manager/create-tenant';
import { deleteTenant } from '@signalbeam/device-manager/delete-tenant';
import { ensureMemberships } from '@signalbeam/device-manager/store/memberships';
import { resumeTenant, suspendTenant } from '@signalbeam/device-manager/suspend-tenant';
import { deletionOf } from '@signalbeam/platform/erase/journal';
import { tenantTables } from '@signalbeam/platform/erase/tables';
import { countTenantRows } from '@signalbeam/platform/erase/tenant-rows';
import { issueDeviceToken } from '@signalbeam/platform/identity/tokens';
import { createTenantKeys, type TenantKeys } from '@signalbeam/platform/keys/keyring';
import { createRevocationLookup } from '@signalbeam/platform/nats/revocations';
import { openPool, type Pool } from '@signalbeam/platform/postgres/pool';
import { transaction } from '@signalbeam/platform/postgres/transaction';
import { streams } from '@signalbeam/sync/wire/subjects';
import { afterAll, beforeAll, describe, expect, inject, test, vi } from 'vitest';
import { runDeletion } from './delete-tenant-command.ts';
import { ownedTablesOf, tenantDevices, tenantRows } from './tenant-rows.suite.ts';
import { type Cloud, openTenant, password, startCloud, type Tenant } from './two-tenants.suite.ts';

const dayMs = 86_400_000;
let cloud: Cloud;
let gone: Tenant;
let stays: Tenant;
let eraser: Pool;
let goneKeys: TenantKeys;
let goneKey: string;

/** All that deleting takes; a minute after the tenant was suspended, or as much later as is said. */
const hands = (laterMs = 61_000) => ({
  ...cloud.platform,
  eraser,
  now: () => Date.now() + laterMs,
  eraseContent: (tenantId: string) => eraseContent({ ...cloud.platform, eraser }, tenantId),
});
const wish = { tenant: 'gone', by: 'ada', grace: 'none' as const };

/** What it said of how far it is. */
const told: string[] = [];
/** What the command prints. */
const ofCommand = async (how: { yes: boolean }): Promise<string> => {
  const said: string[] = [];
  const { tenant, by } = wish;
  await runDeletion(
    { ...cloud.platform, now: hands().now, checks: {}, close: async () => {} },
    cloud.platform.config.databaseUrl,
    { tenant, by, beforeGraceEnds: true, ...how },
    { say: (text) => said.push(text), tell: (text) => told.push(text) },
  );
  return said.join('');
};

const ownedTables = () => ownedTablesOf(cloud.owner);
const rowsOf = (tenantId: string, deviceIds: readonly string[]) =>
  tenantRows(cloud.owner, { tenantId, deviceIds });
const devicesOf = (tenantId: string) => tenantDevices(cloud.owner, tenantId);

const blobsOf = async (tenantId: string): Promise<string[]> => {
  const { rows } = await cloud.owner.query<{ digest: string }>(
    'SELECT DISTINCT digest FROM bundle_orchestrator.artifact_blobs WHERE tenant_id = $1',
    [tenantId],
  );
  return rows.map(({ digest }) => digest).toSorted();
};
const storedBlobs = async (): Promise<string[]> => {
  const digests: string[] = [];
  for await (const { digest } of cloud.platform.blobs.list()) digests.push(digest);
  return digests.toSorted();
};

const subjectsAtHub = async (): Promise<string[]> => {
  const { jsm } = cloud.platform.cloud;
  const names = [streams.up, `KV_${streams.desiredBucket}`];
  const infos = await Promise.all(
    names.map((name) => jsm.streams.info(name, { subjects_filter: '>' })),
  );
  return infos.flatMap(({ state }) => Object.keys(state.subjects ?? {}));
};

beforeAll(async () => {
  cloud = await startCloud(inject('postgresUrl'));
  const { natsUrl, databaseUrl } = cloud.platform.config;
  gone = await openTenant(cloud, 'gone', natsUrl);
  stays = await openTenant(cloud, 'stays', natsUrl);
  // Both have this one.
  for (const { token } of [gone, stays]) {
    const { status } = await cloud.ask('POST', '/api/artifacts', { token, body: stays.image.tar });
    expect(status).toBeLessThan(300);
  }
  await vi.waitFor(
    async () => {
      const { rows } = await cloud.owner.query<{ tenants: number }>(
        'SELECT count(DISTINCT tenant_id) AS tenants FROM telemetry.metrics',
      );
      expect(rows).toEqual([{ tenants: 2 }]);
    },
    { timeout: 30_000 },
  );
  // What is written every few seconds would else be written in the middle of a comparison.
  await cloud.platform.attempts.flush();
  await vi.waitFor(
    async () => {
      const { rows } = await cloud.owner.query(
        `SELECT tenant_id FROM platform.audit_unchained UNION ALL
         SELECT tenant_id FROM telemetry.rollup_marks`,
      );
      expect(rows).toEqual([]);
    },
    { timeout: 60_000, interval: 200 },
  );
  eraser = openPool({ url: databaseUrl, role: 'sb_eraser', max: 1 });
  goneKeys = await cloud.platform.keyring.tenant(gone.tenantId);
  goneKey = goneKeys.account.publicKey;
});
afterAll(async () => {
  await eraser?.end();
  await cloud?.stop();
});

describe('every table', () => {
  test('that says whose its rows are is emptied, and may be', async () => {
    const { beforeDevices, devicesOn } = await tenantTables(cloud.platform.pools.system);
    const emptied = [...beforeDevices, ...devicesOn].map(({ name }) => name);
    const owned = (await ownedTables()).map(({ name }) => name);
    expect(emptied.toSorted()).toEqual(
      [...owned, 'device_manager.devices']
        .filter((name, at, all) => all.indexOf(name) === at)
        .toSorted(),
    );
    const { rows } = await cloud.owner.query<{ name: string }>(
      `SELECT name FROM unnest($1::text[]) AS name, LATERAL (
         SELECT * FROM pg_class WHERE oid = name::regclass) c
        WHERE NOT has_table_privilege('sb_eraser', c.oid, 'SELECT, DELETE')
           OR NOT has_table_privilege('sb_eraser', c.oid, 'DELETE')
           OR (c.relrowsecurity AND NOT EXISTS (
                 SELECT 1 FROM pg_policy p
                  WHERE p.polrelid = c.oid AND 'sb_eraser'::regrole = ANY (p.polroles)))`,
      [[...emptied, 'device_manager.tenants']],
    );
    expect(
      rows,
      'grant SELECT, DELETE to sb_eraser, and let it see the rows of its tenant',
    ).toEqual([]);
  });

  test('shows the eraser the rows of the tenant that it names, and no others', async () => {
    expect((await eraser.query('SELECT * FROM device_manager.users')).rows).toEqual([]);
    const counts = await countTenantRows(
      { eraser, system: cloud.platform.pools.system },
      gone.tenantId,
    );
    const counted = counts.map(({ table }) => table);
    const found = Object.keys(await rowsOf(gone.tenantId, await devicesOf(gone.tenantId)));
    expect(counted).toEqual(found);
    expect(counted.length).toBeGreaterThan(40);
  });
});

describe('a tenant', () => {
  test('goes only when it is suspended, for a month, and never at once', async () => {
    const refuses = (laterMs: number, grace: 'full' | 'none', words: RegExp) =>
      expect(deleteTenant(hands(laterMs), { ...wish, grace })).rejects.toMatchObject({
        code: 'wrong-state',
        message: expect.stringMatching(words),
      });
    await refuses(0, 'none', /not suspended/);
    await suspendTenant(cloud.platform, { tenant: 'gone', reason: 'They left.' });
    await refuses(0, 'none', /a moment ago/);
    await refuses(61_000, 'full', /30 more days/);
    await refuses(29 * dayMs, 'full', /1 more days/);
    await expect(deleteTenant(hands(), { ...wish, tenant: 'nobody' })).rejects.toMatchObject({
      code: 'not-found',
    });
    const said = await ofCommand({ yes: false });
    expect(said).toMatch(/^device_manager\.devices\t7$/m);
    expect(said).toMatch(/^\d+ blobs of \d+ bytes that no other tenant has/m);
    expect(said).toMatch(/^Nothing was deleted\. /m);
    expect(await deletionOf(cloud.platform.pools.system, gone.tenantId)).toBeNull();
  });

  test('is gone whole, however often that broke off, and the other one is as it was', async () => {
    // What loops write by themselves would differ otherwise.
    for (const service of cloud.services) await service.stop();
    const goneDevices = await devicesOf(gone.tenantId);
    const staysDevices = await devicesOf(stays.tenantId);
    const before = await rowsOf(stays.tenantId, staysDevices);
    const [goneBlobs, staysBlobs] = [await blobsOf(gone.tenantId), await blobsOf(stays.tenantId)];
    expect(goneBlobs.some((digest) => staysBlobs.includes(digest))).toBe(true);
    expect(goneBlobs.some((digest) => !staysBlobs.includes(digest))).toBe(true);
    const { desired } = cloud.platform;
    for (const { tenantId } of [gone, stays]) {
      const { account } = await cloud.platform.keyring.tenant(tenantId);
      await desired.put(`${account.publicKey}.plant-7.one`, Buffer.from('a record'));
    }
    const others = (subjects: string[]) =>
      subjects.filter((each) => !each.includes(goneKey)).toSorted();
    const atHub = await subjectsAtHub();
    expect(atHub.some((each) => each.includes(goneKey))).toBe(true);

    const broke = async (broken: Partial<Parameters<typeof deleteTenant>[0]>): Promise<void> => {
      await expect(deleteTenant({ ...hands(), ...broken }, wish)).rejects.toThrow('broke off');
      const deletion = await deletionOf(cloud.platform.pools.system, gone.tenantId);
      expect(deletion?.finishedAt).toBeNull();
    };
    const breakOff = (): never => {
      throw new Error('broke off');
    };
    const { blobs } = cloud.platform;
    let deletes = 0;
    await broke({
      eraseContent: (tenantId) =>
        eraseContent(
          {
            ...{ ...cloud.platform, eraser },
            // The second of the blobs is not deleted; the first is.
            blobs: {
              ...blobs,
              delete: async (digest) => (deletes++ === 1 ? breakOff() : blobs.delete(digest)),
            },
          },
          tenantId,
        ),
    });
    await expect(resumeTenant(cloud.platform, { tenant: 'gone' })).rejects.toMatchObject({
      code: 'wrong-state',
    });
    for (const at of [1, 20, 45, 60, 90, 125, 140]) {
      let tables = 0;
      await broke({
        onTable: async () => {
          tables += 1;
          if (tables === at) breakOff();
        },
      });
    }
    // Loops are at work for it still, and write after such rows were looked for: what refers to a device,
    // and each time that all is looked through a row that every tenant has.
    let looks = 0;
    const lateTags = (): Promise<{ rowCount: number | null }> =>
      cloud.owner.query(
        `INSERT INTO device_manager.device_tags (tenant_id, device_id, key, value)
         SELECT tenant_id, id, 'late', 'yes' FROM device_manager.devices WHERE tenant_id = $1`,
        [gone.tenantId],
      );
    const memberships = async (): Promise<number> => {
      const { rows } = await cloud.owner.query<{ count: number }>(
        `SELECT count(*) FROM device_manager.memberships WHERE tenant_id = $1 AND site = ''`,
        [gone.tenantId],
      );
      return rows[0]?.count ?? 0;
    };
    await broke({
      onTable: async (table) => {
        if (table !== 'telemetry.watermarks') return;
        looks += 1;
        if (looks === 2) expect((await lateTags()).rowCount).toBeGreaterThan(0);
        await ensureMemberships(cloud.platform.pools.system, null);
        expect(await memberships()).toBe(0);
        await cloud.owner.query(
          `INSERT INTO device_manager.memberships (tenant_id, site)
           SELECT id, '' FROM device_manager.tenants WHERE id = $1`,
          [gone.tenantId],
        );
      },
      removeAccount: async () => breakOff(),
    });
    expect(looks).toBeGreaterThan(2);
    expect(await ofCommand({ yes: true })).toMatch(/^Tenant gone \(.*\) is deleted: \d+ rows\./);
    expect(told.join('')).toMatch(/^events at the hub: \d+ deleted in \d+\.\d s/m);
    const deleted = await deletionOf(cloud.platform.pools.system, gone.tenantId);
    expect(deleted).toMatchObject({
      ...{ step: 'done', deletedBy: 'ada', tenantId: gone.tenantId },
      finishedAt: expect.any(Date),
    });
    expect(deleted?.rowsDeleted).toBeGreaterThan(100);

    expect(await rowsOf(gone.tenantId, goneDevices)).toEqual({});
    const own = 'SELECT 1 FROM device_manager.tenants WHERE id = $1';
    expect((await cloud.owner.query(own, [gone.tenantId])).rows).toEqual([]);
    expect(await rowsOf(stays.tenantId, staysDevices)).toEqual(before);
    expect(await storedBlobs()).toEqual(staysBlobs);
    const left = await subjectsAtHub();
    expect(left.filter((each) => each.includes(goneKey))).toEqual([]);
    expect(left.toSorted()).toEqual(others(atHub));
    const events = await cloud.platform.cloud.js.consumers.get(streams.events);
    const pending = (await events.info()).num_pending;
    const tenants = new Set<string>();
    for await (const message of await events.fetch({ max_messages: pending, expires: 5_000 })) {
      tenants.add((JSON.parse(message.string()) as { tenantId: string }).tenantId);
    }
    expect([...tenants]).toEqual([stays.tenantId]);
  });

  test('has devices that hear that it is gone, and that the hub lets in no more', async () => {
    const { deviceId, signer } = gone.device;
    const token = issueDeviceToken(signer, deviceId, Date.now(), gone.tenantId);
    const path = `/api/devices/${deviceId}/enrolment`;
    const apiKey = { 'x-api-key': gone.apiKey.apiKey, 'x-tenant-id': gone.tenantId };
    for (const given of [{ token }, { headers: apiKey }]) {
      const answer = await cloud.ask('GET', path, given);
      expect([answer.status, JSON.parse(answer.text).code]).toEqual([403, 'tenant-deleted']);
    }
    const person = await cloud.ask('GET', '/api/devices', { token: gone.token });
    expect(person.status).toBe(401);
    const { natsUrl } = cloud.platform.config;
    // As with credentials that were made before: only the hub's own word counts then.
    const remembered = { ...cloud.platform.keyring, tenant: async () => goneKeys };
    await expect(gone.device.connect(natsUrl, remembered, gone.tenantId)).rejects.toThrow(
      /authorization/i,
    );
    const revoked = await createRevocationLookup(cloud.platform.pools.system)(gone.tenantId);
    expect(revoked['*']).toBeGreaterThan(Date.now() / 1_000 + 365 * 86_400);
    const alive = await stays.device.connect(natsUrl, cloud.platform.keyring, stays.tenantId);
    await alive.close();
    // Whose certificates nobody is to trust any more: by their serial alone.
    const { rows } = await cloud.owner.query(
      'SELECT serial FROM device_manager.withdrawn_certificates',
    );
    expect(rows).toContainEqual({ serial: gone.certificate.serial });
  });

  test('does not come back, and leaves its name and its people to others', async () => {
    const { pools, kek } = cloud.platform;
    await expect(
      transaction(pools.system, (sql) => createTenantKeys(sql, kek, gone.tenantId)),
    ).rejects.toThrow('this tenant was deleted');
    await expect(
      pools.system.query(
        `INSERT INTO device_manager.tenants (id, name, tenant_key) VALUES ($1, 'gone', 'another')`,
        [gone.tenantId],
      ),
    ).rejects.toThrow('this tenant was deleted');
    const again = await createTenant(cloud.platform, {
      ...{ name: 'gone', adminEmail: gone.email, password },
    });
    expect(again.tenantId).not.toBe(gone.tenantId);
    await expect(deleteTenant(hands(), wish)).rejects.toMatchObject({ code: 'wrong-state' });
  });
});
