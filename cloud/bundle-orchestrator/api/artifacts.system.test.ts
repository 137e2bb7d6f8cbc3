import { readdir, rm } from 'node:fs/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { gzipSync } from 'node:zlib';
import { uploadPartBytes } from '@signalbeam/sync/core/limits';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import {
  buildProbe,
  bytesOf,
  type Image,
  openStore,
  type Store,
  sha256,
} from '../artifact-store.suite.ts';
import { sweepUploads } from '../artifacts/sweep-uploads.ts';
import { uploadLifeMs } from '../artifacts/upload-parts.ts';
import { openTenant } from '../rig.suite.ts';

let rig: Store['rig'];
let one: Store['one'];
let device: Store['device'];
let upload: Store['upload'];
let uploaded: Store['uploaded'];
let blob: Store['blob'];
beforeAll(async () => {
  ({ rig, one, device, upload, uploaded, blob } = await openStore(inject('postgresUrl')));
});
afterAll(() => rig.stop());

describe('uploading', () => {
  it('takes an OCI archive and serves exactly its blobs', async () => {
    const built = buildProbe('web');
    const [image] = await uploaded(one, built.tar);
    const parts = [built.manifest, built.config, built.layer];
    expect(image).toEqual({
      reference: `signalbeam.local/web@${built.manifestDigest}`,
      name: 'web',
      digest: built.manifestDigest,
      sizeBytes: parts.reduce((sum, part) => sum + part.byteLength, 0),
      tags: ['1'],
      platforms: [`linux/${process.arch === 'x64' ? 'amd64' : process.arch}`],
    });
    for (const part of parts) {
      const response = await blob(sha256(part), device.token);
      expect(response.status).toBe(200);
      expect((await bytesOf(response)).equals(Buffer.from(part))).toBe(true);
    }
  });

  it('takes it compressed, and under the name that the uploader gives', async () => {
    const built = buildProbe('zipped');
    const [image] = await uploaded(one, gzipSync(built.tar), '?name=team/other');
    expect(image?.reference).toBe(`signalbeam.local/team/other@${built.manifestDigest}`);
  });

  it('is what a compose file may mean by its name and tag, and says so there', async () => {
    const [image] = await uploaded(one, buildProbe('composed').tar, '?name=team/composed');
    const compose = 'services: {web: {image: "team/composed:1"}, db: {image: "team/unknown:1"}}';
    const token = one.operator;
    const read = (body: object) =>
      rig.ask('POST', '/api/bundles/validate/compose', { token, body });
    const { body } = await read({ compose });
    const [web, db] = (body as { errors: { path: string; message: string }[] }).errors;
    expect(web).toMatchObject({ path: 'services.web.image' });
    expect(web?.message).toContain(`Uploaded under this name and tag is ${image?.reference}`);
    expect(db?.message).not.toContain('Uploaded');
    const images = { 'team/composed:1': image?.reference, 'team/unknown:1': image?.reference };
    expect((await read({ compose, images })).body).toMatchObject({ valid: true });
  });

  it('takes the same again without doubling anything', async () => {
    const built = buildProbe('twice', 'both', 'twice');
    const first = await uploaded(one, built.tar);
    expect(await uploaded(one, built.tar)).toEqual(first);
    const { rows } = await rig.owner.query(
      'SELECT tags FROM bundle_orchestrator.artifacts WHERE digest = $1',
      [built.manifestDigest],
    );
    expect(rows).toEqual([{ tags: ['1'] }]);
  });

  it('takes it in parts, in any order and again, and keeps nothing of a damaged one', async () => {
    const built = buildProbe('parts');
    const bytes = Buffer.concat([built.tar, Buffer.alloc(uploadPartBytes)]);
    const [first, second] = [bytes.subarray(0, uploadPartBytes), bytes.subarray(uploadPartBytes)];
    const wish = {
      ...{ digest: sha256(bytes), sizeBytes: bytes.byteLength, name: 'in/parts' },
      parts: [sha256(first), sha256(second)],
    };
    const token = one.operator;
    const begin = (body: object = wish) =>
      rig.ask('POST', '/api/artifacts/uploads', { token, body });
    const begun = await begin();
    expect(begun).toMatchObject({ status: 201, body: { partCount: 2, received: [] } });
    const { id } = begun.body as { id: string };
    const send = (index: number, part: Uint8Array, to = id) =>
      rig.ask('PUT', `/api/artifacts/upload-parts/${to}/${index}`, {
        ...{ token, body: part, headers: { 'content-type': 'application/octet-stream' } },
      });
    const finish = (of = id) => rig.ask('POST', `/api/artifacts/uploads/${of}/finish`, { token });
    expect((await send(1, second)).status).toBe(204);
    expect((await send(1, second)).status).toBe(204);
    expect(await send(0, second)).toMatchObject({
      ...{ status: 422, body: { code: 'digest-mismatch' } },
    });
    expect((await send(2, second)).status).toBe(404);
    expect(await finish()).toMatchObject({ status: 409, body: { code: 'parts-missing' } });
    // After a cut: the same words find what is there.
    expect((await begin()).body).toMatchObject({ id, received: [1] });
    expect((await send(0, first)).status).toBe(204);
    const reference = `signalbeam.local/in/parts@${built.manifestDigest}`;
    expect(await finish()).toMatchObject({ status: 201, body: { images: [{ reference }] } });
    const ended = { code: 'not-found', next: expect.stringContaining('send every part') };
    expect(await finish()).toMatchObject({ status: 404, body: ended });
    expect((await begin()).body).toMatchObject({ received: [] });
    const lie = { ...wish, digest: sha256(first) };
    const lied = (await begin(lie)).body as { id: string; received: number[] };
    // Staged is not received: to know a digest is not to have the bytes.
    expect(lied.received).toEqual([]);
    expect((await send(0, second, lied.id)).status).toBe(422);
    expect(await finish(lied.id)).toMatchObject({ status: 409, body: { code: 'parts-missing' } });
    expect((await send(0, first, lied.id)).status).toBe(204);
    expect((await send(1, second, lied.id)).status).toBe(204);
    expect(await finish(lied.id)).toMatchObject({
      ...{ status: 422, body: { code: 'digest-mismatch' } },
    });
    const { pools, staging } = rig.platform;
    await sweepUploads({ pools, staging, now: Date.now });
    expect(await staging.head(sha256(first))).not.toBeNull();
    await sweepUploads({ pools, staging, now: () => Date.now() + uploadLifeMs + 1_000 });
    expect(await staging.head(sha256(first))).toBeNull();
    expect(await begin({ ...wish, parts: [sha256(first)] })).toMatchObject({
      ...{ status: 400, body: { code: 'invalid-request' } },
    });
  });

  it('has a few uploads in parts begun at once, also when all come together', async () => {
    const tenant = await openTenant(rig, 'crowd');
    const begin = (name: string) => {
      const digest = sha256(Buffer.from(name));
      const body = { digest, sizeBytes: 1, parts: [digest] };
      return rig.ask('POST', '/api/artifacts/uploads', { token: tenant.operator, body });
    };
    await Promise.all([...'abcdefg'].map(begin));
    const last = await Promise.all([...'hijk'].map(begin));
    expect(last.map(({ status }) => status).sort()).toEqual([201, 403, 403, 403]);
  });

  it.each([
    [
      'a form',
      new Uint8Array(10),
      { 'content-type': 'multipart/form-data; boundary=x' },
      415,
      'unsupported-media-type',
    ],
    [
      'JSON',
      Buffer.from('{}'),
      { 'content-type': 'application/json' },
      415,
      'unsupported-media-type',
    ],
    ['noise', new Uint8Array(2_000).fill(7), {}, 422, 'invalid-archive'],
    [
      'more than is allowed',
      new Uint8Array(10),
      { 'content-length': String(5 * 2 ** 30) },
      413,
      'body-too-large',
    ],
  ])('refuses %s and leaves nothing', async (_, body, headers, status, code) => {
    const before = await readdir(rig.platform.config.blobDir, { recursive: true });
    expect(await upload(one, body, '', headers)).toMatchObject({ status, body: { code } });
    expect(await readdir(rig.platform.config.blobDir, { recursive: true })).toEqual(before);
    expect(await readdir(rig.platform.config.spoolDir)).toEqual([]);
  });

  it('refuses a damaged archive and leaves nothing', async () => {
    const { tar } = buildProbe('damaged', 'both', 'damaged');
    const broken = Buffer.from(tar);
    const at = broken.indexOf('ELF') + 1_000;
    broken[at] = (broken[at] ?? 0) ^ 1;
    const before = await readdir(rig.platform.config.blobDir, { recursive: true });
    expect(await upload(one, broken)).toMatchObject({
      status: 422,
      body: { code: 'digest-mismatch' },
    });
    expect(await readdir(rig.platform.config.blobDir, { recursive: true })).toEqual(before);
    expect(await readdir(rig.platform.config.spoolDir)).toEqual([]);
  });

  it('refuses names that are none, and people who may not', async () => {
    const { tar } = buildProbe('web');
    for (const name of ['Upper', '../up', 'a b', '']) {
      const answer = await upload(one, tar, `?name=${encodeURIComponent(name)}`);
      expect(answer).toMatchObject({ status: 400, body: { errors: [{ path: 'name' }] } });
    }
    for (const token of [one.viewer, device.token]) {
      expect((await rig.ask('POST', '/api/artifacts', { token, body: tar })).status).toBe(403);
    }
  });

  /** What nobody holds any more does not count, whenever it would have been collected. */
  const collector = (): (() => void) => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('() => gc({ type: "minor" })') as () => void;
    setFlagsFromString('--no-expose-gc');
    return collect;
  };

  it('uses little memory for a large image', async () => {
    const large = buildProbe('large', 'both', Buffer.alloc(64 * 2 ** 20, 'x').toString());
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        for (let at = 0; at < large.tar.byteLength; at += 65_536) {
          controller.enqueue(large.tar.subarray(at, at + 65_536));
        }
        controller.close();
      },
    });
    const collect = collector();
    const held = (): number => {
      collect();
      return process.memoryUsage().arrayBuffers;
    };
    const before = held();
    let peak = 0;
    const timer = setInterval(() => {
      peak = Math.max(peak, held());
    }, 5);
    const response = await rig.service.app.request('/api/artifacts', {
      method: 'POST',
      headers: { authorization: `Bearer ${one.operator}` },
      body,
      duplex: 'half',
    } as RequestInit);
    clearInterval(timer);
    expect(response.status).toBe(201);
    // The queue of this test holds views of one buffer; what comes on top is the service's.
    expect(peak - before).toBeLessThan(16 * 2 ** 20);
  });

  it('is told to the audit log and to who listens', async () => {
    const built = buildProbe('told', 'both', 'told');
    await uploaded(one, built.tar);
    const { rows } = await rig.owner.query(
      `SELECT data FROM platform.domain_events
        WHERE subject = 'signalbeam.bundles.artifacts.uploaded' ORDER BY position DESC LIMIT 1`,
    );
    expect(rows).toMatchObject([{ data: { images: [{ digest: built.manifestDigest }] } }]);
    const audit = await rig.owner.query(
      `SELECT actor FROM platform.audit_log WHERE action = 'artifact.upload' AND target LIKE $1`,
      [`%${built.manifestDigest}`],
    );
    expect(audit.rows).toEqual([{ actor: 'user:operator@one.example' }]);
  });
});

