/**
 * Finding, tagging and grouping devices in the operator's console: real Chromium, a real cloud, and a
 * fleet of rows. The query box is used by keyboard alone.
 */

import { agentCommand } from '@signalbeam/edge/link/cloud.fixture';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { looksFor } from './browser.fixture.ts';
import { type Desk, openDesk } from './operator.fixture.ts';

let desk: Desk;
const names = Array.from({ length: 12 }, (_, index) => `press-${index + 1}`);

beforeAll(async () => {
  desk = await openDesk();
  const { cloud } = desk;
  const made = (await cloud.ask('POST', '/api/registration-tokens', {
    ...{ site: 'plant-7', maxUses: 20, autoApprove: true, tags: ['environment=production'] },
  })) as { token: string };
  for (const name of names) {
    const args = ['register', '--url', cloud.url, '--token', made.token];
    const said = await agentCommand([...args, '--name', name, '--state', `${cloud.dir}/${name}`]);
    if (said.code !== 0) throw new Error(said.stderr);
  }
  await desk.page.goto(cloud.url);
  await desk.signIn();
  await desk.heading('Fleet').waitFor();
}, 120_000);
afterAll(async () => {
  await desk?.close();
});

const rows = () => desk.page.getByRole('region', { name: 'Devices' }).locator('tbody tr');
const box = () => desk.page.getByRole('combobox', { name: /^Query about/ });

describe('the fleet', () => {
  it('lists in natural order and searches on the server, the address keeping it', async () => {
    const { page } = desk;
    await expect.poll(() => rows().count()).toBe(names.length);
    expect(await page.locator('tbody a.title').allTextContents()).toEqual(names);
    await page.getByRole('searchbox').fill('PRESS-1');
    await expect.poll(() => rows().count()).toBe(4);
    await expect.poll(() => new URL(page.url()).searchParams.get('q')).toBe('PRESS-1');
    await page.reload();
    await expect.poll(() => rows().count()).toBe(4);
    await page.getByRole('searchbox').fill('nobody');
    await page.getByText('No device matches').waitFor();
    await page.getByRole('button', { name: 'Show all devices' }).click();
    await expect.poll(() => rows().count()).toBe(names.length);
  });

  it('tags the chosen ones, and finds them by a query written with the keyboard alone', async () => {
    const { page, overlay } = desk;
    for (const name of ['press-2', 'press-10']) {
      await page.getByRole('checkbox', { name: `Choose ${name}`, exact: true }).check();
    }
    await page.getByRole('button', { name: 'Tags and group…' }).click();
    await overlay().getByLabel('Set tags').fill('ring=canary indoor');
    expect(await looksFor(page, 'changing tags')).toEqual([]);
    await page.keyboard.press('Enter');
    await overlay().getByText('Done: 2 of 2 looked at, 2 changed, 0 refused.').waitFor();
    await overlay().getByRole('button', { name: 'Close' }).last().click();
    await overlay().waitFor({ state: 'detached' });
    await box().focus();
    await page.keyboard.type('ri');
    await page.getByRole('option', { name: /^ring/ }).waitFor();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await expect.poll(() => box().inputValue()).toBe('ring');
    await page.keyboard.type('=');
    await page.getByRole('option', { name: /^canary/ }).waitFor();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Tab');
    await expect.poll(() => box().inputValue()).toBe('ring=canary ');
    await page.keyboard.press('Escape');
    // Both devices have the key, so the list alone does not tell that the whole of it was understood.
    await expect.poll(() => new URL(page.url()).searchParams.get('query')).toBe('ring=canary');
    await expect.poll(() => rows().count()).toBe(2);
    // Taken away by the page and written again, it holds again.
    await page.getByRole('searchbox').fill('nobody');
    await page.getByRole('button', { name: 'Show all devices' }).click();
    await expect.poll(() => rows().count()).toBe(names.length);
    expect(await box().inputValue()).toBe('');
    await box().fill('ring=canary');
    await expect.poll(() => rows().count()).toBe(2);
    await page.reload();
    await expect.poll(() => rows().count()).toBe(2);
    expect(await box().inputValue()).toBe('ring=canary');
  });

  it('marks what is wrong with a query where it is, and keeps the list meanwhile', async () => {
    const { page } = desk;
    await box().fill('ring=canary AND (site=');
    const fault = page.locator('.query-fault');
    await fault.getByText('A value is missing here.').waitFor();
    expect(await box().getAttribute('aria-invalid')).toBe('true');
    expect(await fault.textContent()).toContain('(at character 23)');
    expect(await rows().count()).toBe(2);
    expect(await looksFor(page, 'a faulty query')).toEqual([]);
    await box().fill('ring=canary;');
    await expect.poll(() => fault.locator('mark').textContent()).toBe(';');
    await box().fill('');
    await page.keyboard.press('Escape');
    await expect.poll(() => rows().count()).toBe(names.length);
  });

  it('never takes a name or a tag for markup', async () => {
    const { page, cloud } = { page: desk.page, cloud: desk.cloud };
    const { devices } = (await cloud.ask('GET', '/api/devices')) as { devices: { id: string }[] };
    const [first] = devices;
    const name = '<img src=x onerror=alert(1)><b>bold</b>';
    await cloud.ask('PATCH', `/api/devices/${first?.id}`, { name, metadata: { note: name } });
    await page.getByRole('link', { name }).click();
    await desk.heading(name).waitFor();
    await page.getByRole('region', { name: 'Notes' }).getByText(name).waitFor();
    expect(await page.locator('main img, main b b').count()).toBe(0);
    await cloud.ask('PATCH', `/api/devices/${first?.id}`, { name: 'press-1' });
    await desk.heading('press-1').waitFor();
  });
});

