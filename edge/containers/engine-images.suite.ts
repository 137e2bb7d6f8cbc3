/**
 * How every engine deals with images and volumes: pulled by digest from the agent's endpoint and
 * from an ordinary registry, found whatever name they came under, given back without touching what
 * others use.
 */
import { writeFile } from 'node:fs/promises';
import { freePort } from '@signalbeam/launcher/infra/ports';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startRegistry } from '../artifacts/registry.ts';
import { labels } from '../core/container.ts';
import type { PullProgress } from './engine.ts';
import { type EngineUnderTest, keep, openSite, push, type Site } from './engine-site.suite.ts';

export const engineImagesSuite = (under: EngineUnderTest) => {
  describe(`${under.kind}: images and volumes`, () => {
    let site: Site;
    beforeAll(async () => {
      site = await openSite(under);
    });
    afterAll(() => site?.close());

    const imageOf = async (reference: string) =>
      (await site.engine.images()).find((image) => image.references.includes(reference));

    test('pulls by digest from the agent’s own endpoint and runs it', async () => {
      const image = site.build({ name: 'own', command: ['sh', '-c', 'echo own; sleep 100'] });
      expect(await site.engine.image(image.manifestDigest)).toBeNull();
      const pulled = await site.pull(image, `own-${site.run}`);
      expect(pulled).toMatchObject({ digest: image.manifestDigest, imageId: image.configDigest });
      expect(await site.engine.image(image.manifestDigest)).toEqual({
        imageId: image.configDigest,
        digest: image.manifestDigest,
      });
      expect((await imageOf(pulled.reference))?.sizeBytes).toBeGreaterThan(100_000);
      const id = await site.start('own', { image: pulled.reference });
      expect((await site.see(id)).imageDigest).toBe(image.manifestDigest);
    });

    test('pulls by digest from an ordinary registry and tells how it goes', async () => {
      const image = site.build({ name: 'ordinary' });
      const reference = await push(under.registryUrl, `ordinary-${site.run}`, image);
      site.references.add(reference);
      const progress: PullProgress[] = [];
      const onProgress = (step: PullProgress) => progress.push(step);
      const pulled = await site.engine.pull(reference, { tlsVerify: false, onProgress });
      expect(pulled).toEqual({ imageId: image.configDigest, digest: image.manifestDigest });
      expect(progress.length).toBeGreaterThan(0);
      const id = await site.start('ordinary', { image: reference });
      expect((await site.see(id)).imageDigest).toBe(image.manifestDigest);
    });

    test('says by code why a pull failed', async () => {
      const unknown = `sha256:${'0'.repeat(64)}`;
      const pull = (reference: string) => site.engine.pull(reference, { tlsVerify: false });
      const here = `127.0.0.1:${site.registry.port}`;
      await expect(pull(`${here}/nothing@${unknown}`)).rejects.toMatchObject({
        code: 'image-not-found',
        next: expect.any(String),
      });
      const nobody = `127.0.0.1:${await freePort()}`;
      await expect(pull(`${nobody}/nothing@${unknown}`)).rejects.toMatchObject({
        code: 'registry-unreachable',
      });
      await expect(
        site.engine.create(site.specOf('x', { image: `${here}/x@${unknown}` })),
      ).rejects.toMatchObject({ code: 'image-not-found' });
    });

    test('refuses a layer that is not what its digest says', async () => {
      const image = site.build({ name: 'rotten' });
      await keep(site.store, image);
      await writeFile(
        site.store.path(image.layerDigest),
        image.layer.map((byte) => byte ^ 1),
      );
      const reference = `127.0.0.1:${site.registry.port}/rotten-${site.run}@${image.manifestDigest}`;
      site.references.add(reference);
      await expect(site.engine.pull(reference, { tlsVerify: false })).rejects.toThrow();
      expect(await site.engine.image(image.manifestDigest)).toBeNull();
    });

    test('lists while images come and go', async () => {
      let going = true;
      const churn = async (): Promise<void> => {
        for (let round = 0; round < 6; round += 1) {
          const name = `gone-${round}-${site.run}`;
          const { reference } = await site.pull(site.build({ name }), name);
          await site.engine.removeImage(reference);
        }
      };
      const churned = churn().finally(() => {
        going = false;
      });
      while (going) expect((await site.engine.images()).length).toBeGreaterThan(0);
      await churned;
    });

    test('gives back its own reference and leaves another agent’s', async () => {
      const image = site.build({ name: 'shared' });
      const mine = await site.pull(image, `shared-${site.run}`);
      const neighbour = await startRegistry(site.store);
      const theirs = await site.pull(image, `shared-${site.run}`, neighbour);
      await neighbour.close();
      expect(theirs.imageId).toBe(mine.imageId);
      expect(await site.engine.removeImage(mine.reference)).toEqual({ kind: 'removed' });
      expect(await imageOf(mine.reference)).toBeUndefined();
      expect((await imageOf(theirs.reference))?.id).toBe(mine.imageId);
      expect(await site.engine.removeImage(theirs.reference)).toEqual({ kind: 'removed' });
      expect(await site.engine.image(image.manifestDigest)).toBeNull();
    });

    test('makes a volume once, keeps its content, and removes only its own', async () => {
      const name = `${site.deviceId}-kept`;
      const own = { [labels.device]: site.deviceId };
      await site.engine.ensureVolume(name, own);
      await site.engine.ensureVolume(name, own);
      expect(await site.engine.listVolumes(site.deviceId)).toContainEqual({ name, labels: own });
      const mounts = [{ kind: 'volume', name, containerPath: '/data', readOnly: false }] as const;
      const first = await site.start('writer', { mounts });
      await site.engine.exec(first, ['sh', '-c', 'echo kept > /data/x'], { timeoutMs: 5_000 });
      await expect(site.engine.removeVolume(name, site.deviceId)).rejects.toMatchObject({
        code: 'volume-in-use',
      });
      await site.engine.remove(first, { volumes: true });
      const second = await site.start('reader', { mounts });
      const read = await site.engine.exec(second, ['cat', '/data/x'], { timeoutMs: 5_000 });
      expect(read.output).toBe('kept\n');
      await site.engine.remove(second, { volumes: false });
      await site.engine.removeVolume(name, site.deviceId);
      await site.engine.removeVolume(name, site.deviceId);
      expect((await site.engine.listVolumes(site.deviceId)).map((each) => each.name)).not.toContain(
        name,
      );
    });
  });
};
