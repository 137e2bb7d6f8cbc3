/**
 * The operator's console in real Chromium, before the real cloud, with a real agent on real Docker:
 * from the first sign-in to a rollout that fails and says why. The tests of this file go on from
 * one another, as a day at work does.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { agentCommand } from '@signalbeam/edge/link/cloud.fixture';
import { buildImageTar } from '@signalbeam/launcher/rig/image';
import { uploadPartBytes } from '@signalbeam/sync/core/limits';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { looksFor } from './browser.fixture.ts';
import { type Desk, openDesk } from './operator.fixture.ts';

let desk: Desk;
beforeAll(async () => {
  desk = await openDesk();
});
afterAll(async () => {
  await desk?.close();
});

/** What the first container of a version shall be, written as a person would into the JSON. */
const container = (image: string, command: string[]) =>
  JSON.stringify([
    {
      name: 'web',
      image,
      command,
      healthCheck: {
        probe: { kind: 'exec', command: ['true'] },
        intervalMs: 1_000,
        timeoutMs: 1_000,
        retries: 1,
        startPeriodMs: 0,
        soakMs: 1_000,
      },
    },
  ]);

describe('the first hour', () => {
  it('refuses a wrong password in words with a code, and signs in with the right one', async () => {
    const { page, heading, live, signIn } = desk;
    await page.goto(desk.cloud.url);
    expect(await looksFor(page, 'sign-in')).toEqual([]);
    await signIn('not the password');
    await page.getByRole('alert').getByText('invalid-credentials').waitFor();
    await signIn();
    await heading('Fleet').waitFor();
    await live().waitFor();
  });

  it('teaches the next act where there is nothing yet', async () => {
    const { page, section, live } = desk;
    for (const [name, taught] of [
      ['Fleet', 'signalbeam-agent register'],
      ['Bundles', 'A bundle is a set of containers'],
      ['Rollouts', 'A rollout gives a bundle'],
    ] as const) {
      await section(name);
      await page.getByText(taught).first().waitFor();
      expect(await looksFor(page, `${name}, empty`)).toEqual([]);
      await live().waitFor();
    }
  });

  it('adds a device: token, command, fingerprint, approval; and sees it come online by itself', async () => {
    const { page, section } = desk;
    await section('Fleet');
    await page.getByRole('button', { name: 'Add device' }).first().click();
    await page.getByLabel('Site').fill('plant-7');
    await page.getByRole('button', { name: 'Make token' }).click();
    const command = await page
      .locator('wa-dialog[open]')
      .getByLabel('Command to run on the device')
      .textContent();
    expect(await looksFor(page, 'the token')).toEqual([]);
    await page.getByRole('button', { name: 'Done' }).click();
    const args = command.trim().split(/\s+/).slice(1);
    const folder = await desk.register('press-1', args);
    await desk.run('press-1');
    const waiting = page.getByRole('region', { name: 'Waiting for approval' });
    await waiting.getByText('press-1').waitFor();
    const status = await agentCommand(['status', '--state', folder]);
    const fingerprint = await waiting.locator('.fingerprint').textContent();
    expect(status.stdout).toContain(fingerprint);
    await waiting.getByRole('button', { name: 'Approve' }).click();
    await page.getByRole('region', { name: 'Devices' }).getByText('Online').waitFor();
  });
});

describe('a device that nobody knows', () => {
  it('is turned away, with what that means for it said before', async () => {
    const { page, cloud, overlay } = desk;
    const made = await cloud.ask('POST', '/api/registration-tokens', { site: 'plant-7' });
    const { token } = made as { token: string };
    await desk.register('stray', ['register', '--url', cloud.url, '--token', token]);
    const waiting = page.getByRole('region', { name: 'Waiting for approval' });
    await waiting.getByRole('button', { name: 'Reject' }).click();
    await overlay().getByText("can't connect").waitFor();
    expect(await looksFor(page, 'rejecting')).toEqual([]);
    await overlay().getByLabel('Reason').fill('It is not ours.');
    await overlay().getByRole('button', { name: 'Reject device' }).click();
    await waiting.waitFor({ state: 'detached' });
    const { devices } = (await cloud.ask('GET', '/api/devices')) as {
      devices: { name: string; registrationStatus: string; statusReason: string | null }[];
    };
    expect(devices.find(({ name }) => name === 'stray')).toMatchObject({
      registrationStatus: 'rejected',
      statusReason: 'It is not ours.',
    });
  });
});

