/** The device list: pages, filters, and what other services know joined in, over the real database. */
import { fingerprintOf } from '@signalbeam/sync/wire/fingerprint';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import '@signalbeam/launcher/rig/provided';
import { everySite, withTenant } from '@signalbeam/platform/postgres/tenant';
import { filterOf } from './choose-devices.ts';
import {
  makeToken,
  type OpenedTenant,
  openTenant,
  type Rig,
  register,
  startRig,
} from './rig.suite.ts';
import { listDevices } from './store/device-list.ts';

let rig: Rig;
let acme: OpenedTenant;
const bundleId = '0b0e4c5e-9d2c-4c89-9df1-0d8b6f3b2a11';

type Listed = { devices: { id: string; name: string }[]; nextCursor: string | null };

beforeAll(async () => {
  rig = await startRig(inject('postgresUrl'));
  acme = await openTenant(rig, 'acme');
});
afterAll(async () => rig?.stop());

const list = async (query: string, token = acme.viewer): Promise<Listed> => {
  const answer = await rig.ask('GET', `/api/devices${query}`, { token });
  expect(answer.status).toBe(200);
  return answer.body;
};
const names = async (query: string): Promise<string[]> =>
  (await list(query)).devices.map(({ name }) => name);

describe('lists', () => {
  // Inventory §7.32
  test('pages by name miss nothing and repeat nothing, while a device comes and another goes', async () => {
    const { token } = await makeToken(rig, acme, { site: 'paging', maxUses: 40 });
    const made = new Map<string, string>();
    for (const name of ['b', 'B', 'a', 'A', 'same', 'same', 'ü', 'z', '10', '9']) {
      made.set((await register(rig, token, name)).id, name);
    }
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const page: Listed = await list(`?site=paging&limit=3${cursor ? `&cursor=${cursor}` : ''}`);
      expect(page.devices.length).toBeLessThanOrEqual(3);
      seen.push(...page.devices.map(({ id }) => id));
      if (cursor === null) await register(rig, token, '0-before-everything');
      cursor = page.nextCursor;
    } while (cursor !== null);
    expect([...seen].sort()).toEqual([...made.keys()].sort());
  });

  test('filters by status, presence, site and parts of names, hosts and fingerprints', async () => {
    const { token } = await makeToken(rig, acme, {
      site: 'filters',
      maxUses: 5,
      autoApprove: true,
    });
    const waiting = await makeToken(rig, acme, { site: 'filters' });
    const pump = await register(rig, token, 'Pump 100% full');
    const valve = await register(rig, token, 'valve_1');
    const odd = await register(rig, waiting.token, 'back\\slash');
    await rig.owner.query(
      `INSERT INTO telemetry.presence (tenant_id, device_id, last_seen_at, next_beat_ms, presence, changed_at)
       VALUES ($1, $2, now(), 30000, 'online', now())`,
      [acme.tenantId, pump.id],
    );
    expect(await names('?site=filters')).toEqual(['back\\slash', 'Pump 100% full', 'valve_1']);
    expect(await names('?site=filters&status=pending')).toEqual(['back\\slash']);
    expect(await names('?site=filters&status=approved')).toEqual(['Pump 100% full', 'valve_1']);
    expect(await names('?site=filters&status=online')).toEqual(['Pump 100% full']);
    expect(await names('?site=filters&status=never')).toEqual(['back\\slash', 'valve_1']);
    expect(await names('?search=PUMP%20100%25')).toEqual(['Pump 100% full']);
    expect(await names('?site=filters&search=%25')).toEqual(['Pump 100% full']);
    expect(await names('?site=filters&search=_')).toEqual(['valve_1']);
    expect(await names('?site=filters&search=%5C')).toEqual(['back\\slash']);
    expect(await names(`?search=${fingerprintOf(valve.device.nkey)}`)).toEqual(['valve_1']);
    expect(await names('?search=%27%3B--')).toEqual([]);
    expect(odd.id).toBeTruthy();
    const { body } = await rig.ask('GET', `/api/devices/${pump.id}`, { token: acme.viewer });
    expect(body).toMatchObject({
      presence: 'online',
      lastSeenAt: expect.any(String),
      reportedAt: null,
      generation: null,
      bundles: [],
    });
  });

  test('a device is shown with what runs on it', async () => {
    const { token } = await makeToken(rig, acme, { autoApprove: true });
    const { id } = await register(rig, token, 'with-bundle');
    const slot = {
      bundleId,
      bundleName: 'hello',
      version: '1.2.0',
      releaseDigest: `sha256:${'0'.repeat(64)}`,
      rolloutId: null,
    };
    await rig.owner.query(
      `INSERT INTO bundle_orchestrator.desired_states
         (tenant_id, device_id, generation, slots, envelope, issued_at)
       VALUES ($1, $2, 7, $3, '', now())`,
      [acme.tenantId, id, JSON.stringify([slot])],
    );
    await rig.owner.query(
      `INSERT INTO telemetry.reported
         (tenant_id, device_id, opened, epoch, seq, at, received_at, generation, body)
       VALUES ($1, $2, 1, 'e', 1, now(), '2026-02-03T04:05:06Z', 7, '{"slots":[]}')`,
      [acme.tenantId, id],
    );
    const { body } = await rig.ask('GET', `/api/devices/${id}`, { token: acme.viewer });
    expect(body).toMatchObject({
      reportedAt: '2026-02-03T04:05:06.000Z',
      generation: 7,
      bundles: [{ bundleId, name: 'hello', version: '1.2.0', status: expect.any(String) }],
    });
  });

  test('what devices are shown with is planned once for a connection, whatever is asked for', async () => {
    const { token } = await makeToken(rig, acme, { autoApprove: true });
    await register(rig, token, 'planned');
    const planned = await withTenant(
      rig.platform.pools.api,
      everySite(acme.tenantId),
      async (sql) => {
        for (let asked = 0; asked < 8; asked += 1) {
          const filter = await filterOf(sql, { query: `NOT asked=${asked}` }, 'page');
          const found = await listDevices(sql, filter, { limit: 51 }, Date.now());
          expect(found.length).toBeGreaterThan(0);
        }
        const { rows } = await sql.query<{ name: string; generic: number }>(
          `SELECT name, generic_plans AS generic FROM pg_prepared_statements WHERE generic_plans > 0`,
        );
        return rows.map(({ name }) => name);
      },
    );
    expect(planned).toContain('device-views');
  });

  test('unusable queries are refused', async () => {
    for (const query of [
      '?limit=0',
      '?limit=201',
      '?status=gone',
      '?cursor=abc',
      '?cursor=',
      '?site=A%20b',
      '?tenantId=x',
      '?search=%00',
    ]) {
      const answer = await rig.ask('GET', `/api/devices${query}`, { token: acme.viewer });
      expect([query, answer.status, (answer.body as { code: string }).code]).toEqual([
        query,
        400,
        'invalid-request',
      ]);
    }
  });
});
