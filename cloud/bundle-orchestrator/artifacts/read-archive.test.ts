import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { FleetError } from '@signalbeam/sync/core/errors';
import { type Header, pack } from 'tar-stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { interpretArchive } from './interpret.ts';
import { archiveLimits, readArchive } from './read-archive.ts';
import { openSpool, type Spool, sweepSpool } from './spool.ts';

type Entry = Partial<Header> & { name: string; content?: Uint8Array | string };

const tar = async (entries: readonly Entry[]): Promise<Buffer> => {
  const packing = pack();
  for (const { content, ...header } of entries) packing.entry(header, content ?? '');
  packing.finalize();
  const chunks: Uint8Array[] = [];
  for await (const chunk of packing) chunks.push(chunk as Uint8Array);
  return Buffer.concat(chunks);
};

const hex = (bytes: Uint8Array | string): string =>
  createHash('sha256').update(bytes).digest('hex');
const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));
/** In pieces of odd sizes, as a network delivers it. */
const pieces = async function* (bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.byteLength; at += 777) yield bytes.subarray(at, at + 777);
};

let folder: string;
let spool: Spool;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'archive-'));
  spool = await openSpool(folder);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const read = (bytes: Uint8Array, limits = archiveLimits) =>
  readArchive(pieces(bytes), spool, limits);
const interpret = async (bytes: Uint8Array) =>
  interpretArchive({ files: await read(bytes), spool });
const refusal = async (work: Promise<unknown>): Promise<{ code: string; message: string }> => {
  const error = await work.then(
    () => new Error('it was taken'),
    (error: FleetError) => error,
  );
  return { code: (error as FleetError).code, message: error.message };
};

const layer = await tar([{ name: 'www/index.html', content: randomBytes(400) }]);
const config = json({
  os: 'linux',
  architecture: 'amd64',
  rootfs: { diff_ids: [`sha256:${hex(layer)}`] },
});
const ociManifest = 'application/vnd.oci.image.manifest.v1+json';
const descriptor = (mediaType: string, bytes: Uint8Array, more: object = {}) => ({
  mediaType,
  digest: `sha256:${hex(bytes)}`,
  size: bytes.byteLength,
  ...more,
});
const manifestOf = (more: object = {}): Buffer =>
  json({
    schemaVersion: 2,
    mediaType: ociManifest,
    config: descriptor('application/vnd.oci.image.config.v1+json', config),
    layers: [descriptor('application/vnd.oci.image.layer.v1.tar', layer)],
    ...more,
  });
const blob = (bytes: Uint8Array): Entry => ({ name: `blobs/sha256/${hex(bytes)}`, content: bytes });
const layout = (manifests: unknown[], blobs: Uint8Array[], more: Entry[] = []): Entry[] => [
  { name: 'oci-layout', content: json({ imageLayoutVersion: '1.0.0' }) },
  { name: 'index.json', content: json({ schemaVersion: 2, manifests }) },
  ...blobs.map(blob),
  ...more,
];
const simple = (more: Entry[] = []): Entry[] => {
  const manifest = manifestOf();
  const annotations = { 'org.opencontainers.image.ref.name': 'docker.io/team/app:1' };
  return layout(
    [descriptor(ociManifest, manifest, { annotations })],
    [manifest, config, layer],
    more,
  );
};

const oldId = 'b'.repeat(64);
const dockerSave = (
  layers: string[],
  more: Entry[] = [],
  diffIds = [`sha256:${hex(layer)}`],
): Entry[] => {
  const saved = json({
    os: 'linux',
    architecture: 'arm64',
    variant: 'v8',
    rootfs: { diff_ids: diffIds },
  });
  return [
    { name: `${oldId}/`, type: 'directory' },
    { name: `${oldId}/VERSION`, content: '1.0' },
    { name: `${oldId}/json`, content: '{}' },
    { name: `${oldId}/layer.tar`, content: layer },
    { name: `${hex(saved)}.json`, content: saved },
    {
      name: 'manifest.json',
      content: json([{ Config: `${hex(saved)}.json`, RepoTags: ['app:1'], Layers: layers }]),
    },
    ...more,
  ];
};