describe('a bundle', () => {
  it('is refused at the field that is wrong, mended there, and published', async () => {
    const { page, heading, section } = desk;
    await section('Bundles');
    await page.getByRole('button', { name: 'New bundle' }).click();
    await page.getByLabel('Name').fill('press');
    expect(await looksFor(page, 'a new bundle')).toEqual([]);
    await page.keyboard.press('Enter');
    await heading('press').waitFor();
    await page.getByRole('link', { name: 'Make the first version' }).click();
    const image = page.getByLabel('Image of the first container');
    await page.getByLabel('Containers, as JSON').fill(container('nginx:latest', []));
    await page.locator('#image-errors').getByText('must name a registry and a digest').waitFor();
    expect(await image.getAttribute('aria-invalid')).toBe('true');
    const publish = page.getByRole('button', { name: 'Publish' });
    expect(await publish.getAttribute('aria-disabled')).toBe('true');
    expect(await looksFor(page, 'a wrong version')).toEqual([]);
    const { tar } = buildImageTar({
      name: 'press',
      tag: '1',
      files: { '/www/index.html': 'press' },
      command: ['sh', '-c', 'echo press is running; sleep 3600'],
    });
    await page.getByLabel('Upload an image archive').setInputFiles({
      name: 'press.tar',
      mimeType: 'application/x-tar',
      buffer: Buffer.from(tar),
    });
    await page.getByText('Valid: it can be published.').waitFor();
    expect(await image.getAttribute('aria-invalid')).toBeNull();
    await page.getByLabel('Version', { exact: true }).fill('1.0.0');
    await publish.click();
    await page.getByRole('cell', { name: '1.0.0', exact: true }).waitFor();
  });
});

describe('a rollout', () => {
  const start = async (version: string): Promise<void> => {
    const { page, heading } = desk;
    await page
      .getByRole('row')
      .filter({ has: page.getByRole('cell', { name: version, exact: true }) })
      .getByRole('link', { name: 'Roll out' })
      .click();
    await heading('New rollout').waitFor();
    const button = page.getByRole('button', { name: 'Start rollout' });
    expect(await button.getAttribute('aria-disabled')).toBe('true');
    // At both buttons: looking ahead is refused for the same reason.
    await page.getByText('Choose at least one device.').first().waitFor();
    await page.getByRole('button', { name: /^Choose all/ }).click();
    await button.click();
    await heading(`press ${version}`).waitFor();
  };

  it('is watched to its end without touching the page', async () => {
    const { page, live } = desk;
    await start('1.0.0');
    await page.getByText('1 of 1 confirmed.').waitFor();
    await page.getByRole('list', { name: 'Devices' }).getByText('Confirmed').waitFor();
    await live().waitFor();
    expect(await looksFor(page, 'a finished rollout')).toEqual([]);
  });

  it('asks nothing again while nothing happens, however long it is shown', async () => {
    // A context of its own: its clock is ours to move.
    const context = await desk.browser.newContext({
      storageState: await desk.page.context().storageState(),
    });
    const page = await context.newPage();
    await page.clock.install();
    await page.goto(desk.page.url());
    await page.getByText('1 of 1 confirmed.').waitFor();
    await page.locator('link-pill').getByText('Live', { exact: true }).waitFor();
    const asked: string[] = [];
    page.on('request', (request) => asked.push(request.url()));
    // Every timer that is due within half a minute fires; heartbeats go on meanwhile.
    await page.clock.fastForward(30_000);
    // What a timer would have asked for has been asked for once this is answered.
    await page.evaluate(() => fetch('/api/auth/me'));
    expect(asked).toEqual([`${desk.cloud.url}/api/auth/me`]);
    await context.close();
  });

  it('shows why a version failed, with its last lines, and what runs instead', async () => {
    const { page, heading, section } = desk;
    await section('Bundles');
    await page.getByRole('link', { name: 'press' }).click();
    await page.getByRole('link', { name: 'Start a version from it' }).click();
    const json = page.getByLabel('Containers, as JSON');
    await page.getByText('Valid: it can be published.').waitFor();
    const [first] = JSON.parse(await json.inputValue()) as { image: string }[];
    const bad = ['sh', '-c', 'echo cannot open the serial port; exit 3'];
    await json.fill(container(first?.image ?? '', bad));
    expect(await page.getByLabel('Version', { exact: true }).inputValue()).toBe('1.0.1');
    await page.getByText('Valid: it can be published.').waitFor();
    await page.getByRole('button', { name: 'Publish' }).click();
    await start('1.0.1');
    const devices = page.getByRole('list', { name: 'Devices' });
    await devices.getByText('Failed', { exact: true }).waitFor({ timeout: 60_000 });
    await devices.getByText('cannot open the serial port').first().waitFor();
    await page.getByRole('button', { name: 'Retry failed' }).waitFor();
    expect(await looksFor(page, 'a failed rollout')).toEqual([]);
    await devices.getByRole('link', { name: 'press-1' }).click();
    await heading('press-1').waitFor();
    const events = page.getByRole('region', { name: 'Events', exact: true });
    await events.getByText('Container web of press stopped running').first().waitFor();
    const software = page.getByRole('region', { name: 'Software' });
    await software.getByText('Failed').waitFor();
    await software.getByRole('cell', { name: '1.0.0' }).waitFor();
  });

  it('is understood by the log of what runs, live from the device', async () => {
    const { page, heading } = desk;
    await page.getByRole('link', { name: 'Log of web' }).first().click();
    await heading('Log of web').waitFor();
    const log = page.getByRole('region', { name: 'Log lines' });
    await log.getByText('press is running').first().waitFor();
    await page.getByRole('status').getByText('Live.').waitFor();
    await page.getByRole('button', { name: 'Times' }).click();
    await log.locator('time').first().waitFor();
    expect(await looksFor(page, 'a log')).toEqual([]);
    await page.getByRole('searchbox', { name: 'Filter' }).fill('RUNNING press');
    await log.getByText('press is running').first().waitFor();
    await page.getByRole('searchbox', { name: 'Filter' }).fill('nowhere');
    await log.getByText('No line has all of these words.').waitFor();
    const saving = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Download' }).click();
    expect((await saving).suggestedFilename()).toBe('press-1-web.log');
    await page.getByRole('button', { name: 'Pause' }).click();
    await page.getByRole('button', { name: 'Pause', pressed: true }).waitFor();
    await page.getByRole('link', { name: 'press-1' }).click();
    await heading('press-1').waitFor();
    await page.getByText('a log was opened').first().waitFor();
  });
});

