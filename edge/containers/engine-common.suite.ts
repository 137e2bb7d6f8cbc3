/**
 * What every engine does, the real ones and the one inside the simulator: acts may be repeated after
 * a crash, names, ports, images and volumes are refused by the same codes, strangers stay invisible.
 * What only a real engine has (processes, registries, sockets) is in the suites beside it.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ContainerSpec, labels, type ObservedContainer } from '../core/container.ts';
import type { ContainerEvent, Engine, PresentImage } from './engine.ts';

/** An engine with an image of our own on it, and what belongs to this test there. */
export type CommonSite = {
  engine: Engine;
  deviceId: string;
  /** The image that `create` uses unless another one is named. */
  base: PresentImage & { reference: string };
  specOf(name: string, change?: Partial<ContainerSpec>): ContainerSpec;
  create(name: string, change?: Partial<ContainerSpec>): Promise<string>;
  /** Creates and starts. */
  start(name: string, change?: Partial<ContainerSpec>): Promise<string>;
  see(id: string): Promise<ObservedContainer>;
  /** Pulls another image. */
  fetch(name: string): Promise<PresentImage & { reference: string }>;
  /** A reference that is served nowhere. */
  nowhere(): string;
  freePort(): Promise<number>;
  /** Whose containers and volumes go in the end. */
  owners: Set<string>;
  close(): Promise<void>;
};

export const commonEngineSuite = (kind: string, openSite: () => Promise<CommonSite>) => {
  describe(`${kind}: what every engine does`, () => {
    let site: CommonSite;
    beforeAll(async () => {
      site = await openSite();
    });
    afterAll(() => site?.close());

    describeContainers(() => site);
    describeRefusals(() => site);
    describeImages(() => site);
    describeVolumes(() => site);
    test('tells of our containers’ events at once, and of no one else’s', () => watchEvents(site));
  });
};

const describeContainers = (at: () => CommonSite) => {
  test('creates, starts, lists and removes a container', async () => {
    const { engine, deviceId, base, create, see } = at();
    const id = await create('listed');
    expect(await see(id)).toMatchObject({
      ...{ id, name: `${deviceId}-listed`, state: 'created', imageDigest: base.digest },
      ...{ exitCode: null, startedAt: null, finishedAt: null, restartCount: 0, oomKilled: false },
      ...{ ports: [], mounts: [], restart: 'no', resources: {} },
    });
    await engine.start(id);
    expect(await see(id)).toMatchObject({ state: 'running', startedAt: expect.any(Number) });
    await engine.remove(id, { volumes: false });
    expect((await engine.list(deviceId)).map((each) => each.id)).not.toContain(id);
  });

  // Inventory §7.14
  test('does not see the containers of another device', async () => {
    const { engine, deviceId, create } = at();
    const stranger = `${deviceId}-stranger`;
    const id = await create('strange', { labels: { [labels.device]: stranger } });
    expect((await engine.list(deviceId)).map((each) => each.id)).not.toContain(id);
    expect((await engine.list(stranger)).map((each) => each.id)).toEqual([id]);
    expect(await engine.list('nobody')).toEqual([]);
  });

  test('refuses to create a container that it could not find again', async () => {
    const { engine, specOf } = at();
    const spec = { ...specOf('unlabelled'), labels: {} };
    await expect(engine.create(spec)).rejects.toThrow(/device label/);
  });

  test.each<[string, Partial<ContainerSpec>]>([
    ['entrypoint', { entrypoint: ['sleep', '100'] }],
    ['restart', { restart: 'no' }],
    ['restart', { restart: 'on-failure' }],
    ['restart', { restart: 'unless-stopped' }],
    ['restart', { restart: 'always' }],
    ['resources', { resources: { memoryBytes: 64 * 1024 * 1024 } }],
    ['resources', { resources: { cpus: 0.25 } }],
  ])('sees as asked: %s of %j', async (_field, change) => {
    const { engine, create, see } = at();
    const id = await create(`field-${Math.random().toString(36).slice(2)}`, change);
    expect(await see(id)).toMatchObject(change);
    await engine.start(id);
    expect(await see(id)).toMatchObject(change);
    await engine.remove(id, { volumes: false });
  });

  test('lets start, stop and remove be repeated, as after a crash', async () => {
    const { engine, create, see } = at();
    const id = await create('repeated');
    await engine.start(id);
    await engine.start(id);
    await engine.stop(id, { graceMs: 2_000 });
    await engine.stop(id, { graceMs: 2_000 });
    const ended = await see(id);
    expect(ended.state).toBe('exited');
    expect(ended.startedAt).toEqual(expect.any(Number));
    // One that has just ended is let rest: whoever looks must see when that was.
    expect(ended.finishedAt).toBeGreaterThanOrEqual(ended.startedAt ?? Number.NaN);
    await engine.remove(id, { volumes: false });
    await engine.remove(id, { volumes: false });
  });

  test('renames a container', async () => {
    const { engine, deviceId, start, see } = at();
    const id = await start('before');
    await engine.rename(id, `${deviceId}-after`);
    expect((await see(id)).name).toBe(`${deviceId}-after`);
  });
};

