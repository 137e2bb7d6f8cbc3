/**
 * Sites, the waiting room, and what a device proves itself with, in the operator's console: real
 * Chromium before a real cloud, with devices that ask to be let in.
 */
import { makeDevice } from '@signalbeam/device-manager/rig.suite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { looksFor } from './browser.fixture.ts';
import { type Desk, openDesk } from './operator.fixture.ts';

let desk: Desk;
const names = ['press 1', 'press 2', '<b>press</b> 3'];

beforeAll(async () => {
  desk = await openDesk();
  const { cloud } = desk;
  const made = (await cloud.ask('POST', '/api/registration-tokens', {
    ...{ site: 'plant-7', maxUses: 9 },
  })) as { token: string };
  for (const name of names) {
    const body = makeDevice(name).registration(made.token);
    const answer = await fetch(`${cloud.url}/api/devices`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    expect(answer.status).toBe(201);
  }
  await desk.page.goto(cloud.url);
  await desk.signIn();
  await desk.heading('Fleet').waitFor();
}, 120_000);
afterAll(async () => {
  await desk?.close();
});

describe('the waiting room', () => {
  it('approves in one go those whose fingerprints were compared, and no other', async () => {
    const { page } = desk;
    const room = page.getByRole('region', { name: 'Waiting for approval' });
    for (const name of ['press 1', 'press 2']) {
      await room.getByLabel(`The fingerprint of ${name} is right`).check();
    }
    await room.getByText('2 compared').waitFor();
    expect(await looksFor(page, 'the waiting room')).toEqual([]);
    await room.getByRole('button', { name: 'Approve these 2' }).click();
    await expect.poll(() => room.getByRole('checkbox').count(), { timeout: 15_000 }).toBe(1);
    await page.getByRole('link', { name: 'press 2' }).waitFor();
  });
});

describe('a device', () => {
  it('gets an API key that is shown once, and loses it', async () => {
    const { page, overlay } = desk;
    await page.getByRole('link', { name: 'press 1' }).click();
    await desk.heading('press 1').waitFor();
    await page.getByRole('button', { name: 'New API key' }).click();
    const key = await overlay().getByRole('group', { name: 'API key' }).textContent();
    expect(key).toMatch(/^sbk_[0-9a-f]{12}_/);
    await overlay().getByRole('button', { name: 'I have it' }).click();
    await overlay().waitFor({ state: 'detached' });
    const card = page.getByRole('region', { name: 'Keys and certificates' });
    await card.getByText('never used').waitFor();
    await card.getByText('Who showed what').click();
    await card.getByText('Nothing in the last 30 days.').waitFor();
    expect(await page.content()).not.toContain(key?.slice(-20));
    expect(await looksFor(page, 'a device with a key')).toEqual([]);
    await card.getByRole('button', { name: 'Revoke' }).click();
    await overlay().getByRole('button', { name: 'Revoke API key' }).click();
    await card.getByText('Revoked', { exact: true }).waitFor();
  });

  it('has notes that are edited as lines, and says which line is wrong', async () => {
    const { page } = desk;
    await page.getByRole('button', { name: 'Edit notes' }).click();
    await page.getByRole('textbox', { name: 'Notes' }).fill('serial: A-17\nnonsense');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('Line 2 needs a name and a colon').waitFor();
    // What somebody else notes meanwhile takes nothing from the field.
    const path = new URL(page.url()).pathname;
    await desk.cloud.ask('PATCH', `/api${path}`, { name: 'press one', metadata: { bay: '4' } });
    await desk.heading('press one').waitFor();
    expect(await page.getByRole('textbox', { name: 'Notes' }).inputValue()).toContain('nonsense');
    await desk.cloud.ask('PATCH', `/api${path}`, { name: 'press 1', metadata: {} });
    await desk.heading('press 1').waitFor();
    await page.getByRole('textbox', { name: 'Notes' }).fill('serial: A-17\nwho: <img src=x>');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('definition').filter({ hasText: '<img src=x>' }).waitFor();
  });
});

describe('sites', () => {
  it('are made, renamed, take the devices of another, and are deleted when nothing is there', async () => {
    const { page, overlay, troubles } = desk;
    await desk.section('Sites');
    await page.getByRole('button', { name: 'New site' }).click();
    await overlay().getByLabel('Name').fill('plant-8');
    await overlay()
      .getByLabel(/^What people call it/)
      .fill('Plant eight');
    await overlay().getByRole('button', { name: 'Make site' }).click();
    const row = (name: string) => page.locator('tbody tr').filter({ hasText: name });
    await row('plant-8').getByText('0 devices').waitFor();
    expect(await looksFor(page, 'sites')).toEqual([]);
    await row('plant-8').getByRole('button', { name: 'Rename' }).click();
    await overlay().getByLabel('What people call it').fill('Plant 8');
    await desk.cloud.ask('PATCH', '/api/sites/plant-8', { title: 'Theirs' });
    await overlay().getByRole('button', { name: 'Rename' }).click();
    await overlay()
      .getByText(/^admin@plant\.example changed this at \d\d:\d\d; nothing was saved/)
      .waitFor();
    expect(await overlay().getByLabel('What people call it').inputValue()).toBe('Plant 8');
    await row('Theirs').waitFor();
    await overlay().getByRole('button', { name: 'Rename' }).click();
    await row('Plant 8').getByRole('button', { name: 'Technicians' }).click();
    await overlay().getByText('Nobody has one yet.').waitFor();
    await overlay().getByLabel('For whom').fill('<b>Ada</b>');
    await overlay().getByRole('button', { name: 'Give grant' }).click();
    await overlay().getByText(/^sbg_/).waitFor();
    expect(await looksFor(page, 'a grant')).toEqual([]);
    await overlay().getByRole('button', { name: 'Done' }).click();
    await overlay().getByText('<b>Ada</b>').waitFor();
    expect(await overlay().textContent()).not.toContain('sbg_');
    expect(await looksFor(page, 'grants')).toEqual([]);
    await overlay().getByRole('button', { name: 'Take back' }).click();
    await overlay().getByText('Taken back').waitFor();
    await page.keyboard.press('Escape');
    const hours = { timeZone: 'UTC', minutes: 60 };
    await row('Plant 8').getByRole('button', { name: 'Windows' }).click();
    await overlay().getByLabel('Opens').fill('0 3 * * SUN');
    await desk.cloud.ask('PUT', '/api/sites/plant-8/windows', {
      windows: [{ cron: '0 2 * * SAT', ...hours }],
    });
    await overlay().getByRole('button', { name: 'Add window' }).click();
    await overlay()
      .getByText(/changed this at .*nothing was saved/)
      .waitFor();
    await row('Plant 8').getByText('1 maintenance window').waitFor();
    await page.keyboard.press('Escape');
    await row('Plant 8').getByRole('button', { name: 'Windows' }).click();
    await overlay().getByText('0 2 * * SAT for 60 min (UTC)').waitFor();
    await page.keyboard.press('Escape');
    await row('Plant 8').getByRole('button', { name: 'Move devices here' }).click();
    expect(await looksFor(page, 'moving devices')).toEqual([]);
    await overlay().getByRole('button', { name: 'Move devices' }).click();
    await row('plant-8').getByText('3 devices').waitFor();
    await row('plant-7').getByText('0 devices').waitFor();
    expect(
      troubles.filter((each) => !/^412: .*\/api\/sites\/plant-8(\/windows)?$/.test(each)),
    ).toEqual([]);
  });
});
