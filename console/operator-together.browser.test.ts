/**
 * Two operators at one thing, and more devices than a list shows, in real Chromium: what one has decided
 * is never taken for a word about what came after it, and a part is never shown as the whole.
 */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { looksFor } from './browser.fixture.ts';
import { type Desk, openDesk } from './operator.fixture.ts';

let desk: Desk;

/** Rows: they are away and say nothing. */
const addDevices = async (
  numbers: readonly [first: number, last: number],
  { site = 'plant-7', status = 'approved' } = {},
): Promise<string[]> => {
  const { cloud } = desk;
  await cloud.ask('POST', '/api/registration-tokens', { site });
  const { rows } = await cloud.owner.query<{ id: string }>(
    `INSERT INTO device_manager.devices
       (tenant_id, name, site, status, public_key, sealing_key, fingerprint, agent_version, os,
        architecture, hostname, registration_token_id)
     SELECT tenant_id, 'pump-' || i, $3, $4, 'U' || md5(tenant_id::text || i), 'k', '', '0.1.0',
            'linux', 'arm64', 'host', id
       FROM (SELECT tenant_id, id FROM device_manager.registration_tokens WHERE site = $3 LIMIT 1) token,
            generate_series($1::integer, $2::integer) i RETURNING id`,
    [...numbers, site, status],
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
  const deviceIds = await addDevices([1, 3]);
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
  const begin = overlay().getByRole('button', { name: 'Begin the next wave' });
  expect(await begin.getAttribute('aria-disabled')).toBe('true');
  await begin.click({ force: true });
  const { waves } = (await cloud.ask('GET', `/api/rollouts/${rollout.id}`)) as {
    waves: { state: string }[];
  };
  expect(waves.map(({ state }) => state)).toEqual(['passed', 'open', 'waiting']);
  await overlay().getByRole('button', { name: 'Wait for the gate' }).click();
  await overlay().waitFor({ state: 'detached' });
  // Whoever names a device may be as long-winded as they like.
  const name = `line-${'x'.repeat(110)}`;
  await cloud.ask('PATCH', `/api/devices/${deviceIds[0]}`, { name });
  await page.reload();
  await page.getByRole('link', { name }).waitFor();
  expect(await looksFor(page, 'a rollout to a device with a long name')).toEqual([]);
  expect(desk.troubles).toEqual([]);
});

it('counts whom a rollout is for, however few of them are listed, and begins it at its time', async () => {
  const { page, cloud, heading } = desk;
  await addDevices([4, 503]);
  await addDevices([504, 513], { site: 'quarry-1' });
  const { bundles } = (await cloud.ask('GET', '/api/bundles')) as { bundles: { id: string }[] };
  await page.goto(`${cloud.url}/rollouts/new?bundle=${bundles[0]?.id}&version=1.0.0`);
  await page.getByRole('button', { name: 'Choose the first 500' }).waitFor();
  await page.getByText('The first 500 by name').waitFor();
  await page.getByLabel('Whom').selectOption('all:');
  await page.getByText('513 devices download and check everything first').waitFor();
  // None of its devices is among the first.
  await page.getByLabel('Whom').selectOption('site:quarry-1');
  await page.getByText('10 devices download and check everything first').waitFor();
  await page.getByLabel('Begin at').fill('2030-01-31T02:00');
  await page.getByRole('button', { name: 'Schedule rollout' }).click();
  await heading('pumping 1.0.0').waitFor();
  await page.getByText('Scheduled', { exact: true }).waitFor();
});

it('says how many wait for approval, also of more than it shows', async () => {
  const { page, cloud, heading } = desk;
  await addDevices([601, 720], { status: 'pending' });
  await page.goto(cloud.url);
  await heading('Fleet').waitFor();
  const waiting = page.getByRole('region', { name: 'Waiting for approval' });
  await waiting.getByText('120 waiting').waitFor();
  await waiting.getByText('The first 100 of 120').waitFor();
  expect(desk.troubles).toEqual([]);
});

it('says of a list that was cut that there may be more, and what lists it', async () => {
  const { page, cloud, heading } = desk;
  await cloud.owner.query(
    `INSERT INTO device_manager.registration_tokens
       (tenant_id, prefix, salt, secret_hash, site, max_uses, created_by, created_at, expires_at)
     SELECT tenant_id, 'cut', '', '', 'plant-7', 1, 'test', now() - i * interval '1 second',
            now() + interval '1 day'
       FROM (SELECT tenant_id FROM device_manager.registration_tokens LIMIT 1) of,
            generate_series(1, 500) i`,
  );
  await page.goto(`${cloud.url}/tokens`);
  await heading('Registration tokens').waitFor();
  await page.getByText('The first 500; there may be more.').waitFor();
  expect(await page.getByText('signalbeam tokens list --all').count()).toBe(1);
  await page.goto(`${cloud.url}/sites`);
  await page.getByText('quarry-1').first().waitFor();
  expect(await page.getByText('there may be more').count()).toBe(0);
});
