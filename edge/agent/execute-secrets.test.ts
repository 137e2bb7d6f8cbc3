/** What an engine is told of a secret, and that a container is never made without one it names. */
import { createSealingPair } from '@signalbeam/sync/wire/keys';
import { openSecret, sealSecret } from '@signalbeam/sync/wire/secret';
import { expect, test } from 'vitest';
import type { ContainerSpec } from '../core/container.ts';
import { containerExecutors } from './execute-containers.ts';

const tenantId = '11111111-1111-4111-8111-111111111111';
const deviceId = '22222222-2222-4222-8222-222222222222';
const bundleId = '33333333-3333-4333-8333-333333333333';
const sealing = createSealingPair();
const sealedTo = (sealingKey: string) =>
  sealSecret(
    Buffer.from('hunter2'),
    { name: 'db', revision: `${bundleId}.1` },
    {
      ...{ tenantId, deviceId, sealingKey },
    },
  );

const created = async (
  sealed: ReturnType<typeof sealedTo>,
  more: { spec?: object; parts?: object } = {},
): Promise<ContainerSpec[]> => {
  const made: ContainerSpec[] = [];
  const context = {
    created: new Map(),
    engine: {
      create: async (spec: ContainerSpec) => {
        made.push(spec);
        return { id: 'c1', warnings: [] };
      },
    },
    parts: {
      openSecret: (secret: NonNullable<typeof sealed>) => {
        const value = openSecret(secret, { tenantId, deviceId, sealing });
        return value === null ? null : Buffer.from(value).toString('utf8');
      },
      ...more.parts,
    },
  };
  const secrets = [{ variable: 'PASSWORD', name: 'db', sealed }];
  const spec = { name: 'web', environment: { PLAIN: 'x' }, secrets, mounts: [], ...more.spec };
  const create = containerExecutors['create-container'] as (
    given: unknown,
    of: unknown,
  ) => Promise<void>;
  await create(context, { kind: 'create-container', bundleId, spec });
  return made;
};

test('the engine is given the value, as a variable like any other', async () => {
  const [spec] = await created(sealedTo(sealing.publicKey));
  expect(spec?.environment).toEqual({ PLAIN: 'x', PASSWORD: 'hunter2' });
  expect(spec).not.toHaveProperty('secrets');
});

test('nothing is made when a secret did not come, or was sealed to somebody else', async () => {
  await expect(created(null)).rejects.toMatchObject({ code: 'secret-missing' });
  const other = sealedTo(createSealingPair().publicKey);
  await expect(created(other)).rejects.toMatchObject({ code: 'secret-unreadable' });
});

test('a file is placed before the container is made, and mounted read-only', async () => {
  const sealed = sealedTo(sealing.publicKey);
  const secretFiles = [{ path: '/run/secrets/db', name: 'db', sealed }];
  const placed: [string, readonly string[]][] = [];
  const place = async (container: string, values: readonly string[]) => {
    placed.push([container, values]);
    return values.map((_, index) => `/memory/${container}/${index}`);
  };
  const bound = { kind: 'bind', hostPath: '/memory/web/0', containerPath: '/run/secrets/db' };
  const [spec] = await created(sealed, {
    spec: { secrets: [], secretFiles },
    parts: { secretFiles: { place } },
  });
  expect(placed).toEqual([['web', ['hunter2']]]);
  expect(spec?.mounts).toEqual([{ ...bound, readOnly: true }]);
  expect(spec).not.toHaveProperty('secretFiles');
  expect(JSON.stringify(spec)).not.toContain('hunter2');
});

test('nothing is made when a file has no place, or its secret did not come', async () => {
  const fileOf = (sealed: ReturnType<typeof sealedTo>) => ({
    spec: { secrets: [], secretFiles: [{ path: '/db', name: 'db', sealed }] },
  });
  const sealed = sealedTo(sealing.publicKey);
  await expect(created(sealed, fileOf(sealed))).rejects.toMatchObject({
    code: 'secret-files-unsafe',
  });
  const place = () => Promise.reject(new Error('nothing is placed'));
  const missing = { ...fileOf(null), parts: { secretFiles: { place } } };
  await expect(created(null, missing)).rejects.toMatchObject({ code: 'secret-missing' });
});
