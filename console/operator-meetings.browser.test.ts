/**
 * Two rollouts of one bundle that meet, as somebody sees them who is called at night: what the look ahead
 * says before the second one is begun, what both pages say then, and what becomes of the first. In real
 * Chromium; the devices are rows that tell nothing of their own.
 */
import type { Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { looksFor } from './browser.fixture.ts';
import { type Desk, openDesk } from './operator.fixture.ts';

const devices = 6;
/** Pages ask again at most every two seconds. */
const soon = { timeout: 10_000 };
const strict = { succeededPercentMin: 100, failedPercentMax: 0 };
let desk: Desk;
let bundleId = '';
let older = '';
let newer = '';

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
  await cloud.owner.query(
    `INSERT INTO telemetry.presence
       (device_id, tenant_id, last_seen_at, next_beat_ms, presence, changed_at)
     SELECT id, tenant_id, now(), 600000, 'online', now() FROM device_manager.devices`,
  );
};

const start = async (version: string, waves: object[]): Promise<string> => {
  const wish = { bundleId, version, target: { kind: 'all' }, waves };
  return ((await desk.cloud.ask('POST', '/api/rollouts', wish)) as { id: string }).id;
};

beforeAll(async () => {
  desk = await openDesk();
  await addDevices();
  const { cloud } = desk;
  const bundle = (await cloud.ask('POST', '/api/bundles', { name: 'press' })) as { id: string };
  bundleId = bundle.id;
  const image = `registry.plant.example/press@sha256:${'a'.repeat(64)}`;
  for (const version of ['2.0.0', '3.0.0'])
    await cloud.ask('POST', `/api/bundles/${bundleId}/versions`, {
      ...{ version, containers: [{ name: 'web', image }] },
    });
  older = await start('2.0.0', [
    { name: 'canary', size: { kind: 'count', count: 1 }, gate: strict },
    { name: 'rest', size: { kind: 'rest' }, gate: strict },
  ]);
  await desk.page.goto(cloud.url);
  await desk.signIn();
  await desk.heading('Fleet').waitFor();
}, 120_000);
afterAll(async () => {
  await desk?.close();
});

const opened = async (id: string, version: string): Promise<Page> => {
  const page = await desk.page.context().newPage();
  await page.goto(`${desk.cloud.url}/rollouts/${id}`);
  await page.getByRole('heading', { level: 1, name: `press ${version}` }).waitFor();
  await page.locator('link-pill').getByText('Live', { exact: true }).waitFor();
  return page;
};
const noteOf = (page: Page, words: string | RegExp): Locator =>
  page.locator('.note').filter({ hasText: words });

it('are told of before the second one begins: what is under way on how many, and what becomes of it', async () => {
  const { page, cloud } = desk;
  await page.goto(`${cloud.url}/rollouts/new?bundle=${bundleId}&version=3.0.0`);
  await page.getByRole('button', { name: `Choose all ${devices}` }).click();
  const ahead = page.getByRole('region', { name: 'Look ahead' });
  await page.getByRole('button', { name: 'Look ahead' }).click();
  await ahead.getByText('It would be refused: Another rollout of this bundle is at work').waitFor();
  await page.getByRole('radio', { name: /^In three waves/ }).check();
  await ahead.waitFor({ state: 'detached' });
  await page.getByRole('button', { name: 'Look ahead' }).click();
  const note = ahead.locator('.note').filter({ hasText: '2.0.0 is in progress on 6 of these' });
  await note
    .getByText('1 device is at work with 2.0.0 and told of 3.0.0 when that is done')
    .waitFor();
  await note.getByText('5 devices were not told of 2.0.0 yet').waitFor();
  await note.getByText('Cancel that one if nobody is to get it').waitFor();
  expect(await note.getByRole('link', { name: '2.0.0' }).getAttribute('href')).toContain(older);
  expect(await looksFor(page, 'a look ahead at two that meet')).toEqual([]);
});

it('name each other while both are at work, on pages that were open before, too', async () => {
  const first = await opened(older, '2.0.0');
  newer = await start('3.0.0', [{ name: 'all', size: { kind: 'rest' }, gate: strict }]);
  const overtaken = noteOf(first, 'Overtaken by');
  await overtaken.getByText('6 devices').waitFor(soon);
  expect(await looksFor(first, 'a rollout that is overtaken')).toEqual([]);
  await overtaken.getByRole('link', { name: '3.0.0' }).click();
  await first.getByRole('heading', { level: 1, name: 'press 3.0.0' }).waitFor();
  await first.getByText('It overtakes').waitFor();
  await first.close();
});

it('leave to the second one whoever it told: the first says so, and of each why it is over there', async () => {
  const { owner } = desk.cloud;
  const page = await opened(older, '2.0.0');
  const progress = page.getByRole('region', { name: 'Progress' });
  await page.getByRole('button', { name: 'Next wave' }).click();
  await page
    .locator('wa-dialog[open]')
    .getByRole('button', { name: 'Begin the next wave' })
    .click();
  await progress.getByText(/Wave rest .* where another rollout of it is at work/).waitFor(soon);
  // As if those five had said that they run what the second one told them.
  await owner.query(
    `UPDATE bundle_orchestrator.rollout_devices SET status = 'succeeded'
      WHERE rollout_id = $1 AND status = 'pending'`,
    [newer],
  );
  await owner.query('UPDATE bundle_orchestrator.rollouts SET tell_due_at = now() WHERE id = $1', [
    older,
  ]);
  await progress.getByText('5 cancelled').waitFor(soon);
  const why = page.getByRole('list', { name: 'Devices' }).getByText(/told it of 3\.0\.0 since/);
  await expect.poll(() => why.count(), soon).toBe(5);
  await page.close();
});

it('say what is left to the first when the second one is taken back, without a reload', async () => {
  const page = await opened(older, '2.0.0');
  await noteOf(page, 'they wait here until it is done with them').waitFor();
  await desk.cloud.ask('POST', `/api/rollouts/${newer}/cancel`);
  const note = noteOf(page, 'It was taken back: whoever runs 3.0.0 all the same');
  await note.getByText('Cancelled', { exact: true }).waitFor(soon);
  await page.close();
  expect(desk.troubles).toEqual([]);
});
