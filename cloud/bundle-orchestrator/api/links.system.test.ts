/** Links for downloading: what they open, for whom, and when they open nothing any more. */
import { randomUUID } from 'node:crypto';
import { serviceTokens } from '@signalbeam/platform/identity/secret-tokens';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { buildProbe, bytesOf, openStore, type Store } from '../artifact-store.suite.ts';

let rig: Store['rig'];
let one: Store['one'];
let two: Store['two'];
let device: Store['device'];
let uploaded: Store['uploaded'];
beforeAll(async () => {
  ({ rig, one, two, device, uploaded } = await openStore(inject('postgresUrl')));
});
afterAll(() => rig.stop());

describe('a link for downloading', () => {
  type Link = { url: string; expiresAt: string; fileName: string; sizeBytes: number };
  const ask = (token: string, body: object) =>
    rig.ask('POST', '/api/artifacts/links', { token, body });
  const open = (url: string, headers: Record<string, string> = {}, method = 'GET') =>
    rig.service.app.request(url, { method, headers });

  it('gives an image back as the archive that it was, whole or in ranges, to whoever has it', async () => {
    const built = buildProbe('linked', 'docker', 'linked');
    const [image] = await uploaded(one, built.tar, '?name=team/linked');
    const wish = { kind: 'image', name: 'team/linked', digest: image?.digest };
    const made = await ask(one.operator, { ...wish, validMinutes: 5 });
    expect(made).toMatchObject({ status: 201, body: { fileName: 'team-linked-1.tar' } });
    expect(made.headers.get('cache-control')).toBe('no-store');
    const { url, expiresAt, sizeBytes } = made.body as Link;
    expect(Math.abs(Date.parse(expiresAt) - Date.now() - 300_000)).toBeLessThan(60_000);
    const whole = await open(url);
    expect(whole.status).toBe(200);
    expect(whole.headers.get('content-disposition')).toBe(
      'attachment; filename="team-linked-1.tar"',
    );
    const archive = await bytesOf(whole);
    expect(archive.byteLength).toBe(sizeBytes);
    const tag = whole.headers.get('etag') ?? '';
    expect((await open(url, { 'if-none-match': tag })).status).toBe(304);
    const middle = await open(url, { range: 'bytes=700-9999', 'if-range': tag });
    expect(middle.status).toBe(206);
    expect((await bytesOf(middle)).equals(archive.subarray(700, 10_000))).toBe(true);
    const head = await open(url, {}, 'HEAD');
    expect(head.headers.get('content-length')).toBe(String(sizeBytes));
    // The other tenant takes it in as the very same image.
    const again = await uploaded(two, archive);
    expect(again).toMatchObject([{ name: 'team/linked', digest: image?.digest, tags: ['1'] }]);
    const audit = await rig.owner.query(
      `SELECT actor, target, after::text FROM platform.audit_log
        WHERE tenant_id = $1 AND action = 'artifact.link' ORDER BY id DESC LIMIT 1`,
      [one.tenantId],
    );
    expect(audit.rows).toMatchObject([
      { actor: 'user:operator@one.example', target: `artifact:${image?.reference}` },
    ]);
    const signature = new URL(url).searchParams.get('signature') ?? 'none';
    expect(JSON.stringify(audit.rows)).not.toContain(signature);
  });

  it('is for operators, for what is theirs, and for an hour at most', async () => {
    const built = buildProbe('ours', 'both', 'ours');
    await uploaded(one, built.tar);
    const blobWish = { kind: 'blob', digest: built.layerDigest };
    const imageWish = { kind: 'image', name: 'ours', digest: built.manifestDigest };
    for (const wish of [blobWish, imageWish]) {
      expect((await ask(one.operator, wish)).status).toBe(201);
      for (const token of [one.viewer, device.token]) {
        expect((await ask(token, wish)).status).toBe(403);
      }
      expect((await ask(two.admin, wish)).status).toBe(404);
      for (const validMinutes of [0, 61, -1, 1.5, '5']) {
        expect((await ask(one.operator, { ...wish, validMinutes })).status).toBe(400);
      }
    }
  });

  it('opens nothing once it has ended, or anything of it is another', async () => {
    const built = buildProbe('ended', 'both', 'ended');
    const other = buildProbe('another', 'both', 'another');
    for (const { tar } of [built, other]) await uploaded(one, tar);
    const { links } = rig.platform;
    const past = Date.now() - 1_000;
    const linkOf = async (wish: object) => ((await ask(one.operator, wish)).body as Link).url;
    const image = { kind: 'image', name: 'ended', digest: built.manifestDigest };
    const url = await linkOf(image);
    const by = new URL(url, 'http://x').searchParams.get('by') ?? '';
    const ended = new URLSearchParams({
      ...{ name: 'ended', by },
      ...links.sign(['image', one.tenantId, by, 'ended', built.manifestDigest], past),
    });
    const late = await open(`${url.slice(0, url.indexOf('?'))}?${ended}`);
    expect([late.status, await late.json()]).toMatchObject([403, { code: 'link-expired' }]);
    for (const forged of [
      url.replace(one.tenantId, two.tenantId),
      url.replace(built.manifestDigest, other.manifestDigest),
      url.replace('name=ended', 'name=another'),
      url.replace(by, randomUUID()),
      (await linkOf({ kind: 'blob', digest: built.layerDigest })).replace(
        one.tenantId,
        two.tenantId,
      ),
      url.replace(/expires=\d/, 'expires=9'),
      url.replace(/signature=./, 'signature=_'),
      (await linkOf({ kind: 'blob', digest: built.layerDigest })).replace(
        built.layerDigest,
        other.layerDigest,
      ),
    ]) {
      const answer = await open(forged, { 'if-none-match': '*' });
      expect([answer.status, await answer.json()], forged).toMatchObject([
        403,
        { code: 'forbidden' },
      ]);
    }
    for (const bare of [url.slice(0, url.indexOf('?')), url.replace(/&signature=.*/, '')]) {
      expect((await open(bare)).status).toBe(400);
    }
  });

  it('that a program made ends with the token that it used', async () => {
    const built = buildProbe('program', 'both', 'program');
    await uploaded(one, built.tar);
    const tokens = await serviceTokensOf(one.tenantId, 2);
    const urls: string[] = [];
    for (const token of tokens) {
      const made = await ask(token, { kind: 'blob', digest: built.layerDigest });
      urls.push((made.body as Link).url);
    }
    const statuses = async () => Promise.all(urls.map(async (url) => (await open(url)).status));
    expect(await statuses()).toEqual([200, 200]);
    const change = (sql: string, of: string) =>
      rig.owner.query(`UPDATE device_manager.service_tokens SET ${sql} WHERE prefix = $1`, [
        serviceTokens.prefixOf(of),
      ]);
    await change('revoked_at = now()', tokens[0] ?? '');
    expect(await statuses()).toEqual([403, 200]);
    await change(`expires_at = now() - interval '1 minute'`, tokens[1] ?? '');
    expect(await statuses()).toEqual([403, 403]);
    await change(`expires_at = now() + interval '1 day'`, tokens[1] ?? '');
    expect(await statuses()).toEqual([403, 200]);
    await change(`role = 'viewer'`, tokens[1] ?? '');
    expect(await statuses()).toEqual([403, 403]);
  });

  it('opens nothing once its maker could not make it any more', async () => {
    const built = buildProbe('left', 'both', 'left');
    await uploaded(one, built.tar);
    const wishes = [
      { kind: 'blob', digest: built.layerDigest },
      { kind: 'image', name: 'left', digest: built.manifestDigest },
    ];
    const urls: string[] = [];
    for (const wish of wishes) urls.push(((await ask(one.operator, wish)).body as Link).url);
    const statuses = async () => Promise.all(urls.map(async (url) => (await open(url)).status));
    expect(await statuses()).toEqual([200, 200]);
    const change = async (sql: string): Promise<void> => {
      const of = [one.tenantId, 'operator@one.example'];
      const who = 'WHERE tenant_id = $1 AND email = $2';
      await rig.owner.query(`UPDATE device_manager.users SET ${sql} ${who}`, of);
    };
    for (const [lost, back] of [
      ['disabled_at = now()', 'disabled_at = NULL'],
      [`role = 'viewer'`, `role = 'operator'`],
      [`sites = '{plant-7}'`, 'sites = NULL'],
    ] as const) {
      await change(lost);
      expect(await statuses(), lost).toEqual([403, 403]);
      const answer = await open(urls[0] ?? '');
      expect(await answer.json()).toMatchObject({ code: 'link-expired' });
      await change(back);
      expect(await statuses(), back).toEqual([200, 200]);
    }
    const suspend = (reason: string | null) =>
      rig.owner.query(
        `UPDATE device_manager.tenants SET suspended_reason = $2,
                suspended_at = CASE WHEN $2::text IS NULL THEN NULL ELSE now() END WHERE id = $1`,
        [one.tenantId, reason],
      );
    await suspend('unpaid');
    expect(await statuses()).toEqual([403, 403]);
    await suspend(null);
    await rig.owner.query('DELETE FROM device_manager.sessions WHERE tenant_id = $1', [
      one.tenantId,
    ]);
    // Signed out everywhere: what was handed to a machine goes on.
    expect(await statuses()).toEqual([200, 200]);
  });
});

const serviceTokensOf = async (tenantId: string, count: number): Promise<string[]> => {
  const { rows } = await rig.owner.query<{ id: string }>(
    `INSERT INTO device_manager.service_accounts (tenant_id, name, role, created_by)
     VALUES ($1, 'downloads', 'operator', 'test') RETURNING id`,
    [tenantId],
  );
  const made = Array.from({ length: count }, () => serviceTokens.create());
  for (const { prefix, salt, hash } of made)
    await rig.owner.query(
      `INSERT INTO device_manager.service_tokens
         (tenant_id, account_id, role, prefix, salt, secret_hash, created_by, expires_at)
       VALUES ($1, $2, 'operator', $3, $4, $5, 'test', now() + interval '1 day')`,
      [tenantId, rows[0]?.id, prefix, salt, hash],
    );
  return made.map(({ text }) => text);
};
