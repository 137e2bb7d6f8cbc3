/** What the live stream tells people who are held to some sites, over the real hub and Postgres. */
import { randomUUID } from 'node:crypto';
import '@signalbeam/launcher/rig/provided';
import type { Pool } from '@signalbeam/platform/postgres/pool';
import { openTestPlatform, type TestPlatform } from '@signalbeam/platform/rig.suite';
import type { Service } from '@signalbeam/platform/service';
import { afterAll, beforeAll, expect, inject, it, vi } from 'vitest';
import { addDevices, addTenant, openOwner, signIn, type TestTenant } from '../rig.suite.ts';
import { createService } from '../service.ts';

let test: TestPlatform;
let owner: Pool;
let service: Service;
let tenant: TestTenant;
let viewer: string;

beforeAll(async () => {
  test = await openTestPlatform(inject('postgresUrl'));
  owner = openOwner(test.world.databaseUrl);
  service = createService(test.platform);
  await service.start();
  tenant = await addTenant(owner, test.platform);
  viewer = (await signIn(owner, test.platform, tenant)).token;
});
afterAll(async () => {
  await service?.stop();
  await owner?.end();
  await test?.close();
});

const open = async (token: string) => {
  const response = await service.app.request('/api/stream', {
    headers: { authorization: `Bearer ${token}` },
  });
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  const read = async (): Promise<void> => {
    for (;;) {
      const part = await reader?.read();
      if (part === undefined || part.done) break;
      text += part.value;
    }
  };
  const reading = read();
  return {
    text: () => text,
    close: async () => {
      await reader?.cancel();
      await reading;
    },
  };
};

/** Of these devices, as bundle-orchestrator keeps it. */
const addRollout = async (deviceIds: readonly string[]): Promise<string> => {
  const [bundleId, rolloutId] = [randomUUID(), randomUUID()];
  const { tenantId } = tenant;
  await owner.query(
    `INSERT INTO bundle_orchestrator.bundles (tenant_id, id, name, created_by)
     VALUES ($1, $2, $3, 'test')`,
    [tenantId, bundleId, `web-${bundleId}`],
  );
  await owner.query(
    `INSERT INTO bundle_orchestrator.bundle_versions
       (tenant_id, bundle_id, version, order_key, containers, release_digest, release_envelope,
        created_at, created_by)
     VALUES ($1, $2, '1.0.0', '1', '[]', $3, '', now(), 'test')`,
    [tenantId, bundleId, `sha256:${bundleId.replaceAll('-', '').repeat(2)}`],
  );
  await owner.query(
    `INSERT INTO bundle_orchestrator.rollouts (tenant_id, id, bundle_id, version, created_by, target)
     VALUES ($1, $2, $3, '1.0.0', 'test', '{"kind": "all"}')`,
    [tenantId, rolloutId, bundleId],
  );
  await owner.query(
    `INSERT INTO bundle_orchestrator.rollout_devices
       (tenant_id, rollout_id, bundle_id, device_id, device_name, status, requested_generation)
     SELECT $1, $2, $3, id, 'd', 'pending', 1 FROM unnest($4::uuid[]) AS id`,
    [tenantId, rolloutId, bundleId, deviceIds],
  );
  return rolloutId;
};

it('tells who is held to some sites of the rollouts that they see, and only what is theirs', async () => {
  const [theirs, foreign] = [
    await addDevices(owner, tenant, 1, 'own-site'),
    await addDevices(owner, tenant, 1, 'other-site'),
  ].flat();
  if (theirs === undefined || foreign === undefined) throw new Error('no devices were made');
  const both = await addRollout([theirs.deviceId, foreign.deviceId]);
  const others = await addRollout([foreign.deviceId]);
  const scoped = await signIn(owner, test.platform, tenant, 'viewer', ['own-site']);
  const [held, all] = [await open(scoped.token), await open(viewer)];
  const tell = (type: string, rolloutId: string, more: object) =>
    test.platform.live.publish({
      ...{ tenantId: tenant.tenantId, type },
      data: { rolloutId, progress: { total: 2 }, site: null, ...more },
    });
  const move = (deviceId: string) => ({ deviceId, status: 'succeeded', reason: null });
  const heardBy = ({ text }: typeof held) =>
    text()
      .split('\n')
      .flatMap((line) => (line.startsWith('data: {"type"') ? [JSON.parse(line.slice(6))] : []))
      .map(({ type, data }) => ({ type, data }))
      .filter(({ type }) => /^(rollout|alert)\./.test(type));
  // Twice: what was not known of a rollout yet, and what is.
  for (const round of [1, 2]) {
    tell('rollout.progressed', others, { devices: [move(foreign.deviceId)], round });
    tell('rollout.completed', others, { devices: [], round });
    tell('alert.raised', others, { title: 'of others', round });
    tell('rollout.progressed', both, { devices: [move(foreign.deviceId)], round });
    tell('rollout.progressed', both, {
      ...{ devices: [move(theirs.deviceId), move(foreign.deviceId)], round },
    });
    tell('alert.raised', both, { title: 'of theirs', round });
    tell('rollout.completed', both, { devices: [], round });
    await vi.waitFor(() => {
      expect(heardBy(held).filter(({ type }) => type === 'rollout.completed')).toHaveLength(round);
      expect(heardBy(all)).toHaveLength(7 * round);
    }, 10_000);
  }
  expect(heardBy(held)).toEqual(
    [1, 2].flatMap((round) => [
      {
        type: 'rollout.progressed',
        data: { rolloutId: both, devices: [move(theirs.deviceId)] },
      },
      {
        type: 'alert.raised',
        data: {
          ...{ rolloutId: both, progress: { total: 2 }, site: null, title: 'of theirs', round },
        },
      },
      { type: 'rollout.completed', data: { rolloutId: both, devices: [] } },
    ]),
  );
  expect(held.text()).not.toContain(foreign.deviceId);
  await Promise.all([held.close(), all.close()]);
});