const describeRefusals = (at: () => CommonSite) => {
  test('names the port that is taken', async () => {
    const { engine, start, create, freePort } = at();
    const port = { containerPort: 80, hostPort: await freePort(), protocol: 'tcp' } as const;
    const ports = [{ ...port, hostAddress: '0.0.0.0' }];
    await start('first', { ports });
    const second = await create('second', { ports });
    await expect(engine.start(second)).rejects.toMatchObject({
      code: 'port-in-use',
      next: expect.stringContaining('port'),
    });
  });

  test('names the container name that is taken', async () => {
    const { engine, deviceId, create } = at();
    await create('twice');
    await expect(create('twice')).rejects.toMatchObject({ code: 'name-in-use' });
    const id = await create('renamed');
    await expect(engine.rename(id, `${deviceId}-twice`)).rejects.toMatchObject({
      code: 'name-in-use',
    });
  });

  test('says that a container is not there', async () => {
    const { engine } = at();
    const missing = { code: 'container-not-found' };
    const id = 'f'.repeat(64);
    await expect(engine.start(id)).rejects.toMatchObject(missing);
    await expect(engine.stop(id, { graceMs: 100 })).rejects.toMatchObject(missing);
    await expect(engine.rename(id, 'x')).rejects.toMatchObject(missing);
    await expect(engine.logs(id, { tail: 1 })).rejects.toMatchObject(missing);
    await expect(engine.exec(id, ['true'], { timeoutMs: 1_000 })).rejects.toMatchObject(missing);
    const following = async () => {
      for await (const _line of engine.followLogs(id, AbortSignal.timeout(5_000)));
    };
    await expect(following()).rejects.toMatchObject(missing);
  });

  test('refuses to run a command in a container that does not run', async () => {
    const { engine, create } = at();
    const run = engine.exec(await create('stopped'), ['true'], { timeoutMs: 5_000 });
    await expect(run).rejects.toMatchObject({ code: 'container-not-running' });
  });
};

