/**
 * Sites, what a token gives its devices, and a device's activity. Inventory §7 points 16 (tokens as a
 * gate) and 20 (an activity log that stays empty) can't come back.
 */
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import '@signalbeam/launcher/rig/provided';
import { revokedGrantsMax } from '@signalbeam/sync/core/limits';
import {
  makeToken,
  type OpenedTenant,
  openTenant,
  type Rig,
  register,
  startRig,
} from './rig.suite.ts';

let rig: Rig;
let acme: OpenedTenant;
let rival: OpenedTenant;

beforeAll(async () => {
  rig = await startRig(inject('postgresUrl'));
  acme = await openTenant(rig, 'acme');
  rival = await openTenant(rig, 'rival');
});
afterAll(async () => rig?.stop());

const call = async <T>(
  method: string,
  path: string,
  body?: unknown,
  token = acme.operator,
): Promise<{ status: number; body: T & { code?: string } }> => {
  const { status, body: answer } = await rig.ask(method, path, { token, body });
  return { status, body: answer };
};
type Line = { action: string; actor: string; after: unknown };
const activityOf = async (id: string): Promise<Line[]> =>
  (await call<{ activity: Line[] }>('GET', `/api/devices/${id}/activity`)).body.activity;

describe('a site', () => {
  test('is made by hand or by its first token, titled, counted, and deleted once it is empty', async () => {
    const made = await call('POST', '/api/sites', { name: 'oslo', title: 'Plant 7, Oslo' });
    expect([made.status, made.body]).toMatchObject([201, { devices: 0 }]);
    expect((await call('POST', '/api/sites', { name: 'oslo' })).body.code).toBe('already-exists');
    const token = await makeToken(rig, acme, { site: 'bergen', maxUses: 2 });
    const { id } = await register(rig, token.token);
    const { body } = await call<{ sites: object[] }>('GET', '/api/sites');
    expect(body.sites).toMatchObject([
      { name: 'bergen', title: '', devices: 1, pending: 1 },
      { name: 'oslo', title: 'Plant 7, Oslo', devices: 0, pending: 0 },
    ]);
    expect((await call('PATCH', '/api/sites/bergen', { title: 'Bergen' })).body).toMatchObject({
      title: 'Bergen',
    });
    const refused = await call('DELETE', '/api/sites/bergen');
    expect([refused.status, refused.body.code]).toEqual([409, 'wrong-state']);
    await call('DELETE', `/api/devices/${id}`);
    expect((await call('DELETE', '/api/sites/bergen')).status).toBe(409);
    await call('DELETE', `/api/registration-tokens/${token.id}`);
    expect((await call('DELETE', '/api/sites/bergen')).status).toBe(204);
    expect((await call('DELETE', '/api/sites/bergen')).status).toBe(404);
  });

  test('has maintenance windows that open some day, and the audit log says who set them', async () => {
    await call('POST', '/api/sites', { name: 'windy' });
    const night = { cron: '0 2 * * SAT', timeZone: 'Europe/Oslo', minutes: 90 };
    const set = (...windows: object[]) => call('PUT', '/api/sites/windy/windows', { windows });
    expect(await set(night)).toMatchObject({ status: 200, body: { windows: [night] } });
    expect((await set({ ...night, cron: '0 2 31 2 *' })).body).toMatchObject({
      code: 'invalid-request',
      errors: [{ path: 'windows[0].cron' }],
    });
    expect((await set({ ...night, timeZone: 'Mars/Olympus' })).status).toBe(400);
    expect((await call('PUT', '/api/sites/nowhere/windows', { windows: [] })).status).toBe(404);
    const { body } = await call<{ entries: { before: object; after: object }[] }>(
      'GET',
      '/api/audit?action=site.change-windows',
    );
    expect(body.entries).toMatchObject([{ before: { windows: [] }, after: { windows: [night] } }]);
  });

  test('is changed on the version that its list bears, and on no older one', async () => {
    await call('POST', '/api/sites', { name: 'versed' });
    const versionNow = async (): Promise<string> => {
      type Listed = { sites: { name: string; version: string }[] };
      const { sites } = (await call<Listed>('GET', '/api/sites')).body;
      return sites.find(({ name }) => name === 'versed')?.version ?? '';
    };
    const change = async (method: string, path: string, version: string, body: object) => {
      const headers = { 'if-match': `"${version}"` };
      return (await rig.ask(method, path, { token: acme.operator, body, headers })).status;
    };
    const windows = [{ minutes: 90, timeZone: 'Europe/Oslo', cron: '0 2 * * SAT' }];
    const [first, path] = [await versionNow(), '/api/sites/versed'];
    expect(await change('PUT', `${path}/windows`, first, { windows })).toBe(200);
    expect(await change('PUT', `${path}/windows`, first, { windows: [] })).toBe(412);
    expect(await change('PATCH', path, first, { title: 'Late' })).toBe(412);
    expect(await change('PATCH', path, await versionNow(), { title: 'In time' })).toBe(200);
  });

  test('is another tenant’s own, of the same name too', async () => {
    await call('POST', '/api/sites', { name: 'shared-name', title: 'ours' });
    const theirs = rival.operator;
    expect((await call('PATCH', '/api/sites/shared-name', { title: 'x' }, theirs)).status).toBe(
      404,
    );
    expect((await call('DELETE', '/api/sites/shared-name', undefined, theirs)).status).toBe(404);
    expect((await call('POST', '/api/sites', { name: 'shared-name' }, theirs)).status).toBe(201);
    const { body } = await call<{ sites: { name: string; title: string }[] }>('GET', '/api/sites');
    expect(body.sites.find(({ name }) => name === 'shared-name')?.title).toBe('ours');
  });

  test('is never deleted from under a device that registers at the same moment', async () => {
    for (let round = 0; round < 8; round += 1) {
      const site = `race-${round}`;
      const token = await makeToken(rig, acme, { site });
      const [, deleted] = await Promise.all([
        register(rig, token.token),
        // Its last use closes the token, so that the site may go as soon as no device is there.
        call('DELETE', `/api/sites/${site}`),
      ]);
      const { rows } = await rig.owner.query(
        `SELECT 1 FROM device_manager.devices d
          WHERE d.site = $1 AND NOT EXISTS (SELECT 1 FROM device_manager.sites s
            WHERE s.tenant_id = d.tenant_id AND s.name = d.site)`,
        [site],
      );
      expect([round, deleted.status, rows]).toEqual([round, 409, []]);
    }
  });
});

