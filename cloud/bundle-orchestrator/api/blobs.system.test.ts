import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { openRelease } from '@signalbeam/sync/wire/records';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { buildProbe, bytesOf, openStore, type Store, sha256 } from '../artifact-store.suite.ts';
import { orphanMs, sweepBlobs } from '../artifacts/sweep-blobs.ts';
import { createUploader } from '../artifacts/upload.ts';
import { addDevice, containersOf, keysetOf, makeBundle } from '../rig.suite.ts';

let rig: Store['rig'];
let one: Store['one'];
let two: Store['two'];
let device: Store['device'];
let uploaded: Store['uploaded'];
let blob: Store['blob'];
beforeAll(async () => {
  ({ rig, one, two, device, uploaded, blob } = await openStore(inject('postgresUrl')));
});
afterAll(() => rig.stop());

describe('blobs', () => {
  it('are served in parts, by tag, and by HEAD', async () => {
    const built = buildProbe('parts', 'both', 'parts');
    await uploaded(one, built.tar);
    const layer = Buffer.from(built.layer);
    const size = layer.byteLength;
    const whole = await blob(built.layerDigest, device.token);
    expect(Object.fromEntries(whole.headers)).toMatchObject({
      etag: `"${built.layerDigest}"`,
      'content-length': String(size),
      'content-type': 'application/octet-stream',
      'accept-ranges': 'bytes',
      'cache-control': 'private, max-age=31536000, immutable',
    });
    await bytesOf(whole);
    const part = await blob(built.layerDigest, device.token, { range: 'bytes=1000-1999' });
    expect(part.status).toBe(206);
    expect(part.headers.get('content-range')).toBe(`bytes 1000-1999/${size}`);
    expect((await bytesOf(part)).equals(layer.subarray(1_000, 2_000))).toBe(true);
    const rest = await blob(built.layerDigest, device.token, { range: `bytes=${size - 10}-` });
    expect((await bytesOf(rest)).equals(layer.subarray(size - 10))).toBe(true);
    const outside = await blob(built.layerDigest, device.token, { range: `bytes=${size}-` });
    expect(outside.status).toBe(416);
    expect(outside.headers.get('content-range')).toBe(`bytes */${size}`);
    expect(await outside.json()).toMatchObject({ code: 'range-not-satisfiable' });
    const known = await blob(built.layerDigest, device.token, {
      'if-none-match': `"${built.layerDigest}"`,
    });
    expect(known.status).toBe(304);
    const head = await rig.service.app.request(`/api/artifacts/blobs/${built.layerDigest}`, {
      method: 'HEAD',
      headers: { authorization: `Bearer ${device.token}` },
    });
    expect(head.status).toBe(200);
    expect(head.headers.get('content-length')).toBe(String(size));
    expect((await bytesOf(head)).byteLength).toBe(0);
  });

  it('of another tenant do not exist, even when the bytes are in the store', async () => {
    const built = buildProbe('secret', 'both', 'secret');
    await uploaded(one, built.tar);
    const foreign = await addDevice(rig, two, 'foreign');
    for (const digest of [built.manifestDigest, built.configDigest, built.layerDigest]) {
      for (const token of [two.admin, foreign.token]) {
        expect((await blob(digest, token)).status).toBe(404);
        expect((await blob(digest, token, { 'if-none-match': `"${digest}"` })).status).toBe(404);
      }
    }
    const list = await rig.ask('GET', '/api/artifacts', { token: two.viewer });
    expect(JSON.stringify(list.body)).not.toContain(built.manifestDigest);
    const id = await makeBundle(rig, two, 'thief');
    const body = {
      version: '1.0.0',
      containers: containersOf(`signalbeam.local/secret@${built.manifestDigest}`),
    };
    const answer = await rig.ask('POST', `/api/bundles/${id}/versions`, {
      token: two.operator,
      body,
    });
    expect(answer).toMatchObject({
      status: 422,
      body: { errors: [{ path: 'containers[0].image' }] },
    });
    await uploaded(two, built.tar);
    expect((await blob(built.layerDigest, two.admin)).status).toBe(200);
  });

  it('need a sign-in, an approved device and a digest', async () => {
    const path = `/api/artifacts/blobs/sha256:${'0'.repeat(64)}`;
    expect((await rig.ask('GET', path)).status).toBe(401);
    expect((await rig.ask('GET', path, { token: device.token })).status).toBe(404);
    const pending = await addDevice(rig, one, 'waiting', { status: 'pending' });
    expect((await rig.ask('GET', path, { token: pending.token })).status).toBe(403);
    for (const bad of ['sha256:xyz', '..%2f..%2fetc%2fpasswd', `SHA256:${'0'.repeat(64)}`]) {
      expect(
        (await rig.ask('GET', `/api/artifacts/blobs/${bad}`, { token: device.token })).status,
      ).toBe(400);
    }
  });

  it('that the store lost are said to be lost', async () => {
    const built = buildProbe('lost', 'both', 'lost');
    await uploaded(one, built.tar);
    await rig.platform.blobs.delete(built.layerDigest);
    const answer = await rig.ask('GET', `/api/artifacts/blobs/${built.layerDigest}`, {
      token: device.token,
    });
    expect(answer).toMatchObject({ status: 503, body: { code: 'blob-store-unavailable' } });
    await uploaded(one, built.tar);
    expect((await blob(built.layerDigest, device.token)).status).toBe(200);
  });
});

