/**
 * Archives changed at random: whatever is done to one, it is refused by a stable code with nothing left,
 * or what is taken is exactly what its digests say. And layers that would fill a device's disk.
 */
import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { FleetError } from '@signalbeam/sync/core/errors';
import fc from 'fast-check';
import { type Header, pack } from 'tar-stream';
import { describe, expect, it } from 'vitest';
import { interpretArchive } from './interpret.ts';
import { archiveLimits, readArchive } from './read-archive.ts';
import { openSpool } from './spool.ts';

type Member = Partial<Header> & { name: string; content?: Uint8Array };

const tarOf = async (members: readonly Member[]): Promise<Buffer> => {
  const packing = pack();
  for (const { content, ...header } of members) {
    packing.entry(header, Buffer.from(content ?? new Uint8Array()));
  }
  packing.finalize();
  const chunks: Uint8Array[] = [];
  for await (const chunk of packing) chunks.push(chunk as Uint8Array);
  return Buffer.concat(chunks);
};
const hex = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));
const part = (mediaType: string, bytes: Uint8Array) => ({
  ...{ mediaType, digest: `sha256:${hex(bytes)}`, size: bytes.byteLength },
});
const blob = (bytes: Uint8Array): Member => ({
  name: `blobs/sha256/${hex(bytes)}`,
  content: bytes,
});

const oci = 'application/vnd.oci.image';
/** A layout of one image with these layers, each given packed and unpacked. */
const layoutOf = (layers: readonly { packed: Uint8Array; plain: Uint8Array }[]): Member[] => {
  const config = json({
    ...{ os: 'linux', architecture: 'arm64' },
    rootfs: { diff_ids: layers.map(({ plain }) => `sha256:${hex(plain)}`) },
  });
  const manifest = json({
    ...{ schemaVersion: 2, config: part(`${oci}.config.v1+json`, config) },
    layers: layers.map(({ packed }) => part(`${oci}.layer.v1.tar+gzip`, packed)),
  });
  const index = { schemaVersion: 2, manifests: [part(`${oci}.manifest.v1+json`, manifest)] };
  return [
    { name: 'oci-layout', content: json({ imageLayoutVersion: '1.0.0' }) },
    { name: 'index.json', content: json(index) },
    ...[manifest, config, ...layers.map(({ packed }) => packed)].map(blob),
  ];
};
const savedOf = (layers: readonly Uint8Array[]): Member[] => {
  const config = json({ rootfs: { diff_ids: layers.map((layer) => `sha256:${hex(layer)}`) } });
  const named = layers.map((layer) => ({ name: `${hex(layer)}/layer.tar`, content: layer }));
  const saved = [
    { Config: `${hex(config)}.json`, RepoTags: ['a:1'], Layers: named.map(({ name }) => name) },
  ];
  return [
    { name: `${hex(config)}.json`, content: config },
    ...named,
    { name: 'manifest.json', content: json(saved) },
  ];
};

const plain = await tarOf([{ name: 'a', content: randomBytes(600) }]);
const other = await tarOf([{ name: 'b/c', content: randomBytes(10) }]);
const bases = {
  oci: layoutOf([
    { plain, packed: gzipSync(plain) },
    { plain: other, packed: other },
  ]),
  saved: savedOf([plain, other]),
};

type Taken = { digest: string; bytes: Uint8Array }[];