describe('a token', () => {
  test('point 16: gives each of its devices tags and a group, as often as it may be used', async () => {
    const { body: group } = await call<{ id: string }>('POST', '/api/groups', { name: 'new ones' });
    const wish = { maxUses: 3, group: group.id, tags: ['Ring=Canary', 'fresh'], site: 'gives' };
    const token = await makeToken(rig, acme, wish);
    const made = await Promise.all([1, 2, 3].map(() => register(rig, token.token)));
    const [first] = made;
    const { body: device } = await call<{ tags: string[] }>('GET', `/api/devices/${first?.id}`);
    expect(device.tags).toEqual(['fresh', 'ring=canary']);
    const { body } = await call<{ members: object[] }>('GET', `/api/groups/${group.id}/members`);
    expect(body.members).toHaveLength(3);
    expect(body.members[0]).toMatchObject({
      origin: 'registration-token',
      addedBy: `registration-token:${token.prefix}`,
    });
    const { body: used } = await call<{ devices: object[] }>(
      'GET',
      `/api/devices?token=${token.id}`,
    );
    expect(used.devices).toHaveLength(3);
    const { body: listed } = await call<{ registrationTokens: { id: string }[] }>(
      'GET',
      '/api/registration-tokens',
    );
    expect(listed.registrationTokens.find(({ id }) => id === token.id)).toMatchObject({
      ...{ currentUses: 3, maxUses: 3, state: 'used-up' },
      ...{ group: group.id, tags: ['fresh', 'ring=canary'] },
    });
  });

  test('whose group is gone lets devices in all the same', async () => {
    const { body: group } = await call<{ id: string }>('POST', '/api/groups', { name: 'passing' });
    const token = await makeToken(rig, acme, { group: group.id });
    await call('DELETE', `/api/groups/${group.id}`);
    const { id } = await register(rig, token.token);
    const { body } = await call<{ groups: object[] }>('GET', `/api/devices/${id}/groups`);
    expect(body.groups).toEqual([]);
  });

  test('takes no group of another tenant, no dynamic one, and no tag that is none', async () => {
    const { body: theirs } = await call<{ id: string }>(
      'POST',
      '/api/groups',
      { name: 'theirs' },
      rival.operator,
    );
    const { body: dynamic } = await call<{ id: string }>('POST', '/api/groups', {
      ...{ name: 'dynamic', query: 'a' },
    });
    for (const [more, status] of [
      [{ group: theirs.id }, 404],
      [{ group: dynamic.id }, 409],
      [{ tags: ['a b'] }, 400],
      [{ tags: Array.from({ length: 51 }, (_, index) => `t${index}`) }, 400],
    ] as const) {
      const answer = await call('POST', '/api/registration-tokens', { site: 'x', ...more });
      expect([more, answer.status]).toEqual([more, status]);
    }
  });
});

