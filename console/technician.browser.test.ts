/**
 * The technician's console in real Chromium, served by a real agent on real Docker, at a name on
 * plain http as on a site's network: there the browser gives no clipboard, no crypto.subtle.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { detectEngine } from '@signalbeam/edge/containers/detect';
import { agentCommand, startAgent, startTestCloud } from '@signalbeam/edge/link/cloud.fixture';
import { freePort } from '@signalbeam/launcher/infra/ports';
import { buildImageTar } from '@signalbeam/launcher/rig/image';
import '@signalbeam/launcher/rig/provided';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { looksFor, openBrowser, type Watched, watchedPage } from './browser.fixture.ts';

const name = 'press-1.plant';
let cloud: Awaited<ReturnType<typeof startTestCloud>>;
let browser: Browser;
let phone: Watched;
let agent: Awaited<ReturnType<typeof startAgent>> | undefined;
let folder: string;
let deviceId: string;

beforeAll(async () => {
  browser = await openBrowser(inject('chromiumPath'), [
    `--host-resolver-rules=MAP ${name} 127.0.0.1`,
  ]);
  cloud = await startTestCloud(inject('postgresUrl'));
  folder = join(cloud.dir, 'press-1');
  const { token } = (await cloud.ask('POST', '/api/registration-tokens', {
    site: 'plant-7',
    maxUses: 1,
    autoApprove: false,
  })) as { token: string };
  const args = ['register', '--url', cloud.url, '--name', 'press-1', '--state', folder];
  const said = await agentCommand(args, { SIGNALBEAM_TOKEN: token });
  if (said.code !== 0) throw new Error(said.stderr);
  const enrolment: unknown = JSON.parse(readFileSync(join(folder, 'enrolment.json'), 'utf8'));
  deviceId = (enrolment as { deviceId: string }).deviceId;
  agent = await startAgent({
    folder,
    name: 'press-1',
    args: [
      ...['--engine', 'docker', '--engine-socket', inject('dockerSocket')],
      ...['--heartbeat-ms', '1000', '--metrics-interval-ms', '500'],
      ...['--gateway', '--leaf-listen', `127.0.0.1:${await freePort()}`],
      ...['--console-dir', join(import.meta.dirname, 'dist/technician'), '--console-host', name],
    ],
  });
  const origin = `http://${name}:${new URL(agent.console).port}`;
  phone = await watchedPage(browser, origin, { expectedStatuses: [401] });
  await phone.page.goto(origin);
});
afterAll(async () => {
  await browser?.close();
  await agent?.stop();
  const found = await detectEngine({ prefer: 'docker', socketPath: inject('dockerSocket') });
  if (found.kind !== 'none') {
    for (const { id } of await found.engine.list(deviceId))
      await found.engine.remove(id, { volumes: true });
    await found.engine.close();
  }
  await cloud?.stop();
});

const region = (title: string) => phone.page.getByRole('region', { name: title, exact: true });

it('shows a waiting device its fingerprint, and moves on by itself once it is approved', async () => {
  const { page } = phone;
  expect(await page.evaluate(() => isSecureContext)).toBe(false);
  const fingerprint = await region('To be approved').locator('.fingerprint').textContent();
  const { stdout } = await agentCommand(['status', '--state', folder]);
  expect(stdout).toContain(fingerprint);
  await region('This device').getByText('This device is not approved yet.').first().waitFor();
  expect(await looksFor(page, 'waiting')).toEqual([]);
  await cloud.ask('POST', `/api/devices/${deviceId}/approve`);
  await region('This device').getByText('Ready, nothing to run').waitFor();
  await region('Link to the cloud').getByText('Connected to the cloud').waitFor();
});

it('shows what runs, its measurements, and its log as it is written', async () => {
  const { page } = phone;
  const { tar } = buildImageTar({
    name: 'ticker',
    tag: '1',
    files: {},
    command: ['sh', '-c', 'n=0; while true; do n=$((n+1)); echo tick $n; sleep 1; done'],
  });
  const uploaded = await fetch(`${cloud.url}/api/artifacts?name=ticker`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${await signIn()}`,
      'content-type': 'application/octet-stream',
    },
    body: new Uint8Array(tar),
  });
  const { images } = (await uploaded.json()) as { images: { reference: string }[] };
  const { id } = (await cloud.ask('POST', '/api/bundles', { name: 'ticker' })) as { id: string };
  const containers = [{ name: 'ticker', image: images[0]?.reference }];
  await cloud.ask('POST', `/api/bundles/${id}/versions`, { version: '1.0.0', containers });
  await cloud.ask('POST', `/api/devices/${deviceId}/bundle`, { bundleId: id, version: '1.0.0' });
  await region('This device').getByText('All is well').waitFor();
  await region('Software').getByText('1.0.0').first().waitFor();
  await region('Metrics').locator('canvas').first().waitFor();
  const row = region('Containers').getByRole('button', { name: /ticker/ });
  await row.click();
  const log = page.getByRole('region', { name: 'Log lines' });
  await expect.poll(() => log.textContent(), { timeout: 15_000 }).toContain('tick 1\n');
  const lines = () => log.textContent().then((text) => text.split('\n').length);
  const before = await lines();
  await expect.poll(lines, { timeout: 15_000 }).toBeGreaterThan(before + 1);
  expect(await log.textContent()).toMatch(/^tick 1\ntick 2\n/);
  await page
    .locator('wa-dialog[open], wa-drawer[open]')
    .getByRole('button', { name: 'Copy' })
    .click();
  await page
    .locator('wa-dialog[open], wa-drawer[open]')
    .getByText('Copied', { exact: true })
    .waitFor();
  expect(await looksFor(page, 'a log')).toEqual([]);
  await page.keyboard.press('Escape');
  await page.locator('wa-dialog[open], wa-drawer[open]').waitFor({ state: 'detached' });
});

it('gives a gloved hand room: nothing to press is lower than 44 pixels on the smallest phone', async () => {
  const { page } = phone;
  await page.setViewportSize({ width: 320, height: 800 });
  const pressable = await page.locator('button:visible, summary:visible, select:visible').all();
  expect(pressable.length).toBeGreaterThan(3);
  const low: string[] = [];
  for (const each of pressable) {
    const box = await each.boundingBox();
    if (box === null || box.height < 44 || box.width < 44)
      low.push(`${await each.textContent()}: ${box?.width} × ${box?.height}`);
  }
  expect(low).toEqual([]);
  await page.setViewportSize({ width: 1280, height: 800 });
});

it('is read-only until signed in by a code from the device, and then looks again', async () => {
  const { page } = phone;
  const reconcile = page.getByRole('button', { name: 'Reconcile now' });
  expect(await reconcile.getAttribute('aria-disabled')).toBe('true');
  await region('This device')
    .getByText('Sign in first, with a code from this device.')
    .first()
    .waitFor();
  const form = page.locator('wa-dialog[open], wa-drawer[open]');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await form.getByLabel('Code', { exact: true }).fill('0000-0000');
  await page.keyboard.press('Enter');
  await form.getByRole('alert').getByText('wrong-code').waitFor();
  expect(await looksFor(page, 'a wrong code')).toEqual([]);
  const { stdout } = await agentCommand(['console-code', '--state', folder]);
  const code = /[0-9A-Z]{4}-[0-9A-Z]{4}/.exec(stdout)?.[0] ?? '';
  await form.getByLabel('Code', { exact: true }).fill(code.toLowerCase());
  await page.keyboard.press('Enter');
  await page.getByText(/Signed in until/).waitFor();
  expect(await page.evaluate(() => document.cookie)).toBe('');
  await reconcile.click();
  await region('What happened')
    .getByText('A technician asked the device to reconcile now.')
    .waitFor();
});

it('is held while somebody works at the device, which the cloud is told too', async () => {
  const { page } = phone;
  await page.getByRole('button', { name: 'Hold', exact: true }).click();
  const form = page.locator('wa-dialog[open], wa-drawer[open]');
  await form.getByLabel('At most for').selectOption('1 hour');
  await form.getByLabel('What are you doing?').fill('Replacing the fan');
  expect(await looksFor(page, 'a hold')).toEqual([]);
  await page.keyboard.press('Enter');
  await region('This device').getByText('Held by a technician').waitFor();
  await region('This device')
    .getByText(/^Nothing is changed here until .*: Replacing the fan\.$/)
    .waitFor();
  const told = async () =>
    JSON.stringify(await cloud.ask('GET', `/api/devices/${deviceId}/reported`));
  await expect.poll(told, { timeout: 15_000 }).toContain('Replacing the fan');
  const { stdout } = await agentCommand(['status', '--state', folder]);
  expect(stdout).toMatch(
    /Waiting: A technician holds this device until .* UTC: Replacing the fan\./,
  );
  await page.getByRole('button', { name: 'End the hold' }).click();
  await region('This device').getByText('All is well').waitFor();
  await region('What happened').getByText('No technician holds this device any more.').waitFor();
});

it('lets somebody in by a grant of the site, by name, until it is taken back', async () => {
  const { page } = phone;
  await page.getByRole('button', { name: 'Sign out' }).click();
  const issued = (await cloud.ask('POST', '/api/sites/plant-7/grants', {
    holder: 'Ada Lovelace',
  })) as { id: string; token: string };
  const form = page.locator('wa-dialog[open], wa-drawer[open]');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await form.getByText('I have a grant from the operator').click();
  expect(await looksFor(page, 'a grant')).toEqual([]);
  await form.getByLabel('Grant').fill(`${issued.token.slice(0, -1)}\n`);
  await form.getByRole('button', { name: 'Sign in' }).click();
  await form.getByRole('alert').getByText('wrong-grant').waitFor();
  await form.getByLabel('Grant').fill(issued.token);
  await form.getByRole('button', { name: 'Sign in' }).click();
  await page.getByText(/Signed in as Ada Lovelace until/).waitFor();
  await region('What happened').getByText('Ada Lovelace signed in by a grant.').waitFor();
  await cloud.ask('DELETE', `/api/sites/plant-7/grants/${issued.id}`);
  const session = () => page.evaluate(async () => (await fetch('/api/local/session')).json());
  await expect.poll(session, { timeout: 60_000 }).toMatchObject({ signedIn: false });
  await page.getByRole('button', { name: 'Reconcile now' }).click();
  await page.getByRole('button', { name: 'Sign in' }).waitFor();
});

it('says when the link is cut, what waits meanwhile, and that it healed', async () => {
  const { page } = phone;
  cloud.wan.cut('clean');
  await region('This device').getByText('Running, cut off').waitFor({ timeout: 60_000 });
  const link = region('Link to the cloud');
  await link.getByText('What runs here keeps running').waitFor();
  await link.getByText(/rows? waits? to be sent\..* when the link is back/).waitFor();
  expect(await looksFor(page, 'cut off')).toEqual([]);
  cloud.wan.heal();
  await link.getByText('Connected to the cloud').waitFor({ timeout: 60_000 });
  await region('This device').getByText('All is well').waitFor();
});

it('asked nobody but the device, and nothing went wrong', () => {
  expect(phone.troubles).toEqual([]);
});

const signIn = async (): Promise<string> => {
  const reply = await fetch(`${cloud.url}/api/auth/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email: 'admin@plant.example', password: 'correct horse battery' }),
  });
  return ((await reply.json()) as { token: string }).token;
};