describe('steering', () => {
  it('tries the failed devices again, once that is confirmed', async () => {
    const { page, overlay, heading, section } = desk;
    await section('Rollouts');
    await page.getByRole('link', { name: 'press 1.0.1' }).click();
    await heading('press 1.0.1').waitFor();
    await page.getByRole('button', { name: 'Retry failed' }).click();
    await overlay().getByText('1 failed device installs 1.0.1 again').waitFor();
    expect(await looksFor(page, 'retrying')).toEqual([]);
    await overlay().getByRole('button', { name: 'Retry', exact: true }).click();
    await overlay().waitFor({ state: 'detached' });
    const devices = page.getByRole('list', { name: 'Devices' });
    await devices.getByText('tried again 1×').waitFor();
    await devices.getByText('Failed', { exact: true }).waitFor({ timeout: 60_000 });
    await page.getByText('0 of 1 confirmed, 1 failed.').waitFor();
  });

  it('cancels a rollout that waits for a device, and says who did', async () => {
    const { page, cloud, overlay, heading } = desk;
    const made = await cloud.ask('POST', '/api/registration-tokens', {
      site: 'plant-7',
      autoApprove: true,
    });
    const { token } = made as { token: string };
    await desk.register('press-2', ['register', '--url', cloud.url, '--token', token]);
    const { devices } = (await cloud.ask('GET', '/api/devices')) as {
      devices: { id: string; name: string }[];
    };
    const { bundles } = (await cloud.ask('GET', '/api/bundles')) as { bundles: { id: string }[] };
    const started = await cloud.ask('POST', '/api/rollouts', {
      bundleId: bundles[0]?.id,
      version: '1.0.0',
      deviceIds: devices.filter(({ name }) => name.startsWith('press')).map(({ id }) => id),
    });
    await page.goto(`${cloud.url}/rollouts/${(started as { id: string }).id}`);
    await heading('press 1.0.0').waitFor();
    const waits = 'waiting for press-2, which has never connected';
    await page.getByText(`1 of 2 confirmed; ${waits}`).waitFor({ timeout: 60_000 });
    const cancel = page.getByRole('button', { name: 'Cancel', exact: true });
    await cancel.click();
    await overlay().getByText('1 device has not finished and goes back').waitFor();
    await overlay().getByText('1 confirmed and keeps 1.0.0.').waitFor();
    expect(await looksFor(page, 'cancelling')).toEqual([]);
    await overlay().getByRole('button', { name: 'Keep going' }).click();
    await overlay().waitFor({ state: 'detached' });
    await page.getByText(waits).waitFor();
    await cancel.click();
    await overlay().getByRole('button', { name: 'Cancel rollout' }).click();
    await overlay().waitFor({ state: 'detached' });
    const list = page.getByRole('list', { name: 'Devices' });
    await list.getByText('Cancelled by admin@plant.example.').waitFor();
    // The rollout is asked for again beside its devices, and may come after them.
    await page.getByText('It is over already.').waitFor();
    expect(await cancel.getAttribute('aria-disabled')).toBe('true');
  });
});