const describeImages = (at: () => CommonSite) => {
  test('knows an image whatever port it was pulled from, and creates from it', async () => {
    const { engine, base, create, see } = at();
    const moved = base.reference.replace(/:\d+\//, ':1/');
    expect(moved).not.toBe(base.reference);
    expect(await engine.image(moved)).toMatchObject({ imageId: base.imageId });
    const id = await create('moved', { image: moved });
    expect((await see(id)).imageDigest).toBe(base.digest);
  });

  test('neither pulls nor creates from an image that is served nowhere', async () => {
    const { engine, specOf, nowhere } = at();
    const missing = { code: 'image-not-found' };
    await expect(engine.pull(nowhere(), { tlsVerify: false })).rejects.toMatchObject(missing);
    const spec = specOf('imageless', { image: nowhere() });
    await expect(engine.create(spec)).rejects.toMatchObject(missing);
  });

  test('gives up a pull when it is told to', async () => {
    const { engine, base } = at();
    const signal = AbortSignal.abort(new Error('no longer wanted'));
    const pull = engine.pull(base.reference, { tlsVerify: false, signal });
    await expect(pull).rejects.toThrow('no longer wanted');
  });

  test('lists images with all their users, strangers’ too', async () => {
    const { engine, deviceId, base, create } = at();
    const stranger = `${deviceId}-stranger`;
    const id = await create('user', { labels: { [labels.device]: stranger } });
    const image = (await engine.images()).find(({ references }) =>
      references.includes(base.reference),
    );
    expect(image?.id).toBe(base.imageId);
    expect(image?.digests).toContain(base.digest);
    expect(image?.inUseBy).toContain(id);
  });

  test('does not remove an image that a container uses', async () => {
    const { engine, create, fetch } = at();
    const { reference, digest } = await fetch('used');
    const id = await create('uses', { image: reference });
    expect(await engine.removeImage(reference)).toEqual({ kind: 'in-use' });
    expect(await engine.image(digest)).not.toBeNull();
    await engine.remove(id, { volumes: false });
    expect(await engine.removeImage(reference)).toEqual({ kind: 'removed' });
    expect(await engine.image(digest)).toBeNull();
    expect(await engine.removeImage(reference)).toEqual({ kind: 'absent' });
  });
};

const describeVolumes = (at: () => CommonSite) => {
  test('makes a volume once, and removes it only when nobody uses it', async () => {
    const { engine, deviceId, create } = at();
    const name = `${deviceId}-once`;
    const own = { [labels.device]: deviceId };
    await engine.ensureVolume(name, own);
    await engine.ensureVolume(name, own);
    expect(await engine.listVolumes(deviceId)).toContainEqual({ name, labels: own });
    const mounts = [{ kind: 'volume', name, containerPath: '/data', readOnly: false }] as const;
    const id = await create('mounts-it', { mounts });
    await expect(engine.removeVolume(name, deviceId)).rejects.toMatchObject({
      code: 'volume-in-use',
    });
    await engine.remove(id, { volumes: true });
    expect(await engine.listVolumes(deviceId)).toContainEqual({ name, labels: own });
    await engine.removeVolume(name, deviceId);
    await engine.removeVolume(name, deviceId);
    expect((await engine.listVolumes(deviceId)).map((each) => each.name)).not.toContain(name);
  });

  test('leaves a stranger’s volume alone', async () => {
    const { engine, deviceId, owners } = at();
    const name = `${deviceId}-strange`;
    const stranger = `${deviceId}-stranger`;
    owners.add(stranger);
    await engine.ensureVolume(name, { [labels.device]: stranger });
    const refusal = { code: 'volume-not-owned' };
    const taking = engine.ensureVolume(name, { [labels.device]: deviceId });
    await expect(taking).rejects.toMatchObject(refusal);
    await expect(engine.removeVolume(name, deviceId)).rejects.toMatchObject(refusal);
    expect(await engine.listVolumes(deviceId)).not.toContainEqual(
      expect.objectContaining({ name }),
    );
  });
};

/** Containers come and go until the stream tells of one: an engine opens it a moment before it listens. */
const watchEvents = async ({ engine, deviceId, create, start }: CommonSite) => {
  const abort = new AbortController();
  const opened = Promise.withResolvers<void>();
  const seen: ContainerEvent[] = [];
  let heard = (): void => undefined;
  const watching = (async () => {
    for await (const event of engine.events(deviceId, abort.signal, opened.resolve)) {
      seen.push(event);
      heard();
    }
  })();
  await opened.promise;
  const other = await start('noise', { labels: { [labels.device]: `${deviceId}-stranger` } });
  let rounds = 0;
  const liveOne = async (): Promise<string> => {
    rounds += 1;
    const id = await create(`watched-${rounds}`);
    await engine.start(id);
    await engine.stop(id, { graceMs: 0 });
    await engine.remove(id, { volumes: false });
    return id;
  };
  const actionsOf = (id: string) =>
    seen.filter(({ containerId }) => containerId === id).map(({ action }) => action);
  const told = (id: string): Promise<void> =>
    new Promise((resolve) => {
      heard = () => {
        if (actionsOf(id).includes('remove')) resolve();
      };
      heard();
    });
  let id = await liveOne();
  while (rounds < 50 && !actionsOf(id).includes('create')) id = await liveOne();
  await told(id);
  expect(actionsOf(id)).toEqual(expect.arrayContaining(['create', 'start', 'die', 'remove']));
  expect(actionsOf(other)).toEqual([]);
  for (const { labels: of } of seen) expect(of[labels.device]).toBe(deviceId);
  abort.abort();
  await watching;
};