describe('an OCI archive', () => {
  it('becomes an image with all of its blobs, the manifest first', async () => {
    const { images, blobs } = await interpret(await tar(simple()));
    const digests = [manifestOf(), config, layer].map((bytes) => `sha256:${hex(bytes)}`);
    expect(images).toMatchObject([
      {
        digest: digests[0],
        mediaType: ociManifest,
        names: ['docker.io/team/app:1'],
        platforms: ['linux/amd64'],
      },
    ]);
    expect(images[0]?.blobs.map(({ digest }) => digest)).toEqual(digests);
    expect([...blobs.keys()]).toEqual(digests);
  });

  it('may be compressed with gzip', async () => {
    expect((await interpret(gzipSync(await tar(simple())))).images).toHaveLength(1);
  });

  it('keeps an index for several platforms, without those that it lacks', async () => {
    const arm = manifestOf({ annotations: { for: 'arm' } });
    const manifest = manifestOf();
    const index = json({
      schemaVersion: 2,
      manifests: [
        descriptor(ociManifest, manifest, { platform: { os: 'linux', architecture: 'amd64' } }),
        descriptor(ociManifest, arm, { platform: { os: 'linux', architecture: 'arm64' } }),
        descriptor(ociManifest, json('absent'), {
          platform: { os: 'linux', architecture: 's390x' },
        }),
      ],
    });
    const ociIndex = 'application/vnd.oci.image.index.v1+json';
    const entries = layout([descriptor(ociIndex, index)], [index, manifest, arm, config, layer]);
    const { images } = await interpret(await tar(entries));
    expect(images).toMatchObject([
      {
        digest: `sha256:${hex(index)}`,
        mediaType: ociIndex,
        platforms: ['linux/amd64', 'linux/arm64'],
      },
    ]);
    expect(images[0]?.blobs).toHaveLength(5);
    const none = layout([descriptor(ociIndex, index)], [index]);
    expect((await refusal(interpret(await tar(none)))).code).toBe('invalid-archive');
  });

  it('takes full names from the manifest.json beside it', async () => {
    const saved = json([
      { Config: `blobs/sha256/${hex(config)}`, RepoTags: ['probe:7'], Layers: [] },
    ]);
    const manifest = manifestOf();
    const annotations = { 'org.opencontainers.image.ref.name': 'latest' };
    const entries = layout(
      [descriptor(ociManifest, manifest, { annotations })],
      [manifest, config, layer],
      [{ name: 'manifest.json', content: saved }],
    );
    const { images } = await interpret(await tar(entries));
    expect(images).toMatchObject([{ names: ['probe:7'], bareTags: ['latest'] }]);
  });

  it.each([
    [
      'a blob that is not there',
      layout([descriptor(ociManifest, manifestOf())], [manifestOf(), config]),
    ],
    [
      'a manifest that is not there',
      layout([descriptor(ociManifest, manifestOf())], [config, layer]),
    ],
    [
      'something that is no image',
      layout([descriptor('text/plain', manifestOf())], [manifestOf()]),
    ],
    [
      'a manifest that is an index too',
      layout(
        [descriptor(ociManifest, manifestOf({ manifests: [] }))],
        [manifestOf({ manifests: [] }), config, layer],
      ),
    ],
    [
      'a manifest that calls itself something else',
      layout(
        [descriptor('application/vnd.docker.distribution.manifest.v2+json', manifestOf())],
        [manifestOf(), config, layer],
      ),
    ],
    ['no image at all', layout([], [])],
    ['no layout mark', simple().slice(1)],
  ])('is refused with %s', async (_, entries) => {
    expect((await refusal(interpret(await tar(entries)))).code).toBe('invalid-archive');
  });

  it('is refused when a blob is not what its name says', async () => {
    const lie: Entry = { name: `blobs/sha256/${'c'.repeat(64)}`, content: 'something' };
    expect((await refusal(interpret(await tar(simple([lie]))))).code).toBe('digest-mismatch');
  });

  it('is refused when a blob is not as large as its manifest says', async () => {
    const wrong = manifestOf({
      layers: [
        {
          ...descriptor('application/vnd.oci.image.layer.v1.tar', layer),
          size: layer.byteLength - 1,
        },
      ],
    });
    const entries = layout([descriptor(ociManifest, wrong)], [wrong, config, layer]);
    expect((await refusal(interpret(await tar(entries)))).code).toBe('digest-mismatch');
  });
});

