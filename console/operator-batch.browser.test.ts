/**
 * A batch of more than fifty devices is announced without naming them: pages that show one of them follow it live
 * all the same, in real Chromium. The devices are rows: they are away and tell nothing of their own.
 */
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Desk, openDesk } from './operator.fixture.ts';

const devices = 60;
/** Pages ask again at most every two seconds. */
const soon = { timeout: 10_000 };
let desk: Desk;

const addDevices = async (): Promise<void> => {
  const { cloud } = desk;
  await cloud.ask('POST', '/api/registration-tokens', { site: 'plant-7' });
  await cloud.owner.query(
    `INSERT INTO device_manager.devices
       (tenant_id, name, site, status, public_key, sealing_key, fingerprint, agent_version, os,
        architecture, hostname, registration_token_id)
     SELECT tenant_id, 'pump-' || i, 'plant-7', 'approved', 'U' || md5(tenant_id::text || i), 'k', '', '0.1.0',
            'linux', 'arm64', 'host', id
       FROM device_manager.registration_tokens, generate_series(1, $1::integer) i`,
    [devices],
  );
};

beforeAll(async () => {
  desk = await openDesk();
  await addDevices();
  await desk.page.goto(desk.cloud.url);
  await desk.signIn();
  await desk.heading('Fleet').waitFor();
}, 120_000);
afterAll(async () => {
  await desk?.close();
});

const opened = async (path: string, heading: string): Promise<Page> => {
  const page = await desk.page.context().newPage();
  await page.goto(desk.cloud.url + path);
  await page.getByRole('heading', { level: 1, name: heading }).waitFor();
  await page.locator('link-pill').getByText('Live', { exact: true }).waitFor();
  return page;
};

it('is followed by the fleet, a device and a group that are open', async () => {
  const { cloud, page } = desk;
  const listed = (await cloud.ask('GET', '/api/devices?search=pump-1')) as {
    devices: { id: string; name: string }[];
  };
  const pump = listed.devices.find(({ name }) => name === 'pump-1');
  const group = (await cloud.ask('POST', '/api/groups', {
    ...{ name: 'Pumping', query: 'bundle=pumping' },
  })) as { id: string };
  const bundle = (await cloud.ask('POST', '/api/bundles', { name: 'pumping' })) as { id: string };
  const image = `registry.plant.example/pumping@sha256:${'a'.repeat(64)}`;
  await cloud.ask('POST', `/api/bundles/${bundle.id}/versions`, {
    version: '1.0.0',
    containers: [{ name: 'web', image }],
  });
  const ofDevice = await opened(`/devices/${pump?.id}`, 'pump-1');
  await ofDevice.locator('.skeleton').first().waitFor({ state: 'detached' });
  const ofGroup = await opened(`/groups/${group.id}`, 'Pumping');
  await ofGroup.getByText('No device answers the query now').waitFor();
  const row = page.getByRole('region', { name: 'Devices' }).locator('tbody tr').first();
  await row.getByText('no bundle').waitFor();
  await desk.live().waitFor();

  const { devices: all } = (await cloud.ask('GET', '/api/devices?limit=100')) as {
    devices: { id: string }[];
  };
  await cloud.ask('POST', '/api/rollouts', {
    ...{ bundleId: bundle.id, version: '1.0.0', deviceIds: all.map(({ id }) => id) },
  });
  await row.getByText('pumping 1.0.0').waitFor(soon);
  await ofDevice.getByRole('row', { name: /pumping/ }).waitFor(soon);
  const members = ofGroup.getByRole('region', { name: 'Devices in the group' }).locator('tbody tr');
  await expect.poll(() => members.count(), soon).toBe(devices);
  expect(desk.troubles).toEqual([]);
});
