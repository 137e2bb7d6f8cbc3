import { randomUUID } from 'node:crypto';
import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { buildProbe, bytesOf, type Image, openStore, type Store } from '../artifact-store.suite.ts';

const run = randomUUID().slice(0, 8);

let rig: Store['rig'];
let one: Store['one'];
let device: Store['device'];
let uploaded: Store['uploaded'];
let blob: Store['blob'];
beforeAll(async () => {
  ({ rig, one, device, uploaded, blob } = await openStore(inject('postgresUrl')));
});
afterAll(() => rig.stop());

/** What the engine answers, whole; fails for anything but success. */
const engine = (
  socketPath: string,
  method: string,
  path: string,
  body?: Uint8Array,
): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    const headers =
      body === undefined
        ? {}
        : { 'content-type': 'application/x-tar', 'content-length': body.byteLength };
    const exchange = request(
      { socketPath, method, path, headers: { host: 'localhost', ...headers } },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('error', reject);
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => {
          const all = Buffer.concat(chunks);
          const { statusCode = 500 } = response;
          if (statusCode < 300) resolve(all);
          else
            reject(new Error(`${method} ${path}: ${statusCode} ${all.toString().slice(0, 300)}`));
        });
      },
    );
    exchange.on('error', reject);
    exchange.end(body);
  });

/** Puts an uploaded image into an ordinary registry, blob by blob, as the API gives them out. */
const pushTo = async (registryUrl: string, repository: string, image: Image): Promise<void> => {
  const manifest = await bytesOf(await blob(image.digest, device.token));
  const { mediaType, config, layers } = JSON.parse(manifest.toString());
  for (const { digest } of [config, ...layers]) {
    const begun = await fetch(`${registryUrl}/v2/${repository}/blobs/uploads/`, { method: 'POST' });
    const target = new URL(begun.headers.get('location') ?? '', registryUrl);
    target.searchParams.set('digest', digest);
    const body = Uint8Array.from(await bytesOf(await blob(digest, device.token)));
    const put = await fetch(target, { method: 'PUT', body });
    expect(put.status).toBe(201);
  }
  const put = await fetch(`${registryUrl}/v2/${repository}/manifests/${image.digest}`, {
    method: 'PUT',
    headers: { 'content-type': mediaType },
    body: Uint8Array.from(manifest),
  });
  expect(put.status, await put.text()).toBe(201);
};

describe('archives that real engines write', () => {
  const remove = (socketPath: string, reference: string) =>
    engine(socketPath, 'DELETE', `/images/${reference}?force=true`).catch(() => {});
  const pulled = async (image: Image, repository: string, content: string): Promise<void> => {
    const registryUrl = inject('registryUrl');
    await pushTo(registryUrl, repository, image);
    const { host } = new URL(registryUrl);
    const reference = `${host}/${repository}@${image.digest}`;
    const docker = inject('dockerSocket');
    const said = await engine(
      docker,
      'POST',
      `/images/create?fromImage=${host}/${repository}@${image.digest}`,
    );
    expect(said.toString()).not.toContain('errorDetail');
    const inDocker = JSON.parse(String(await engine(docker, 'GET', `/images/${reference}/json`)));
    expect(inDocker.RepoDigests).toContain(reference);
    expect(inDocker.Config.Cmd, content).toEqual(['sleep', '60']);
    await remove(docker, reference);
    const podman = inject('podmanSocket');
    const query = new URLSearchParams({ reference, tlsVerify: 'false' });
    await engine(podman, 'POST', `/v4.0.0/libpod/images/pull?${query}`);
    const path = `/v4.0.0/libpod/images/${encodeURIComponent(reference)}`;
    const inPodman = JSON.parse(String(await engine(podman, 'GET', `${path}/json`)));
    expect(inPodman.RepoDigests).toContain(reference);
    await engine(podman, 'DELETE', `${path}?force=true`);
  };

  it('docker save of Docker 20.10: both engines pull what came of it', async () => {
    const docker = inject('dockerSocket');
    const built = buildProbe(`saved-${run}`, 'docker', run);
    await engine(docker, 'POST', '/images/load?quiet=1', built.tar);
    try {
      const saved = await engine(docker, 'GET', `/images/${built.reference}/get`);
      const [image] = await uploaded(one, saved);
      expect(image).toMatchObject({ name: `saved-${run}`, tags: ['1'] });
      const manifest = JSON.parse(
        String(await bytesOf(await blob(image?.digest ?? '', device.token))),
      );
      expect(manifest.config.digest).toBe(built.configDigest);
      expect(manifest.layers).toMatchObject([{ digest: built.layerDigest }]);
      // Another save of the same image has other times in its tar, and the same digest.
      const again = await engine(docker, 'GET', `/images/${built.reference}/get`);
      expect(await uploaded(one, again)).toEqual([image]);
      await pulled(image as Image, `from-docker-${run}`, run);
    } finally {
      await remove(docker, built.reference);
    }
  });

  it.each(['oci-archive', 'docker-archive'])('podman save --format %s', async (format) => {
    const podman = inject('podmanSocket');
    const name = `kept-${format}-${run}`;
    const built = buildProbe(name, 'oci', `${format} ${run}`);
    await engine(podman, 'POST', '/v4.0.0/libpod/images/load', built.tar);
    const path = `/v4.0.0/libpod/images/${encodeURIComponent(`localhost/${name}:1`)}`;
    const query = new URLSearchParams({ format, references: `localhost/${name}:1` });
    try {
      const saved = await engine(
        podman,
        'GET',
        format === 'oci-archive'
          ? `${path}/get?format=${format}`
          : `/v4.0.0/libpod/images/export?${query}`,
      );
      const [image] = await uploaded(one, saved, format === 'oci-archive' ? `?name=${name}` : '');
      expect(image).toMatchObject({ name, platforms: [expect.stringMatching(/^linux\//)] });
      await pulled(image as Image, `from-podman-${format}-${run}`, format);
    } finally {
      await engine(podman, 'DELETE', `${path}?force=true`).catch(() => {});
    }
  });
});