describe('an archive of an older docker save', () => {
  it('gets a manifest, the same for the same image', async () => {
    const bytes = await tar(dockerSave([`${oldId}/layer.tar`]));
    const first = await interpret(bytes);
    const second = await interpret(bytes);
    expect(first.images).toEqual(second.images);
    expect(first.images).toMatchObject([
      {
        names: ['app:1'],
        platforms: ['linux/arm64/v8'],
        mediaType: 'application/vnd.docker.distribution.manifest.v2+json',
      },
    ]);
    const digest = first.images[0]?.digest ?? '';
    const file = first.blobs.get(digest);
    const manifest = JSON.parse(String(file && (await spool.read(file))));
    expect(manifest.layers).toEqual([
      {
        mediaType: 'application/vnd.docker.image.rootfs.diff.tar',
        size: layer.byteLength,
        digest: `sha256:${hex(layer)}`,
      },
    ]);
    expect(digest).toBe(`sha256:${hex(JSON.stringify(manifest))}`);
  });

  it('may name a layer twice by a link to the first', async () => {
    const other = 'd'.repeat(64);
    const link: Entry = {
      name: `${other}/layer.tar`,
      type: 'symlink',
      linkname: `../${oldId}/layer.tar`,
    };
    const twice = [`sha256:${hex(layer)}`, `sha256:${hex(layer)}`];
    const entries = dockerSave([`${oldId}/layer.tar`, `${other}/layer.tar`], [link], twice);
    const { images } = await interpret(await tar(entries));
    expect(images[0]?.blobs).toHaveLength(3);
  });

  it('is refused when a layer is missing, too many or another', async () => {
    const path = `${oldId}/layer.tar`;
    expect((await refusal(interpret(await tar(dockerSave(['x/layer.tar']))))).code).toBe(
      'invalid-archive',
    );
    expect((await refusal(interpret(await tar(dockerSave([path, path]))))).code).toBe(
      'invalid-archive',
    );
    const other = dockerSave([path], [], [`sha256:${'e'.repeat(64)}`]);
    expect((await refusal(interpret(await tar(other)))).code).toBe('digest-mismatch');
  });
});