/** What of it would be stored, or by which code it is refused; anything else is thrown. */
const take = async (bytes: Uint8Array, limits = archiveLimits): Promise<Taken | string> => {
  const folder = await mkdtemp(join(tmpdir(), 'hostile-'));
  try {
    const spool = await openSpool(folder);
    const pieces = async function* () {
      for (let at = 0; at < bytes.byteLength; at += 1_777) yield bytes.subarray(at, at + 1_777);
    };
    try {
      const files = await readArchive(pieces(), spool, limits);
      const { images, blobs } = await interpretArchive({ files, spool }, limits);
      const taken: Taken = [];
      for (const { digest, sizeBytes } of images.flatMap((image) => image.blobs)) {
        const file = blobs.get(digest)?.file ?? 'not there';
        const stored = await readFile(file);
        expect([digest, stored.byteLength]).toEqual([`sha256:${hex(stored)}`, sizeBytes]);
        taken.push({ digest, bytes: stored });
      }
      return taken;
    } catch (error) {
      if (!(error instanceof FleetError)) throw error;
      return error.code;
    } finally {
      await spool.remove();
      expect(await readdir(folder)).toEqual([]);
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

const digestsIn = (taken: Taken | string) =>
  typeof taken === 'string' ? taken : taken.map(({ digest }) => digest);
const codes = ['invalid-archive', 'digest-mismatch', 'body-too-large'];

const at = fc.nat(1_000_000);
const trick = fc.constantFrom(
  ...['../x', '/etc/passwd', 'blobs/../../x', 'blobs\\..\\..\\x', './index.json', './/index.json'],
  ...['blobs/sha256/../x', 'a/./b', 'con', 'index.json/', ' index.json', 'x'.repeat(300), '..'],
);
/** What somebody does to the members of an archive. */
const change = fc.oneof(
  fc.record({ kind: fc.constant('drop' as const), at }),
  fc.record({ kind: fc.constant('repeat' as const), at }),
  fc.record({ kind: fc.constant('rename' as const), at, name: trick }),
  fc.record({
    ...{ kind: fc.constant('link' as const), at, target: trick },
    type: fc.constantFrom('symlink' as const, 'link' as const, 'fifo' as const),
  }),
  fc.record({ kind: fc.constant('flip' as const), at, byte: at }),
  fc.record({ kind: fc.constant('swap' as const), at, with: at }),
  fc.record({ kind: fc.constant('pax' as const), at, name: trick, size: fc.integer() }),
);
type Change = typeof change extends fc.Arbitrary<infer T> ? T : never;

const changed = (members: readonly Member[], made: Change): Member[] => {
  const index = made.at % members.length;
  const member = members[index] as Member;
  const put = (...instead: Member[]) => members.toSpliced(index, 1, ...instead);
  switch (made.kind) {
    case 'drop':
      return put();
    case 'repeat':
      return [...members, member];
    case 'rename':
      return put({ ...member, name: made.name });
    case 'link':
      return put({ name: member.name, type: made.type, linkname: made.target });
    case 'pax':
      return put({ ...member, pax: { path: made.name, size: String(made.size) } });
    case 'swap': {
      const target = made.with % members.length;
      return put({ ...member, name: (members[target] as Member).name });
    }
    case 'flip': {
      const content = Buffer.from(member.content ?? new Uint8Array());
      const byte = made.byte % Math.max(1, content.byteLength);
      content[byte] = (content[byte] ?? 0) ^ 1;
      return put({ ...member, content });
    }
  }
};

describe.each(Object.entries(bases))('an archive of the form %s', (_, members) => {
  it('is the same in any order of its members', async () => {
    const inOrder = digestsIn(await take(await tarOf(members)));
    expect(inOrder).toHaveLength(4);
    await fc.assert(
      fc.asyncProperty(fc.shuffledSubarray(members, { minLength: members.length }), async (all) => {
        expect(digestsIn(await take(await tarOf(all)))).toEqual(inOrder);
      }),
      { numRuns: 20 },
    );
  });

  it('that somebody changed is refused by a known code, or is what its digests say', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 3 }), async (changes) => {
        const bytes = await tarOf(changes.reduce(changed, members));
        const taken = await take(bytes);
        if (typeof taken === 'string') expect(codes).toContain(taken);
      }),
      { numRuns: 150 },
    );
  });

  it('that was cut or damaged anywhere is refused by a known code, or is whole all the same', async () => {
    const whole = await tarOf(members);
    const good = digestsIn(await take(whole));
    await fc.assert(
      fc.asyncProperty(fc.boolean(), fc.nat(whole.byteLength - 1), async (packed, place) => {
        const bytes = packed ? gzipSync(whole) : whole;
        const cut = digestsIn(await take(bytes.subarray(0, place % bytes.byteLength)));
        if (typeof cut === 'string') expect(codes).toContain(cut);
        else expect(cut).toEqual(good);
        const flipped = Buffer.from(bytes);
        const byte = place % bytes.byteLength;
        flipped[byte] = (flipped[byte] ?? 0) ^ 0x11;
        const damaged = await take(flipped);
        if (typeof damaged === 'string') expect(codes).toContain(damaged);
      }),
      { numRuns: 100 },
    );
  });
});

