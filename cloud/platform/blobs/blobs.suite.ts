/** What every blob store does, run on each adapter. */
import { createHash, randomBytes } from 'node:crypto';
import { FleetError } from '@signalbeam/sync/core/errors';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Blobs } from './port.ts';

async function* chunksOf(bytes: Uint8Array, chunkBytes = 64 * 1024): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < bytes.byteLength; start += chunkBytes) {
    yield bytes.subarray(start, start + chunkBytes);
  }
}

const digestOf = (bytes: Uint8Array): string =>
  `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

const readAll = async (stream: ReadableStream<Uint8Array>): Promise<Buffer> => {
  const parts: Uint8Array[] = [];
  for await (const part of stream) parts.push(part);
  return Buffer.concat(parts);
};

type Opened = { blobs: Blobs; presigns: boolean };

export const describeBlobs = (name: string, open: () => Promise<Opened>): void => {
  describe(`blobs: ${name}`, () => {
    let blobs: Blobs;
    let presigns: boolean;
    beforeAll(async () => {
      ({ blobs, presigns } = await open());
    });

    const store = async (bytes: Uint8Array): Promise<string> => {
      const digest = digestOf(bytes);
      await blobs.put(digest, bytes.byteLength, chunksOf(bytes));
      return digest;
    };
    const codeOf = async (work: Promise<unknown>): Promise<string> => {
      const error = await work.then(
        () => null,
        (reason: unknown) => reason,
      );
      return error instanceof FleetError ? error.code : String(error);
    };

    /** Null where the storage answers nobody but us. */
    const linkTo = async (digest: string, expiresAtMs: number): Promise<string | null> => {
      const link = await blobs.presigned(digest, expiresAtMs);
      expect(link !== null).toBe(presigns);
      return link;
    };

    it('returns what was stored, whole and in ranges', async () => {
      const bytes = randomBytes(300_000);
      const digest = await store(bytes);
      expect(await blobs.head(digest)).toEqual({ sizeBytes: bytes.byteLength });
      const whole = await blobs.get(digest);
      expect(whole?.sizeBytes).toBe(bytes.byteLength);
      if (whole) expect((await readAll(whole.stream)).equals(bytes)).toBe(true);
      const part = await blobs.get(digest, { start: 100_000, end: 100_009 });
      expect(part?.range).toEqual({ start: 100_000, end: 100_009 });
      if (part) expect(await readAll(part.stream)).toEqual(bytes.subarray(100_000, 100_010));
      const tail = await blobs.get(digest, { start: 299_990 });
      if (tail) expect(await readAll(tail.stream)).toEqual(bytes.subarray(299_990));
      expect(await codeOf(blobs.get(digest, { start: 300_000 }))).toBe('range-not-satisfiable');
    });

    it('stores more than one block', async () => {
      const bytes = randomBytes(9 * 1024 * 1024);
      const found = await blobs.get(await store(bytes));
      if (found) expect((await readAll(found.stream)).equals(bytes)).toBe(true);
      expect(found).not.toBeNull();
    });

    it('stores an empty blob', async () => {
      const digest = await store(new Uint8Array());
      const found = await blobs.get(digest);
      expect(found?.sizeBytes).toBe(0);
      if (found) expect(await readAll(found.stream)).toHaveLength(0);
    });

    it('knows nothing of what was never stored', async () => {
      const digest = digestOf(randomBytes(8));
      expect(await blobs.head(digest)).toBeNull();
      expect(await blobs.get(digest)).toBeNull();
      await blobs.delete(digest);
    });

    it('keeps nothing of a content with another digest or size, or that breaks off', async () => {
      const bytes = randomBytes(1000);
      const other = digestOf(randomBytes(1000));
      expect(await codeOf(blobs.put(other, 1000, chunksOf(bytes)))).toBe('digest-mismatch');
      expect(await codeOf(blobs.put(digestOf(bytes), 999, chunksOf(bytes)))).toBe(
        'digest-mismatch',
      );
      expect(await codeOf(blobs.put(digestOf(bytes), 1001, chunksOf(bytes)))).toBe(
        'digest-mismatch',
      );
      async function* broken(): AsyncGenerator<Uint8Array> {
        yield bytes.subarray(0, 500);
        throw new Error('the upload broke off');
      }
      await expect(blobs.put(digestOf(bytes), 1000, broken())).rejects.toThrow('broke off');
      expect(await blobs.head(other)).toBeNull();
      expect(await blobs.head(digestOf(bytes))).toBeNull();
    });

    it('reads nothing when the blob is there already, and bears many at once', async () => {
      const bytes = randomBytes(200_000);
      const digest = digestOf(bytes);
      await Promise.all(
        Array.from({ length: 5 }, () => blobs.put(digest, bytes.byteLength, chunksOf(bytes))),
      );
      let asked = false;
      async function* never(): AsyncGenerator<Uint8Array> {
        asked = true;
        yield bytes;
      }
      await blobs.put(digest, bytes.byteLength, never());
      expect(asked).toBe(false);
      const found = await blobs.get(digest);
      if (found) expect((await readAll(found.stream)).equals(bytes)).toBe(true);
    });

    it('lists and deletes', async () => {
      const bytes = randomBytes(123);
      const digest = await store(bytes);
      const listed: { digest: string; sizeBytes: number; storedAtMs: number }[] = [];
      for await (const blob of blobs.list()) listed.push(blob);
      const found = listed.find((blob) => blob.digest === digest);
      expect(found).toEqual({ digest, sizeBytes: 123, storedAtMs: expect.any(Number) });
      // Within what a clock of another machine and whole seconds make of it.
      expect(Math.abs((found?.storedAtMs ?? 0) - Date.now())).toBeLessThan(600_000);
      await store(bytes);
      for await (const blob of blobs.list())
        if (blob.digest === digest) expect(blob).toEqual(found);
      await blobs.delete(digest);
      expect(await blobs.head(digest)).toBeNull();
    });

    it.each([
      '../../etc/passwd',
      'sha256:../../../../etc/passwd',
      `sha256:${'A'.repeat(64)}`,
      `sha256:${'a'.repeat(63)}`,
      `sha256:${'a'.repeat(64)}/..`,
      `sha512:${'a'.repeat(64)}`,
      `sha256:${'a'.repeat(64)}\n`,
      '',
    ])('refuses %j as a digest', async (digest) => {
      expect(await codeOf(blobs.head(digest))).toBe('invalid-request');
      expect(await codeOf(blobs.get(digest))).toBe('invalid-request');
      expect(await codeOf(blobs.delete(digest))).toBe('invalid-request');
      expect(await codeOf(blobs.put(digest, 1, chunksOf(Buffer.of(1))))).toBe('invalid-request');
    });

    it('gives links that open one blob, whole, in ranges and by its tag', async () => {
      const bytes = randomBytes(5_000);
      const digest = await store(bytes);
      const link = await linkTo(digest, Date.now() + 60_000);
      if (link === null) return;
      const whole = await fetch(link);
      expect(whole.status).toBe(200);
      expect(Buffer.from(await whole.arrayBuffer()).equals(bytes)).toBe(true);
      expect(whole.headers.get('content-disposition')).toMatch(/^attachment/);
      expect(whole.headers.get('content-type')).toBe('application/octet-stream');
      const part = await fetch(link, { headers: { range: 'bytes=1000-1009' } });
      expect([part.status, part.headers.get('content-range')]).toEqual([
        206,
        'bytes 1000-1009/5000',
      ]);
      expect(Buffer.from(await part.arrayBuffer())).toEqual(bytes.subarray(1_000, 1_010));
      const tag = whole.headers.get('etag') ?? '';
      expect((await fetch(link, { headers: { 'if-none-match': tag } })).status).toBe(304);
    });

    it('gives links that end, open nothing else and change nothing', async () => {
      const [mine, other] = [await store(randomBytes(64)), await store(randomBytes(64))];
      const soon = Date.now() + 60_000;
      const refused = async (link: string, init: RequestInit = {}): Promise<void> => {
        const answer = await fetch(link, init);
        expect([401, 403, 404, 405]).toContain(answer.status);
        await answer.text();
      };
      expect(await codeOf(blobs.presigned('sha256:../../x', soon))).toBe('invalid-request');
      const link = await linkTo(mine, soon);
      if (link === null) return;
      await refused((await linkTo(mine, Date.now() - 1_000)) ?? '');
      const hexOf = (digest: string) => digest.slice('sha256:'.length);
      await refused(link.replace(hexOf(mine), hexOf(other)));
      await refused(link.slice(0, link.indexOf('?')));
      await refused(link, { method: 'DELETE' });
      await refused((await linkTo(digestOf(randomBytes(8)), soon)) ?? '');
      expect(await blobs.head(mine)).not.toBeNull();
    });
  });
};