describe('blobs that an upload left when it failed', () => {
  const later = () => Date.now() + orphanMs + 60_000;
  const store = async (bytes: Uint8Array): Promise<string> => {
    const digest = sha256(bytes);
    await rig.platform.blobs.put(digest, bytes.byteLength, Readable.from([bytes]));
    return digest;
  };

  it('are deleted thirty days later, and no image’s', async () => {
    const { pools, blobs } = rig.platform;
    const built = buildProbe('kept', 'both', 'kept');
    await uploaded(one, built.tar);
    const left = await store(Buffer.from('left by an upload that failed'));
    expect(await sweepBlobs({ pools, blobs, now: Date.now })).toBe(0);
    expect(await blobs.head(left)).not.toBeNull();
    expect(await sweepBlobs({ pools, blobs, now: later })).toBe(1);
    expect(await blobs.head(left)).toBeNull();
    for (const digest of [built.manifestDigest, built.configDigest, built.layerDigest]) {
      expect((await blob(digest, device.token)).status).toBe(200);
    }
  });

  it('are stored anew when they go while the same image is being uploaded', async () => {
    const { pools, blobs } = rig.platform;
    const built = buildProbe('swept', 'both', 'swept');
    const swept = new Set<string>();
    const upload = createUploader({
      pool: pools.api,
      spoolFolder: rig.platform.config.spoolDir,
      blobs: {
        ...blobs,
        // What is stored for the first time goes at once; the next time it stays.
        put: async (digest, ...content) => {
          await blobs.put(digest, ...content);
          if (swept.has(digest)) return;
          swept.add(digest);
          expect(await sweepBlobs({ pools, blobs, now: later })).toBe(1);
        },
      },
    });
    const author = {
      tenantId: one.tenantId,
      sites: null,
      actor: 'test',
      ip: null,
      requestId: null,
    };
    const images = await upload({ author, name: null, source: Readable.from([built.tar]) });
    expect(images).toMatchObject([{ digest: built.manifestDigest }]);
    expect(swept.has(built.layerDigest)).toBe(true);
    for (const digest of [built.manifestDigest, built.configDigest, built.layerDigest]) {
      expect(await blobs.head(digest)).not.toBeNull();
    }
  });
});

describe('a version of uploaded images', () => {
  // Inventory §7.30
  it('names every blob in its signed release, the manifest first', async () => {
    const built = buildProbe('released', 'both', 'released');
    const [image] = await uploaded(one, built.tar);
    const id = await makeBundle(rig, one, 'of-uploads');
    const body = { version: '1.0.0', containers: containersOf(image?.reference ?? '') };
    const made = await rig.ask('POST', `/api/bundles/${id}/versions`, {
      token: one.operator,
      body,
    });
    expect(made.status).toBe(201);
    const { releaseDigest } = made.body as { releaseDigest: string };
    const response = await rig.service.app.request(`/api/releases/${releaseDigest}`, {
      headers: { authorization: `Bearer ${device.token}` },
    });
    const opened = openRelease(await bytesOf(response), await keysetOf(rig.platform, one.tenantId));
    if (opened.kind !== 'opened') throw new Error(opened.reason);
    expect(opened.value.images).toEqual([
      {
        reference: image?.reference,
        blobs: [
          {
            digest: built.manifestDigest,
            sizeBytes: built.manifest.byteLength,
            mediaType: 'application/vnd.oci.image.manifest.v1+json',
          },
          {
            digest: built.configDigest,
            sizeBytes: built.config.byteLength,
            mediaType: 'application/vnd.oci.image.config.v1+json',
          },
          {
            digest: built.layerDigest,
            sizeBytes: built.layer.byteLength,
            mediaType: 'application/vnd.oci.image.layer.v1.tar',
          },
        ],
      },
    ]);
  });
});

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