describe('a layer', () => {
  const imageOf = async (packed: Uint8Array, unpacked: Uint8Array = plain) =>
    tarOf(layoutOf([{ packed, plain: unpacked }]));

  it('may be packed with gzip, with Zstandard in several frames, or not at all', async () => {
    const [one, two] = [plain.subarray(0, 700), plain.subarray(700)];
    const skipped = Buffer.from([0x50, 0x2a, 0x4d, 0x18, 2, 0, 0, 0, 7, 7]);
    for (const packed of [
      plain,
      gzipSync(plain),
      Buffer.concat([gzipSync(one), gzipSync(two)]),
      zstdCompressSync(plain),
      Buffer.concat([skipped, zstdCompressSync(one), zstdCompressSync(two)]),
    ]) {
      expect(digestsIn(await take(await imageOf(packed)))).toHaveLength(3);
    }
  });

  it('is refused when it explodes, alone or with others, before it does', async () => {
    const limits = { ...archiveLimits, layersBytesMax: 3_000_000 };
    const zeros = await tarOf([{ name: 'zeros', content: Buffer.alloc(2_000_000) }]);
    for (const bomb of [gzipSync(zeros), zstdCompressSync(zeros)]) {
      expect(bomb.byteLength).toBeLessThan(5_000);
      expect(digestsIn(await take(await imageOf(bomb, zeros), limits))).toHaveLength(3);
      const two = layoutOf([
        { packed: bomb, plain: zeros },
        { packed: gzipSync(zeros, { level: 1 }), plain: zeros },
      ]);
      expect(await take(await tarOf(two), limits)).toBe('body-too-large');
    }
  });

  it('is refused when it is another than its configuration says, no tar, cut, or sparse', async () => {
    expect(await take(await imageOf(gzipSync(other)))).toBe('digest-mismatch');
    for (const wrong of [
      randomBytes(3_000),
      gzipSync(randomBytes(3_000)),
      gzipSync(plain).subarray(0, 200),
      zstdCompressSync(plain).subarray(0, 200),
      plain.subarray(0, 900),
    ]) {
      expect(await take(await imageOf(wrong, wrong))).toBe('invalid-archive');
    }
    const sparse = Buffer.from(await tarOf([{ name: 'sparse', content: randomBytes(100) }]));
    sparse.write('S', 156);
    const sum = sparse.subarray(0, 512).reduce((all, byte) => all + byte, 0);
    const own = sparse.subarray(148, 156).reduce((all, byte) => all + byte, 0);
    sparse.write(`${(sum - own + 8 * 32).toString(8).padStart(6, '0')}\0 `, 148);
    expect(await take(await imageOf(sparse, sparse))).toBe('invalid-archive');
    const pax = { 'GNU.sparse.realsize': '1099511627776' };
    const paxSparse = await tarOf([{ name: 'sparse', content: randomBytes(100), pax }]);
    expect(await take(await imageOf(paxSparse, paxSparse))).toBe('invalid-archive');
  });

  it('that is announced larger than an archive may be is refused before it is read', async () => {
    const announced = Buffer.from(await tarOf([{ name: 'huge', content: new Uint8Array(512) }]));
    announced.write('77777777777', 124);
    announced.write('        ', 148);
    const sum = announced.subarray(0, 512).reduce((all, byte) => all + byte, 0);
    announced.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
    expect(await take(announced)).toBe('body-too-large');
  });
});
