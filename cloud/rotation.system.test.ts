/**
 * Two clouds as processes over one database and hub, at work while a key is replaced: whatever the
 * withdrawn key signed was committed before the key set without it, by either of them. A trigger
 * writes down, in the order of the locks, which key signed each row.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { createTenant } from '@signalbeam/device-manager/create-tenant';
import { makeDevice } from '@signalbeam/device-manager/rig.suite';
import { compileCache } from '@signalbeam/launcher/infra/compile-cache';
import { freePort } from '@signalbeam/launcher/infra/ports';
import { openTestPlatform, type TestPlatform } from '@signalbeam/platform/rig.suite';
import { openOwner } from '@signalbeam/telemetry-processor/rig.suite';
import { afterAll, beforeAll, expect, inject, test, vi } from 'vitest';
import '@signalbeam/launcher/rig/provided';

const password = 'correct horse battery staple';
const image = `registry.example/web@sha256:${'a'.repeat(64)}`;
const sitesOf = ['plant-1', 'plant-2', 'plant-3'];

let world: TestPlatform;
let owner: ReturnType<typeof openOwner>;
const children: ChildProcess[] = [];
let urls: string[] = [];
let token = '';
const deviceIds: string[] = [];
let bundleId = '';

const ask = async (url: string, method: string, path: string, body?: unknown) => {
  const reply = await fetch(url + path, {
    method,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await reply.text();
  return { status: reply.status, body: text === '' ? null : JSON.parse(text) };
};
const made = async (...request: Parameters<typeof ask>) => {
  const { status, body } = await ask(...request);
  if (status > 299) throw new Error(`${status} ${JSON.stringify(body)}`);
  return body;
};

const startCloud = async (): Promise<string> => {
  const port = await freePort();
  const child = spawn(process.execPath, [join(import.meta.dirname, 'main.ts')], {
    env: {
      PATH: process.env['PATH'],
      ...compileCache(),
      ...world.world.environment,
      PORT: String(port),
    },
    stdio: 'ignore',
  });
  children.push(child);
  const url = `http://127.0.0.1:${port}`;
  const ready = () => fetch(`${url}/readyz`).then(({ ok }) => expect(ok).toBe(true));
  await vi.waitFor(ready, { timeout: 60_000, interval: 200 });
  return url;
};

/** Rows in the order in which their signers held the keys; a `change of keyset` among them. */
const writeDownSigners = () =>
  owner.query(`
    CREATE TABLE public.signed (id bigserial PRIMARY KEY, what text, key_id text);
    CREATE FUNCTION public.note_signed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
    BEGIN
      INSERT INTO public.signed (what, key_id) VALUES (
        CASE TG_TABLE_NAME WHEN 'signed_records' THEN to_jsonb(NEW) ->> 'name'
                           WHEN 'tenant_records' THEN 'change of ' || (to_jsonb(NEW) ->> 'name')
                           ELSE TG_TABLE_NAME END,
        convert_from(decode(substr(coalesce(to_jsonb(NEW) ->> 'envelope',
          to_jsonb(NEW) ->> 'release_envelope'), 3), 'hex'), 'UTF8')::jsonb
          -> 'signatures' -> 0 ->> 'keyid');
      RETURN NULL;
    END $$;
    CREATE TRIGGER note AFTER INSERT ON platform.tenant_records
      FOR EACH ROW EXECUTE FUNCTION public.note_signed();
    CREATE TRIGGER note AFTER INSERT OR UPDATE OF envelope ON bundle_orchestrator.desired_states
      FOR EACH ROW EXECUTE FUNCTION public.note_signed();
    CREATE TRIGGER note AFTER INSERT ON bundle_orchestrator.bundle_versions
      FOR EACH ROW EXECUTE FUNCTION public.note_signed();
    CREATE TRIGGER note AFTER INSERT OR UPDATE OF envelope ON device_manager.signed_records
      FOR EACH ROW EXECUTE FUNCTION public.note_signed();`);

