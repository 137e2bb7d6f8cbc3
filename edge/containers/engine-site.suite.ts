/**
 * What every suite of the engine port needs: a real engine, a device id of its own (others use the
 * same engine), images of its own behind the agent's endpoint and in an ordinary registry, and a
 * clean engine afterwards.
 */
import { createHash, randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '@signalbeam/launcher/infra/ports';
import { type BuiltImage, buildImageTar, type ImageOptions } from '@signalbeam/launcher/rig/image';
import { type Registry, startRegistry } from '../artifacts/registry.ts';
import { type BlobStore, openBlobStore } from '../artifacts/store.ts';
import { type ContainerSpec, labels, type ObservedContainer } from '../core/container.ts';
import type { Engine, EngineOptions } from './engine.ts';
import type { CommonSite } from './engine-common.suite.ts';

export type EngineUnderTest = {
  kind: 'docker' | 'podman';
  socketPath: string;
  /** An ordinary registry on loopback. */
  registryUrl: string;
  open(socketPath: string, options?: EngineOptions): Engine;
};

export type Site = Awaited<ReturnType<typeof openSite>>;

/** A shell that says when it is up, ends at once when asked to, and otherwise stays. */
export const stayingUp =
  'echo up; trap "echo bye; exit 0" TERM; while :; do sleep 60 & wait $!; done';

export const openSite = async (under: EngineUnderTest) => {
  const engine = under.open(under.socketPath);
  const run = randomUUID().slice(0, 8);
  const deviceId = `test-${run}`;
  const dir = await mkdtemp(join(tmpdir(), 'sb-engine-'));
  const store = await openBlobStore({ dir: join(dir, 'artifacts'), floorBytes: 0 });
  const registry = await startRegistry(store);
  const references = new Set<string>();
  const owners = new Set([deviceId]);

  const build = (options: Partial<ImageOptions> & { name: string }): BuiltImage =>
    buildImageTar({
      tag: '1',
      command: ['sh', '-c', stayingUp],
      ...options,
      // Another run's image must never be the same one.
      files: { '/run-id': `${run} ${options.name}`, ...options.files },
    });
  /** Puts it into the device's store and pulls it from there. */
  const pull = async (image: BuiltImage, name: string, from: Registry = registry) => {
    await keep(store, image);
    const reference = `127.0.0.1:${from.port}/${name}@${image.manifestDigest}`;
    references.add(reference);
    return { reference, ...(await engine.pull(reference, { tlsVerify: false })) };
  };
  const base = await pull(build({ name: `base-${run}` }), `base-${run}`);

  const specOf = (name: string, change: Partial<ContainerSpec> = {}): ContainerSpec => ({
    name: `${deviceId}-${name}`,
    image: base.reference,
    entrypoint: [],
    command: [],
    environment: {},
    ports: [],
    mounts: [],
    restart: 'no',
    resources: {},
    ...change,
    labels: {
      [labels.device]: deviceId,
      [labels.image]: digestPart(change.image ?? base.reference),
      ...change.labels,
    },
  });
  const create = async (name: string, change: Partial<ContainerSpec> = {}): Promise<string> => {
    const spec = specOf(name, change);
    owners.add(spec.labels[labels.device] ?? deviceId);
    return (await engine.create(spec)).id;
  };
  const run_ = async (name: string, change: Partial<ContainerSpec> = {}): Promise<string> => {
    const id = await create(name, change);
    await engine.start(id);
    return id;
  };
  const see = async (id: string): Promise<ObservedContainer> => {
    const found = (await engine.list(deviceId)).find((container) => container.id === id);
    if (!found) throw new Error(`container ${id} is not listed`);
    return found;
  };
  const close = async () => {
    for (const owner of owners) {
      for (const container of await engine.list(owner))
        await engine.remove(container.id, { volumes: true });
      for (const volume of await engine.listVolumes(owner))
        await engine.removeVolume(volume.name, owner);
    }
    for (const reference of references) await engine.removeImage(reference);
    await engine.close();
    await registry.close();
    await rm(dir, { recursive: true, force: true });
  };
  return {
    under,
    engine,
    run,
    deviceId,
    dir,
    store,
    registry,
    references,
    owners,
    base,
    build,
    pull,
    specOf,
    create,
    start: run_,
    see,
    close,
  };
};

/** The same, as far as the suite goes that a simulated engine runs too. */
export const openCommonSite = async (under: EngineUnderTest): Promise<CommonSite> => {
  const site = await openSite(under);
  return {
    ...site,
    fetch: (name) => site.pull(site.build({ name }), `${name}-${site.run}`),
    nowhere: () => `127.0.0.1:${site.registry.port}/nothing@sha256:${'0'.repeat(64)}`,
    freePort: () => freePort(),
  };
};

const digestPart = (reference: string): string => reference.split('@')[1] ?? '';

/** Stores an image's three blobs as a download would. */
export const keep = async (store: BlobStore, image: BuiltImage): Promise<void> => {
  for (const bytes of [image.manifest, image.config, image.layer]) {
    const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
    await store.put({ digest, sizeBytes: bytes.length }, async () => ({
      fromByte: 0,
      chunks: once(bytes),
    }));
  }
};

async function* once(bytes: Uint8Array) {
  yield bytes;
}

/** Pushes an image to an ordinary registry and gives the reference by digest. */
export const push = async (
  registryUrl: string,
  name: string,
  image: BuiltImage,
): Promise<string> => {
  const repository = `${registryUrl}/v2/${name}`;
  const expectOk = (reply: Response) => {
    if (!reply.ok) throw new Error(`registry answered ${reply.status} to ${reply.url}`);
    return reply;
  };
  for (const [digest, bytes] of [
    [image.configDigest, image.config],
    [image.layerDigest, image.layer],
  ] as const) {
    const upload = expectOk(await fetch(`${repository}/blobs/uploads/`, { method: 'POST' }));
    const target = new URL(upload.headers.get('location') ?? '', registryUrl);
    target.searchParams.set('digest', digest);
    expectOk(await fetch(target, { method: 'PUT', body: Buffer.from(bytes) }));
  }
  const headers = { 'content-type': 'application/vnd.oci.image.manifest.v1+json' };
  const body = Buffer.from(image.manifest);
  expectOk(
    await fetch(`${repository}/manifests/${image.manifestDigest}`, {
      method: 'PUT',
      headers,
      body,
    }),
  );
  return `${new URL(registryUrl).host}/${name}@${image.manifestDigest}`;
};

/** Asks until it is so; real engines take their time. */
export const until = async <T>(ask: () => Promise<T | false>, timeoutMs = 15_000): Promise<T> => {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const answer = await ask();
    if (answer !== false) return answer;
    if (Date.now() > deadline) throw new Error(`not so within ${timeoutMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
};