describe('a hostile archive is refused', () => {
  const secret = '/etc/passwd';
  it.each([
    ['a path upwards', { name: '../../etc/cron.d/x', content: 'x' }],
    ['a hidden path upwards', { name: 'blobs/sha256/../../x', content: 'x' }],
    ['a path upwards with backslashes', { name: '..\\x', content: 'x' }],
    ['an absolute path', { name: secret, content: 'x' }],
    ['a symbolic link', { name: 'index.json', type: 'symlink', linkname: secret }],
    [
      'a symbolic link in place of a layer',
      { name: `${oldId}/layer.tar`, type: 'symlink', linkname: secret },
    ],
    [
      'a link to nowhere',
      { name: `${oldId}/layer.tar`, type: 'symlink', linkname: `../${'f'.repeat(64)}/layer.tar` },
    ],
    ['a hard link', { name: 'manifest.json', type: 'link', linkname: secret }],
    ['a device', { name: 'index.json', type: 'character-device' }],
    ['a pipe', { name: 'index.json', type: 'fifo' }],
    ['an endless name', { name: `${'a/'.repeat(200)}x`, content: 'x' }],
  ] as const)('for %s', async (_, entry) => {
    const bytes = await tar([entry as Entry]);
    expect((await refusal(read(bytes))).code).toBe('invalid-archive');
  });

  it('for the same path twice', async () => {
    const bytes = await tar([...simple(), { name: 'index.json', content: '{}' }]);
    expect((await refusal(read(bytes))).code).toBe('invalid-archive');
    const dotted = await tar([...simple(), { name: './index.json', content: '{}' }]);
    expect((await refusal(read(dotted))).code).toBe('invalid-archive');
  });

  it('for too many entries', async () => {
    const many = Array.from({ length: 60 }, (_, index) => ({ name: `f${index}`, content: '' }));
    const limits = { ...archiveLimits, entriesMax: 50 };
    expect(await refusal(read(await tar(many), limits))).toMatchObject({
      code: 'invalid-archive',
      message: expect.stringContaining('more than 50 entries'),
    });
  });

  it('for too many bytes, packed or unpacked, naming the limit', async () => {
    const bytes = await tar([{ name: 'big', content: Buffer.alloc(200_000) }]);
    const small = { ...archiveLimits, bytesMax: 100_000 };
    expect(await refusal(read(bytes, small))).toMatchObject({
      code: 'body-too-large',
      message: expect.stringContaining('100000'),
    });
    const bomb = gzipSync(bytes);
    expect(bomb.byteLength).toBeLessThan(1_000);
    const unpacked = { ...archiveLimits, unpackedBytesMax: 100_000 };
    expect((await refusal(read(bomb, unpacked))).code).toBe('body-too-large');
  });

  it('for what is no archive at all', async () => {
    const packed = gzipSync(await tar(simple()));
    for (const bytes of [
      Buffer.alloc(0),
      Buffer.from('x'),
      Buffer.from('{"hello":"world"}'.repeat(100)),
      randomBytes(4_096),
      gzipSync(Buffer.from('not a tar')),
      packed.subarray(0, packed.byteLength / 2),
      (await tar(simple())).subarray(0, 1_800),
      Buffer.concat([packed.subarray(0, 100), randomBytes(500)]),
    ]) {
      expect((await refusal(interpret(bytes))).code).toBe('invalid-archive');
    }
  });

  it('for an image of a thousand nested claims', async () => {
    const deep = json({
      schemaVersion: 2,
      manifests: Array.from({ length: 40 }, () => descriptor(ociManifest, config)),
    });
    const entries: Entry[] = [
      { name: 'oci-layout', content: json({ imageLayoutVersion: '1.0.0' }) },
      { name: 'index.json', content: deep },
    ];
    expect((await refusal(interpret(await tar(entries)))).code).toBe('invalid-archive');
  });

  it("when the client's connection breaks, with the client's own error", async () => {
    const bytes = await tar(simple());
    const broken = async function* (): AsyncGenerator<Uint8Array> {
      yield bytes.subarray(0, 1_000);
      throw new Error('connection reset');
    };
    await expect(readArchive(broken(), spool)).rejects.toThrow('connection reset');
  });
});

describe('the spool', () => {
  it('is removed with all that is in it', async () => {
    await read(await tar(simple()));
    expect((await readdir(folder)).length).toBe(1);
    await spool.remove();
    expect(await readdir(folder)).toEqual([]);
  });

  it('holds nothing under a name from the archive', async () => {
    await read(await tar(simple()));
    const [own = ''] = await readdir(folder);
    for (const name of await readdir(join(folder, own))) expect(name).toMatch(/^\d+$/);
  });

  it('is swept of what a crash left, and only of that', async () => {
    await read(await tar(simple()));
    await sweepSpool(folder, Date.now());
    expect(await readdir(folder)).toHaveLength(1);
    await sweepSpool(folder, Date.now() + 25 * 3_600_000);
    expect(await readdir(folder)).toEqual([]);
  });
});