describe('groups', () => {
  it('are made by a query, and take in who gets the tag, untouched', async () => {
    const { page, section, heading, overlay, cloud } = desk;
    await section('Groups');
    await page.getByText('No group yet').waitFor();
    await page.getByRole('button', { name: 'New group' }).click();
    await overlay().getByLabel('Name').fill('Canaries');
    await overlay().getByRole('combobox').fill('ring=canary');
    await overlay().getByRole('button', { name: 'Make group' }).click();
    await heading('Canaries').waitFor();
    const members = page.getByRole('region', { name: 'Devices in the group' }).locator('tbody tr');
    await expect.poll(() => members.count()).toBe(2);
    const { devices } = (await cloud.ask('GET', '/api/devices?search=press-7')) as {
      devices: { id: string }[];
    };
    await cloud.ask('PATCH', `/api/devices/${devices[0]?.id}/tags`, { set: ['ring=canary'] });
    await expect.poll(() => members.count()).toBe(3);
    expect(await looksFor(page, 'a group')).toEqual([]);
    const id = page.url().split('/').at(-1);
    const change = page.getByRole('button', { name: 'Change' });
    const query = overlay().getByRole('combobox');
    await change.click();
    await query.fill('ring=canary OR ring=mine');
    await cloud.ask('PATCH', `/api/groups/${id}`, { query: 'indoor' });
    await cloud.ask('PATCH', `/api/devices/${devices[0]?.id}/tags`, { set: ['seen'] });
    await expect.poll(() => members.count()).toBe(2);
    expect(await query.inputValue()).toBe('ring=canary OR ring=mine');
    await overlay().getByRole('button', { name: 'Save' }).click();
    await overlay()
      .getByText(/changed this at .*nothing was saved/)
      .waitFor();
    await overlay().getByRole('button', { name: 'Cancel' }).click();
    await change.click();
    await expect.poll(() => query.inputValue()).toBe('indoor');
    await query.fill('ring=canary');
    await overlay().getByRole('button', { name: 'Save' }).click();
    await expect.poll(() => members.count()).toBe(3);
  });
});

