/** Blobs and images as devices fetch them, and what becomes of those that nobody names. */
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