describe('the list of images', () => {
  it('comes in pages, the newest first, none twice and none left out', async () => {
    const tenant = await openTenant(rig, 'pages');
    const built = buildProbe('many', 'both', 'many');
    const names = ['a', 'b', 'c', 'd', 'e'];
    await Promise.all(
      names.slice(0, 4).map((name) => uploaded(tenant, built.tar, `?name=${name}`)),
    );
    await uploaded(tenant, built.tar, '?name=e');
    const seen: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const query = cursor === '' ? '' : `&cursor=${cursor}`;
      const page = await rig.ask('GET', `/api/artifacts?limit=2${query}`, { token: tenant.viewer });
      const body = page.body as { images: Image[]; nextCursor: string | null };
      seen.push(...body.images.map(({ name }) => name));
      cursor = body.nextCursor;
    }
    expect(seen[0]).toBe('e');
    expect([...seen].sort()).toEqual(names);
  });

  it('refuses uploads beyond a few at once', async () => {
    const { tar } = buildProbe('busy', 'both', 'busy');
    let open: (() => void)[] = [];
    const slow = () =>
      new ReadableStream<Uint8Array>({
        start: (controller) => {
          controller.enqueue(tar.subarray(0, 100));
          open.push(() => {
            controller.enqueue(tar.subarray(100));
            controller.close();
          });
        },
      });
    const begin = () =>
      rig.service.app.request('/api/artifacts', {
        method: 'POST',
        headers: { authorization: `Bearer ${one.operator}` },
        body: slow(),
        duplex: 'half',
      } as RequestInit);
    const running = Array.from({ length: 5 }, begin);
    const first = await Promise.race(running);
    expect(first.status).toBe(429);
    for (const finish of open) finish();
    open = [];
    const statuses = (await Promise.all(running)).map(({ status }) => status);
    expect(statuses.sort()).toEqual([201, 201, 201, 201, 429]);
    expect(await readdir(rig.platform.config.spoolDir)).toEqual([]);
  });

  it('works on when the spool folder is gone', async () => {
    await rm(rig.platform.config.spoolDir, { recursive: true });
    expect(await uploaded(one, buildProbe('again', 'both', 'again').tar)).toHaveLength(1);
  });
});