describe('tokens', () => {
  it('show their uses and what they give, and are revoked', async () => {
    const { page, overlay } = desk;
    await page.getByRole('navigation').getByRole('link', { name: 'Tokens' }).click();
    await desk.heading('Registration tokens').waitFor();
    const row = page.getByRole('region', { name: 'Tokens' }).locator('tbody tr').first();
    await row.getByText('12 of 20 used').waitFor();
    await row.getByText('environment=production').waitFor();
    await page.getByRole('button', { name: 'New token' }).click();
    await overlay().getByLabel('Site').waitFor();
    expect(await looksFor(page, 'a new token')).toEqual([]);
    await page.keyboard.press('Escape');
    await overlay().waitFor({ state: 'detached' });
    await row.getByRole('button', { name: 'Revoke' }).click();
    await overlay().getByRole('button', { name: 'Revoke token' }).click();
    await row.getByText('Revoked').waitFor();
  });
});

describe('labels', () => {
  it('are printed with a code of the device’s page and its fingerprint', async () => {
    const { page } = desk;
    await page.goto(`${desk.cloud.url}/labels?query=ring%3Dcanary`);
    const labels = page.getByRole('list', { name: 'Labels' }).getByRole('listitem');
    await expect.poll(() => labels.count()).toBe(3);
    await labels.first().getByRole('img').waitFor();
    expect(await labels.first().locator('.fingerprint').textContent()).toMatch(/\S{8,}/);
    expect(await looksFor(page, 'labels')).toEqual([]);
    await page.emulateMedia({ media: 'print' });
    expect(await page.getByRole('navigation').isVisible()).toBe(false);
    expect(await labels.first().isVisible()).toBe(true);
    await page.emulateMedia({ media: 'screen' });
  });
});

it('nothing went wrong on the way, and nothing was asked of anybody else', () => {
  const expected = /^(404: \S+\/reported|412: \S+\/groups\/\S+)$/;
  expect(desk.troubles.filter((each) => !expected.test(each))).toEqual([]);
});

describe('a rollout in waves', () => {
  it('is paused, goes on, lets a wave pass when told to, and is taken back', async () => {
    const { page, cloud, overlay, heading } = desk;
    const bundle = (await cloud.ask('POST', '/api/bundles', { name: 'press' })) as { id: string };
    await cloud.ask('POST', `/api/bundles/${bundle.id}/versions`, {
      version: '1.0.0',
      containers: [{ name: 'web', image: `registry.example/web@sha256:${'a'.repeat(64)}` }],
    });
    await page.goto(`${cloud.url}/rollouts/new?bundle=${bundle.id}&version=1.0.0`);
    await heading('New rollout').waitFor();
    await page.getByRole('button', { name: /^Choose all/ }).click();
    await page.getByRole('radio', { name: /A few first, then the rest/ }).check();
    await page.getByLabel('Well for, in minutes').fill('0');
    await page.getByLabel('Before the next wave').selectOption('any-person');
    expect(await looksFor(page, 'a new rollout in waves')).toEqual([]);
    await page.getByRole('button', { name: 'Start rollout' }).click();
    await heading('press 1.0.0').waitFor();
    const waves = page.getByRole('region', { name: 'Waves' });
    await waves.getByText('1. first few').waitFor();
    const press = async (button: string, says: string, confirm = button): Promise<void> => {
      await page.getByRole('button', { name: button, exact: true }).click();
      await overlay().getByText(says).waitFor();
      await overlay().getByRole('button', { name: confirm, exact: true }).click();
      await overlay().waitFor({ state: 'detached' });
    };
    await press('Pause', 'No further wave begins and nobody more is told.');
    await page.getByText('Paused. admin@plant.example paused it.').waitFor();
    expect(await looksFor(page, 'a paused rollout')).toEqual([]);
    await press('Resume', 'It goes on where it was.');
    await press('Next wave', 'whatever this one’s gate says', 'Begin the next wave');
    await waves.getByText('let pass by admin@plant.example').waitFor();
    await press('Roll back', 'will be given what each ran before');
    await page.getByText('Rolling back', { exact: true }).waitFor();
    expect(await looksFor(page, 'a rollout that goes back')).toEqual([]);
  });
});