describe('the activity of a device', () => {
  test('point 20: tells what happened, who did it and in what order, page by page', async () => {
    const token = await makeToken(rig, acme, { tags: ['a'] });
    const { id } = await register(rig, token.token, 'busy');
    await call('POST', `/api/devices/${id}/approve`);
    await call('PATCH', `/api/devices/${id}`, { name: 'busier', metadata: { a: 'b' } });
    await call('PATCH', `/api/devices/${id}/tags`, { set: ['b'] });
    const lines = await activityOf(id);
    expect(lines.map(({ action }) => action)).toEqual([
      ...['device.tag', 'device.annotate', 'device.rename', 'device.approve', 'device.tag'],
      'device.register',
    ]);
    expect(lines.at(-1)?.actor).toBe(`registration-token:${token.prefix}`);
    expect(lines[0]).toMatchObject({
      actor: `user:${acme.email('operator')}`,
      after: { tags: ['a', 'b'] },
    });
    const seen: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const { body }: { body: { activity: Line[]; nextCursor: string | null } } = await call(
        'GET',
        `/api/devices/${id}/activity?limit=2${cursor && `&cursor=${cursor}`}`,
        undefined,
        acme.viewer,
      );
      seen.push(...body.activity.map(({ action }) => action));
      cursor = body.nextCursor;
    }
    expect(seen).toEqual(lines.map(({ action }) => action));
    const theirs = await call('GET', `/api/devices/${id}/activity`, undefined, rival.admin);
    expect(theirs.status).toBe(404);
  });
});

describe('a technician’s grant', () => {
  const grants = '/api/sites/grantham/grants';

  test('is shown once, told with the revocation when it is taken back, and holds its site', async () => {
    await call('POST', '/api/sites', { name: 'grantham' });
    type Issued = { id: string; token: string };
    const issued = await call<Issued>('POST', grants, { holder: 'Ada' });
    expect([issued.status, issued.body]).toMatchObject([201, { holder: 'Ada', state: 'live' }]);
    const { body } = await call<{ grants: object[] }>('GET', grants);
    expect(body.grants).toMatchObject([{ id: issued.body.id, state: 'live' }]);
    expect(JSON.stringify(body)).not.toContain('sbg_');
    expect((await call('DELETE', '/api/sites/grantham')).body.code).toBe('wrong-state');
    const changed = `SELECT changed FROM device_manager.memberships WHERE tenant_id = $1 AND site = ''`;
    const before = (await rig.owner.query(changed, [acme.tenantId])).rows[0]?.changed ?? 0;
    const one = `${grants}/${issued.body.id}`;
    expect((await call('DELETE', one, undefined, rival.operator)).status).toBe(404);
    expect((await call('DELETE', one)).status).toBe(204);
    expect((await call('DELETE', one)).status).toBe(204);
    const after = (await rig.owner.query(changed, [acme.tenantId])).rows[0]?.changed;
    expect(Number(after)).toBe(Number(before) + 1);
    expect((await call('DELETE', '/api/sites/grantham')).status).toBe(204);
  });

  test('is refused beyond what the tenant’s revocation could take back, of all sites together', async () => {
    await call('POST', '/api/sites', { name: 'grantham' });
    await rig.owner.query(
      `INSERT INTO device_manager.site_grants
         (id, tenant_id, site, holder, created_by, created_at, expires_at, revoked_at)
       SELECT gen_random_uuid(), $1, 'elsewhere', 'Eve', 'user:x', now(), now() + interval '90 days',
              CASE WHEN n % 2 = 0 THEN now() END
         FROM generate_series(1, $2::integer) n`,
      [acme.tenantId, revokedGrantsMax - 2],
    );
    const asked = [1, 2, 3].map(() => call('POST', grants, { holder: 'Ada' }));
    const statuses = (await Promise.all(asked)).map(({ status }) => status);
    // One that was taken back above has not ended either.
    expect(statuses.toSorted()).toEqual([201, 409, 409]);
  });
});
