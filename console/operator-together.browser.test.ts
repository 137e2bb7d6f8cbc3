/**
 * Two operators at one thing, in real Chromium: what one has decided is never taken for a word about
 * what came after it, and who was slower is told.
 */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { looksFor } from './browser.fixture.ts';
import { type Desk, openDesk } from './operator.fixture.ts';

let desk: Desk;

/** Rows: they are away and say nothing. */
const addDevices = async (count: number): Promise<string[]> => {
  const { cloud } = desk;
  await cloud.ask('POST', '/api/registration-tokens', { site: 'plant-7' });
  const { rows } = await cloud.owner.query<{ id: string }>(
    `INSERT INTO device_manager.devices
       (tenant_id, name, site, status, public_key, sealing_key, fingerprint, agent_version, os,
        architecture, hostname, registration_token_id)
     SELECT tenant_id, 'pump-' || i, 'plant-7', 'approved', 'U' || md5(tenant_id::text || i), 'k', '', '0.1.0',
            'linux', 'arm64', 'host', id
       FROM device_manager.registration_tokens, generate_series(1, $1::integer) i RETURNING id`,
    [count],
  );
  return rows.map(({ id }) => id);
};

beforeAll(async () => {
  desk = await openDesk();
  await desk.page.goto(desk.cloud.url);
  await desk.signIn();
  await desk.heading('Fleet').waitFor();
}, 120_000);
afterAll(async () => {
  await desk?.close();
});

it('lets one wave pass when both press the same button', async () => {
  const { cloud, page, overlay, heading } = desk;
  const deviceIds = await addDevices(3);
  const bundle = (await cloud.ask('POST', '/api/bundles', { name: 'pumping' })) as { id: string };
  await cloud.ask('POST', `/api/bundles/${bundle.id}/versions`, {
    version: '1.0.0',
    containers: [{ name: 'web', image: `registry.example/web@sha256:${'a'.repeat(64)}` }],
  });
  const rollout = (await cloud.ask('POST', '/api/rollouts', {
    ...{ bundleId: bundle.id, version: '1.0.0', deviceIds },
    waves: ['canary', 'second', 'third'].map((name) => ({
      ...{ name, size: name === 'third' ? { kind: 'rest' } : { kind: 'count', count: 1 } },
    })),
  })) as { id: string };
  await page.goto(`${cloud.url}/rollouts/${rollout.id}`);
  await heading('pumping 1.0.0').waitFor();
  await desk.live().waitFor();
  await page.getByRole('button', { name: 'Next wave' }).click();
  await overlay().getByText('Wave second, 1 device, begins now').waitFor();
  await cloud.ask('POST', `/api/rollouts/${rollout.id}/advance?wave=0`);
  // The question that stands is about the wave that it was asked about.
  await overlay().getByText('Wave canary was passed meanwhile.').waitFor();
  expect(await looksFor(page, 'a word that comes too late')).toEqual([]);
  await overlay().getByRole('button', { name: 'Begin the next wave' }).click();
  const { waves } = (await cloud.ask('GET', `/api/rollouts/${rollout.id}`)) as {
    waves: { state: string }[];
  };
  expect(waves.map(({ state }) => state)).toEqual(['passed', 'open', 'waiting']);
  await overlay().getByRole('button', { name: 'Wait for the gate' }).click();
  await overlay().waitFor({ state: 'detached' });
  expect(desk.troubles).toEqual([]);
});