beforeAll(async () => {
  world = await openTestPlatform(inject('postgresUrl'));
  owner = openOwner(world.world.databaseUrl);
  await createTenant(world.platform, { name: 'demo', adminEmail: 'admin@demo.example', password });
  urls = await Promise.all([startCloud(), startCloud()]);
  const url = urls[0] ?? '';
  token = (await made(url, 'POST', '/api/auth/login', { email: 'admin@demo.example', password }))
    .token;
  for (const site of sitesOf) {
    const given = { site, autoApprove: true, maxUses: 2 };
    const made_ = await made(url, 'POST', '/api/registration-tokens', given);
    for (const name of ['a', 'b']) {
      const device = makeDevice(name).registration(made_.token);
      deviceIds.push((await made(url, 'POST', '/api/devices', device)).deviceId);
    }
  }
  bundleId = (await made(url, 'POST', '/api/bundles', { name: 'web' })).id;
  for (const version of ['1.0.0', '1.0.1']) await release(url, version);
  await writeDownSigners();
});
afterAll(async () => {
  for (const child of children) {
    child.kill('SIGTERM');
    if (child.exitCode === null) await once(child, 'exit');
  }
  await owner?.end();
  await world?.close();
});

const release = (url: string, version: string) =>
  made(url, 'POST', `/api/bundles/${bundleId}/versions`, {
    version,
    containers: [{ name: 'web', image }],
  });

/** What makes a role sign, over and over, by every replica at once. */
const acts = {
  director: (url: string, turn: number) =>
    made(url, 'POST', `/api/devices/${deviceIds[turn % deviceIds.length]}/bundle`, {
      bundleId,
      version: turn % 2 === 0 ? '1.0.0' : '1.0.1',
    }),
  membership: (url: string, turn: number) =>
    made(url, 'PATCH', `/api/devices/${deviceIds[turn % deviceIds.length]}`, {
      site: sitesOf[turn % sitesOf.length],
    }),
  release: (url: string) => release(url, `2.0.0-${randomUUID().replaceAll('-', '')}`),
};
/** Changes of membership are gathered for a second, then signed together. */
const enough = { director: 20, membership: 3, release: 20 };
const signedBy = {
  director: ['desired_states'],
  membership: ['roster', 'site-key', 'revocation', 'snapshot'],
  release: ['bundle_versions'],
};

test.each(['director', 'membership', 'release'] as const)(
  'a withdrawn %s key signs nothing more, whichever replica is asked',
  async (role) => {
    const [first = ''] = urls;
    const { keyset } = await made(first, 'GET', '/api/keys');
    const withdrawn: string = keyset.roles[role][0].keyId;
    let over = false;
    const load = async (url: string, offset: number): Promise<number> => {
      let turn = offset;
      for (; !over; turn += 1) await acts[role](url, turn);
      return turn - offset;
    };
    const { rows: marks } = await owner.query<{ id: string }>(
      'SELECT max(id) AS id FROM public.signed',
    );
    const running = urls.flatMap((url, at) => [load(url, at), load(url, at + 3)]);
    const rowsSince = async () => {
      const { rows } = await owner.query<{ what: string; key_id: string }>(
        'SELECT what, key_id FROM public.signed WHERE id > coalesce($1, 0) ORDER BY id',
        [marks[0]?.id],
      );
      return rows;
    };
    const ours = (rows: { what: string; key_id: string }[]) =>
      rows.filter(({ what }) => signedBy[role].includes(what));
    await vi.waitFor(
      async () => expect(ours(await rowsSince()).length).toBeGreaterThan(enough[role]),
      60_000,
    );
    await made(first, 'POST', '/api/keys/rotate', { role, change: 'replace' });
    const afterChange = async () => {
      const rows = await rowsSince();
      return ours(rows.slice(rows.findIndex(({ what }) => what === 'change of keyset') + 1));
    };
    await vi.waitFor(
      async () => expect((await afterChange()).length).toBeGreaterThan(enough[role]),
      60_000,
    );
    over = true;
    for (const turns of await Promise.all(running)) expect(turns).toBeGreaterThan(0);

    const rows = await rowsSince();
    const change = rows.findIndex(({ what }) => what === 'change of keyset');
    const before = ours(rows.slice(0, change));
    const after = ours(rows.slice(change + 1));
    expect(before.map(({ key_id }) => key_id)).toEqual(before.map(() => withdrawn));
    expect(after.filter(({ key_id }) => key_id === withdrawn)).toEqual([]);
  },
  180_000,
);