describe('an image larger than one part', () => {
  it('is gone on with after a reload in the middle, and comes back as a file', async () => {
    // A page of its own: a request that is cut by a reload is no trouble.
    const context = await desk.browser.newContext({
      storageState: await desk.page.context().storageState(),
    });
    const page = await context.newPage();
    await page.goto(`${desk.cloud.url}/images`);
    const { tar } = buildImageTar({ name: 'large', tag: '7', command: ['sleep', '1'] });
    const folder = await mkdtemp(join(tmpdir(), 'large-'));
    const file = join(folder, 'large.tar');
    await writeFile(file, Buffer.concat([tar, Buffer.alloc(uploadPartBytes)]));
    const parts = '**/api/artifacts/upload-parts/**';
    await page.route(parts, (route) => {
      if (route.request().url().endsWith('/0')) return route.continue();
    });
    const input = page.getByLabel('Upload an image archive');
    await input.setInputFiles(file);
    const upload = page.getByRole('group', { name: 'Upload of large.tar' });
    await upload.getByText('1 of 2 parts are there').waitFor();
    await upload.getByRole('progressbar', { name: 'Sending' }).waitFor();
    await page.reload();
    await page.getByText('is not finished: 1 of 2 parts').waitFor();
    // Only now: what is held until here would be sent after all.
    await page.unrouteAll({ behavior: 'ignoreErrors' });
    expect(await looksFor(page, 'an unfinished upload')).toEqual([]);
    const sent: string[] = [];
    page.on('request', (request) => {
      if (request.method() === 'PUT') sent.push(request.url().slice(-2));
    });
    await input.setInputFiles(file);
    const row = page.getByRole('row').filter({ has: page.getByText('large', { exact: true }) });
    const download = row.getByRole('button', { name: 'Download' });
    await download.waitFor();
    expect(sent).toEqual(['/1']);
    const saving = page.waitForEvent('download');
    await download.click();
    expect((await saving).suggestedFilename()).toBe('large-7.tar');
    await context.close();
    await rm(folder, { recursive: true });
  });
});

describe('a bundle and its versions', () => {
  it('are edited, deprecated and deleted in dialogs that say what follows', async () => {
    const { page, overlay, heading, section, cloud } = desk;
    const made = (await cloud.ask('POST', '/api/bundles', { name: 'spare' })) as { id: string };
    const containers = [{ name: 'web', image: `registry.example/web@sha256:${'a'.repeat(64)}` }];
    for (const version of ['1.0.0', '1.1.0']) {
      await cloud.ask('POST', `/api/bundles/${made.id}/versions`, { version, containers });
    }
    await section('Bundles');
    await page.getByRole('link', { name: 'spare' }).click();
    await heading('spare').waitFor();
    await page.getByRole('button', { name: 'Edit', exact: true }).click();
    await overlay().getByLabel('What it is for').fill('For a rainy day.');
    await overlay().getByRole('button', { name: 'Save' }).click();
    await overlay().waitFor({ state: 'detached' });
    await page.getByText('For a rainy day.').waitFor();
    const row = page
      .getByRole('row')
      .filter({ has: page.getByRole('cell', { name: '1.0.0', exact: false }) });
    await row.getByRole('button', { name: 'Deprecate' }).click();
    await overlay().getByText('Devices that run it go on').waitFor();
    expect(await looksFor(page, 'deprecating')).toEqual([]);
    await overlay().getByLabel('Why').fill('Leaks memory');
    await overlay().getByRole('button', { name: 'Deprecate' }).click();
    await overlay().waitFor({ state: 'detached' });
    await row.getByText('Leaks memory').waitFor();
    await page.goto(`${cloud.url}/rollouts/new?bundle=${made.id}&version=1.0.0`);
    await page.getByRole('button', { name: /^Choose all/ }).click();
    await page.getByRole('button', { name: 'Look ahead' }).click();
    const ahead = page.getByRole('region', { name: 'Look ahead' });
    await ahead.getByText('It would be refused: spare 1.0.0 is deprecated').waitFor();
    await ahead.getByText('would begin with it. Whoever runs it goes on').waitFor();
    expect(await looksFor(page, 'a deprecated version looked ahead at')).toEqual([]);
    await page.goto(`${cloud.url}/bundles/${made.id}`);
    await row.getByRole('button', { name: 'Delete' }).click();
    await overlay().getByText('Its number is not given again.').waitFor();
    await overlay().getByRole('button', { name: 'Delete version' }).click();
    await overlay().waitFor({ state: 'detached' });
    await row.waitFor({ state: 'detached' });
    await page.getByRole('cell', { name: '1.1.0' }).first().waitFor();
  });
});

it('nothing went wrong on the way, and nothing was asked of anybody else', () => {
  expect(desk.troubles).toEqual([]);
});
