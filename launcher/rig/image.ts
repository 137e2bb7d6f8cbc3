/**
 * Makes a container image on the spot, without a registry: Debian's static busybox, a few files
 * and a command. The same input gives the same bytes and so the same digests. An archive of
 * format `both` holds an OCI layout and Docker's manifest.json, which Docker and Podman both load.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { findCommand } from '../machine/commands.ts';
import { type TarEntry, writeTar } from './tar.ts';

export type ImageOptions = {
  name: string;
  tag: string;
  /** Absolute path in the image → content. */
  files?: Readonly<Record<string, string | Uint8Array>>;
  command: readonly string[];
  entrypoint?: readonly string[];
  environment?: Readonly<Record<string, string>>;
  labels?: Readonly<Record<string, string>>;
  exposedPorts?: readonly number[];
  format?: 'oci' | 'docker' | 'both';
};

export type BuiltImage = {
  tar: Uint8Array<ArrayBuffer>;
  /** `<name>:<tag>` as engines know it after loading. */
  reference: string;
  manifestDigest: string;
  /** What engines call the image ID. */
  configDigest: string;
  layerDigest: string;
  manifest: Uint8Array;
  config: Uint8Array;
  layer: Uint8Array;
};

const digestOf = (bytes: Uint8Array) =>
  `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
const hexOf = (digest: string) => digest.slice('sha256:'.length);
const json = (value: unknown) => Buffer.from(JSON.stringify(value));

const architecture = process.arch === 'x64' ? 'amd64' : process.arch;
/** Debian's two busybox packages: only the static one runs without libraries beside it. */
const isStatic = (binary: Uint8Array) => !Buffer.from(binary).includes('/lib64/ld-linux');

let root: { busybox: Uint8Array; applets: readonly string[] } | undefined;

const loadBusybox = () => {
  if (root !== undefined) return root;
  const path = findCommand('busybox');
  const busybox = readFileSync(path);
  if (!isStatic(busybox)) {
    throw new Error(`${path} is not static: install the Debian package busybox-static.`);
  }
  const applets = execFileSync(path, ['--list'], { encoding: 'utf8' })
    .split('\n')
    .filter((name) => name !== '' && name !== 'busybox')
    .sort();
  root = { busybox, applets };
  return root;
};

const layerEntries = (files: ImageOptions['files'] = {}): TarEntry[] => {
  const { busybox, applets } = loadBusybox();
  const names = Object.keys(files).map((path) => path.replace(/^\//, ''));
  const folders = new Set(['bin', 'dev', 'etc', 'proc', 'run', 'sys', 'tmp', 'var']);
  for (const name of names) {
    const steps = name.split('/').slice(0, -1);
    for (let depth = 1; depth <= steps.length; depth += 1)
      folders.add(steps.slice(0, depth).join('/'));
  }
  const content = Object.entries({
    '/etc/passwd': 'root:x:0:0:root:/:/bin/sh\n',
    '/etc/group': 'root:x:0:\n',
    ...files,
  }).sort(([a], [b]) => (a < b ? -1 : 1));
  return [
    ...[...folders]
      .sort()
      .map((path): TarEntry => ({ kind: 'folder', path, mode: path === 'tmp' ? 0o1777 : 0o755 })),
    { kind: 'file', path: 'bin/busybox', content: busybox, mode: 0o755 },
    ...applets.map((name): TarEntry => ({ kind: 'link', path: `bin/${name}`, target: 'busybox' })),
    ...content.map(
      ([path, body]): TarEntry => ({
        kind: 'file',
        path: path.replace(/^\//, ''),
        content: typeof body === 'string' ? Buffer.from(body) : body,
        mode: path.startsWith('/bin/') ? 0o755 : 0o644,
      }),
    ),
  ];
};

const configOf = (options: ImageOptions, layerDigest: string) =>
  json({
    architecture,
    os: 'linux',
    created: '1970-01-01T00:00:00Z',
    config: {
      Env: [
        'PATH=/bin',
        ...Object.entries(options.environment ?? {}).map(([name, value]) => `${name}=${value}`),
      ],
      Cmd: options.command,
      ...(options.entrypoint === undefined ? {} : { Entrypoint: options.entrypoint }),
      ...(options.labels === undefined ? {} : { Labels: options.labels }),
      ...(options.exposedPorts === undefined
        ? {}
        : {
            ExposedPorts: Object.fromEntries(
              options.exposedPorts.map((port) => [`${port}/tcp`, {}]),
            ),
          }),
    },
    rootfs: { type: 'layers', diff_ids: [layerDigest] },
    history: [{ created: '1970-01-01T00:00:00Z', created_by: 'signalbeam' }],
  });

const manifestOf = (config: Uint8Array, layer: Uint8Array) =>
  json({
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config: {
      mediaType: 'application/vnd.oci.image.config.v1+json',
      digest: digestOf(config),
      size: config.byteLength,
    },
    layers: [
      {
        mediaType: 'application/vnd.oci.image.layer.v1.tar',
        digest: digestOf(layer),
        size: layer.byteLength,
      },
    ],
  });

const indexOf = (manifest: Uint8Array, reference: string, tag: string) =>
  json({
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.index.v1+json',
    manifests: [
      {
        mediaType: 'application/vnd.oci.image.manifest.v1+json',
        digest: digestOf(manifest),
        size: manifest.byteLength,
        platform: { architecture, os: 'linux' },
        annotations: {
          'io.containerd.image.name': reference,
          'org.opencontainers.image.ref.name': tag,
        },
      },
    ],
  });

const file = (path: string, content: Uint8Array): TarEntry => ({ kind: 'file', path, content });

type Parts = Pick<BuiltImage, 'reference' | 'manifest' | 'config' | 'layer'>;

const archive = (options: ImageOptions, parts: Parts) => {
  const { manifest, config, layer, reference } = parts;
  const blob = (bytes: Uint8Array) => `blobs/sha256/${hexOf(digestOf(bytes))}`;
  if (options.format === 'docker') {
    const folder = hexOf(digestOf(layer));
    const configName = `${hexOf(digestOf(config))}.json`;
    return writeTar([
      { kind: 'folder', path: folder },
      file(`${folder}/layer.tar`, layer),
      file(configName, config),
      file(
        'manifest.json',
        json([{ Config: configName, RepoTags: [reference], Layers: [`${folder}/layer.tar`] }]),
      ),
    ]);
  }
  const dockerManifest = json([
    { Config: blob(config), RepoTags: [reference], Layers: [blob(layer)] },
  ]);
  return writeTar([
    { kind: 'folder', path: 'blobs' },
    { kind: 'folder', path: 'blobs/sha256' },
    ...[manifest, config, layer].map((bytes) => file(blob(bytes), bytes)),
    file('index.json', indexOf(manifest, reference, options.tag)),
    file('oci-layout', json({ imageLayoutVersion: '1.0.0' })),
    ...(options.format === 'oci' ? [] : [file('manifest.json', dockerManifest)]),
  ]);
};

export const buildImageTar = (options: ImageOptions): BuiltImage => {
  const layer = writeTar(layerEntries(options.files));
  const config = configOf(options, digestOf(layer));
  const manifest = manifestOf(config, layer);
  const reference = `${options.name}:${options.tag}`;
  return {
    tar: archive(options, { reference, manifest, config, layer }),
    reference,
    manifestDigest: digestOf(manifest),
    configDigest: digestOf(config),
    layerDigest: digestOf(layer),
    manifest,
    config,
    layer,
  };
};
