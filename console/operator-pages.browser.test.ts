/**
 * Every page of the operator's console at its own address, its dialogs, its keys, and what it says
 * without a line: in real Chromium, before the real cloud, with devices of every kind.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { looksFor, watchedPage } from './browser.fixture.ts';
import { routes } from './operator/routes.ts';
import { type Desk, openDesk } from './operator.fixture.ts';
import { furnish } from './operator-furnished.fixture.ts';

let desk: Desk;

beforeAll(async () => {
  desk = await openDesk();
  await furnish(desk);
  await desk.page.goto(desk.cloud.url);
  await desk.signIn();
  await desk.heading('Fleet').waitFor();
});
afterAll(async () => {
  await desk?.close();
});

describe('every page', () => {
  // Inventory §7.31
  it('loads at its address, looks right everywhere, and says what it is', async () => {
    const { page, heading, live } = desk;
    const { devices } = (await desk.cloud.ask('GET', '/api/devices')) as {
      devices: { id: string }[];
    };
    const { bundles } = (await desk.cloud.ask('GET', '/api/bundles')) as {
      bundles: { id: string }[];
    };
    const { rollouts } = (await desk.cloud.ask('GET', '/api/rollouts')) as {
      rollouts: { id: string }[];
    };
    const { alerts } = (await desk.cloud.ask('GET', '/api/alerts')) as { alerts: { id: string }[] };
    const { groups } = (await desk.cloud.ask('GET', '/api/groups')) as { groups: { id: string }[] };
    const idOf: Record<string, string | undefined> = {
      groups: groups[0]?.id,
      devices: devices[0]?.id,
      bundles: bundles[0]?.id,
      rollouts: rollouts[0]?.id,
      alerts: alerts[0]?.id,
    };
    for (const { pattern } of routes) {
      const path = pattern
        .replace(/\/(\w+)\/:id/, (_, kind: string) => `/${kind}/${idOf[kind] ?? ''}`)
        .replace('/charts', '/charts?site=plant-7');
      await page.goto(desk.cloud.url + path);
      await page.getByRole('heading', { level: 1 }).first().waitFor();
      await page.locator('.skeleton').first().waitFor({ state: 'detached' });
      await live().waitFor();
      expect(await looksFor(page, path), path).toEqual([]);
      expect(await page.title()).toMatch(/ · SignalBeam Edge$/);
    }
    await page.goto(`${desk.cloud.url}/nowhere`);
    await heading('There is nothing here').waitFor();
    expect(await looksFor(page, 'nowhere')).toEqual([]);
  });

  it('opens its dialogs where everybody can use them', async () => {
    const { page, heading, overlay } = desk;
    await page.goto(desk.cloud.url);
    await page.getByRole('link', { name: 'press-1' }).click();
    await heading('press-1').waitFor();
    for (const name of ['Deploy bundle', 'Rename', 'Delete']) {
      const button = page.getByRole('button', { name });
      await button.click();
      await overlay().getByRole('button', { name: 'Cancel' }).waitFor();
      expect(await looksFor(page, name), name).toEqual([]);
      await page.keyboard.press('Escape');
      await overlay().waitFor({ state: 'detached' });
      await expect
        .poll(() => button.evaluate((node) => node === document.activeElement))
        .toBe(true);
    }
  });

  it('lets a rollout wait for no window of a site, for a reason that stays in sight', async () => {
    const { page, overlay } = desk;
    await page.goto(`${desk.cloud.url}/rollouts`);
    await page.getByRole('link', { name: /press 1.0.0/ }).click();
    await page.getByText('when the maintenance window of plant-7 opens').waitFor();
    await page.getByRole('button', { name: 'Ignore windows…' }).click();
    await overlay().getByText('1 device was not told yet.').waitFor();
    expect(await looksFor(page, 'ignoring windows')).toEqual([]);
    await overlay().getByLabel('Why it can’t wait').fill('The hole is being used.');
    await overlay().getByRole('button', { name: 'Ignore windows' }).click();
    await page.getByText('a site: The hole is being used.').waitFor();
    await page.getByText('Decided by admin@plant.example').waitFor();
    await page.getByRole('button', { name: 'Wait for windows again' }).click();
    await overlay().getByRole('button', { name: 'Wait for windows' }).click();
    await page.getByRole('button', { name: 'Ignore windows…' }).waitFor();
    await overlay().waitFor({ state: 'detached' });
  });

  it('draws how a metric is spread over a site, and keeps the choice in the address', async () => {
    const { page } = desk;
    await page.goto(`${desk.cloud.url}/sites`);
    await page.getByRole('link', { name: 'Charts of plant-7' }).click();
    await page.getByLabel('Metric').selectOption({ label: 'Memory' });
    await page.getByText(/the only device with a reading/).waitFor();
    await page.getByRole('button', { name: '6 h' }).click();
    await expect
      .poll(() => new URL(page.url()).search)
      .toBe('?site=plant-7&metric=memoryPercent&range=6h');
    await page.getByRole('button', { name: 'Table' }).click();
    await page.getByRole('columnheader', { name: 'p95' }).waitFor();
    await page.goto(page.url());
    await page.locator('line-chart canvas').waitFor();
  });

  it('keeps a chart that stays open new, and what it is narrowed by beside it on a phone', async () => {
    const page = await desk.page.context().newPage();
    await page.setViewportSize({ width: 360, height: 780 });
    await page.clock.install();
    let asked = 0;
    page.on('request', (request) => {
      if (request.url().includes('/api/telemetry/percentiles')) asked += 1;
    });
    await page.goto(`${desk.cloud.url}/charts?site=plant-7&range=6h`);
    const chart = page.getByRole('region', { name: 'The spread' });
    await chart.getByRole('heading', { name: 'CPU' }).waitFor();
    expect(asked).toBe(1);
    await page.clock.runFor(61_000);
    await expect.poll(() => asked).toBe(2);
    // Measured together: the link has just been away for a minute, and whatever says so may move all of it.
    const tops = await page
      .getByLabel(/^(Metric|Devices of)$/)
      .evaluateAll((fields) => fields.map((field) => field.getBoundingClientRect().top));
    expect(tops).toEqual([tops[0], tops[0]]);
    expect((await chart.boundingBox())?.y).toBeLessThan(500);
    await page.close();
  });

  it('sets a secret that is not shown again', async () => {
    const { page } = desk;
    await page.goto(`${desk.cloud.url}/secrets`);
    await page.getByRole('button', { name: 'New secret' }).click();
    await page.getByLabel('Name').fill('press-password');
    await page.getByLabel('Value').fill('hunter2');
    expect(await looksFor(page, 'new secret')).toEqual([]);
    await page.getByRole('button', { name: 'Set secret' }).click();
    const row = page.getByRole('row', { name: /press-password/ });
    await row.getByText(/value 1/).waitFor();
    await row.getByRole('button', { name: 'New value' }).waitFor();
  });

  it('says what a shorter time removes before it is saved, and tries letters again together', async () => {
    const { page, overlay } = desk;
    await page.goto(`${desk.cloud.url}/retention`);
    await page.getByLabel('Samples, for how many days').fill('6');
    await page.getByRole('button', { name: 'Save…' }).click();
    await overlay().getByText('are removed within a day').waitFor();
    expect(await looksFor(page, 'what is removed')).toEqual([]);
    await overlay().getByRole('button', { name: 'Remove and save' }).click();
    await overlay().waitFor({ state: 'detached' });
    await page.getByText('Now 6; at most').waitFor();
    await page.goto(`${desk.cloud.url}/dead-letters`);
    await page
      .getByRole('button', { name: /^Look at/ })
      .first()
      .click();
    await overlay().getByText('link-up').waitFor();
    expect(await overlay().getByText('x-9').count()).toBe(0);
    expect(await looksFor(page, 'a letter')).toEqual([]);
    await overlay().getByRole('button', { name: 'Throw away' }).click();
    await overlay().waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Try all again' }).click();
    await overlay().getByRole('button', { name: 'Try all again' }).click();
    await page.getByText('2 letters stay').waitFor();
    expect(await looksFor(page, 'letters that stay')).toEqual([]);
  });

  it('says how old its data is while the line is cut, and is right again by itself', async () => {
    const { page, heading, live } = desk;
    await page.goto(`${desk.cloud.url}/bundles`);
    await live().waitFor();
    const before = desk.troubles.splice(0);
    await page.context().setOffline(true);
    await page
      .locator('link-pill')
      .getByText(/^(Offline|Reconnecting) – data from/)
      .waitFor();
    await page.getByRole('link', { name: 'press' }).waitFor();
    expect(await looksFor(page, 'cut off')).toEqual([]);
    await desk.cloud.ask('POST', '/api/bundles', { name: 'made-meanwhile' });
    await page.context().setOffline(false);
    await live().waitFor();
    await heading('Bundles').waitFor();
    await page.getByRole('link', { name: 'made-meanwhile' }).waitFor();
    expect(desk.troubles.filter((each) => !each.includes('ERR_INTERNET_DISCONNECTED'))).toEqual([]);
    desk.troubles.splice(0, desk.troubles.length, ...before);
  });

  it('says what failed where it should have been, and asks again when told to', async () => {
    const { page } = desk;
    const before = desk.troubles.splice(0);
    const away = {
      code: 'database-unavailable',
      detail: 'The database does not answer; nothing was changed.',
      next: 'Try again in a few seconds.',
    };
    const api = /\/api\/(devices|bundles|rollouts)/;
    for (const path of ['/', '/bundles', '/rollouts', '/rollouts/new']) {
      await page.route(api, (route) =>
        route.fulfill({
          status: 503,
          contentType: 'application/problem+json',
          body: JSON.stringify(away),
        }),
      );
      await page.goto(desk.cloud.url + path);
      await page.getByRole('alert').getByText('database-unavailable').waitFor();
      expect(await page.getByRole('alert').count(), path).toBe(1);
      expect(await looksFor(page, `${path}, failing`)).toEqual([]);
      await page.unroute(api);
      await page.getByRole('button', { name: 'Try again' }).click();
      await page.getByRole('alert').waitFor({ state: 'detached' });
    }
    expect(desk.troubles.filter((each) => !each.startsWith('503: '))).toEqual([]);
    desk.troubles.splice(0, desk.troubles.length, ...before);
  });

  it('shows a viewer everything, and why nothing can be changed', async () => {
    const account = { email: 'viewer@plant.example', password: 'correct horse battery' };
    await desk.cloud.ask('POST', '/api/users', { ...account, name: 'Vera', role: 'viewer' });
    const { page, troubles } = await watchedPage(desk.browser, desk.cloud.url, {
      expectedStatuses: [401],
    });
    await page.goto(desk.cloud.url);
    await page.getByLabel('Email').fill(account.email);
    await page.getByLabel('Password', { exact: true }).fill(account.password);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: 'Fleet' }).waitFor();
    const approve = page.getByRole('button', { name: 'Approve' });
    await approve.waitFor();
    expect(await approve.getAttribute('aria-disabled')).toBe('true');
    await page.getByText('Viewers may look, not change.').first().waitFor();
    expect(await looksFor(page, 'a viewer’s fleet')).toEqual([]);
    expect(troubles).toEqual([]);
    await page.context().close();
  });

  it('reaches every section on a phone, the lesser ones behind one button', async () => {
    const { page, heading, live } = desk;
    await page.goto(desk.cloud.url);
    await live().waitFor();
    await page.setViewportSize({ width: 320, height: 700 });
    const bar = page.getByRole('navigation');
    const more = bar.getByRole('button', { name: 'More' });
    await more.click();
    expect(await looksFor(page, 'the sections of a phone')).toEqual([]);
    // Looking makes it wide and narrow again, which takes the focus from a button that is hidden meanwhile.
    await page.keyboard.press('Escape');
    await page.setViewportSize({ width: 320, height: 700 });
    await bar.getByRole('link', { name: 'Tokens' }).waitFor({ state: 'hidden' });
    await more.focus();
    await page.keyboard.press('Enter');
    await bar.getByRole('link', { name: 'Tokens' }).waitFor();
    await page.keyboard.press('Tab');
    expect(await more.evaluate((node) => node === document.activeElement)).toBe(false);
    await page.keyboard.press('Escape');
    await bar.getByRole('link', { name: 'Tokens' }).waitFor({ state: 'hidden' });
    await expect.poll(() => more.evaluate((node) => node === document.activeElement)).toBe(true);
    await page.keyboard.press('Enter');
    await bar.getByRole('link', { name: 'Tokens' }).click();
    await heading('Registration tokens').waitFor();
    expect(await bar.getByRole('link').count()).toBe(4);
    const [scrolled, seen] = await bar.evaluate((node) => [node.scrollHeight, node.clientHeight]);
    expect(scrolled).toBe(seen);
    await page.setViewportSize({ width: 1280, height: 800 });
  });

  it('says so when the code of a page can’t be fetched', async () => {
    const { page, heading, live, section } = desk;
    const code = /rollouts-page.*\.js$/;
    await page.route(code, (route) => route.abort());
    await page.goto(desk.cloud.url);
    await live().waitFor();
    const before = desk.troubles.splice(0);
    await page.getByRole('navigation').getByRole('link', { name: 'Rollouts' }).click();
    await heading('This page could not be loaded').waitFor();
    await page.getByText('page-not-loaded').waitFor();
    expect(desk.troubles).not.toEqual([]);
    expect(desk.troubles.filter((each) => !code.test(each.split(' ')[1] ?? ''))).toEqual([]);
    desk.troubles.splice(0, desk.troubles.length, ...before);
    await page.unroute(code);
    await page.getByRole('button', { name: 'Reload' }).click();
    await heading('Rollouts').waitFor();
    await section('Fleet');
  });
});

describe('alerts', () => {
  it('are counted wherever one is, and taken on by one key', async () => {
    const { page, section, live } = desk;
    await page.goto(desk.cloud.url);
    await live().waitFor();
    await page.getByRole('link', { name: 'Alerts 1 open' }).waitFor();
    await section('Alerts');
    await page.getByRole('link', { name: 'press-2 is offline' }).click();
    const history = page.getByRole('region', { name: 'History' });
    await history.getByText('when somebody acknowledges or resolves it').waitFor();
    await section('Alerts');
    await page.getByRole('link', { name: 'press-2 is offline' }).waitFor();
    await page.keyboard.press('j');
    await page.keyboard.press('a');
    await page.getByText('by admin@plant.example').waitFor();
    await page.getByRole('link', { name: 'Alerts', exact: true }).first().waitFor();
    await page.getByRole('link', { name: 'press-2 is offline' }).click();
    await page.getByText('admin@plant.example is on it.').waitFor();
    await page.getByRole('button', { name: 'Resolve' }).click();
    await page.getByLabel('Note').fill('Plugged in again');
    await desk.overlay().getByRole('button', { name: 'Resolve' }).click();
    await history.getByText('Plugged in again').waitFor();
    await section('Alerts');
    await page.getByText('Nothing is wrong that is watched').waitFor();
  });

  it('follow rules that say what they do, and what makes no sense in them', async () => {
    const { page, heading, overlay } = desk;
    await page.goto(`${desk.cloud.url}/alert-rules`);
    await heading('Rules of alerts').waitFor();
    const row = page.getByRole('row', { name: /Disk nearly full/ });
    await row.getByRole('button', { name: 'Change' }).click();
    await overlay().getByLabel('Bad from').fill('80');
    expect(await looksFor(page, 'a rule')).toEqual([]);
    const before = desk.troubles.splice(0);
    await overlay().getByRole('button', { name: 'Save' }).click();
    await overlay().getByText('must not be above the threshold').waitFor();
    expect(desk.troubles.filter((each) => !each.startsWith('400: '))).toEqual([]);
    desk.troubles.splice(0, desk.troubles.length, ...before);
    await overlay().getByLabel('Well again below').fill('75');
    await overlay().getByRole('button', { name: 'Save' }).click();
    await row.getByText(/at 80 % or above/).waitFor();
    const battery = page.getByRole('row', { name: /Battery low/ });
    await battery.getByRole('button', { name: 'Change' }).click();
    expect(await overlay().getByLabel('Bad at or below').inputValue()).toBe('20');
    expect(await overlay().getByLabel('Well again above').inputValue()).toBe('25');
    await page.keyboard.press('Escape');
    await overlay().waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Rule for some devices' }).click();
    await overlay().getByLabel('Name').fill('Disks of canaries');
    await overlay().getByLabel('For', { exact: true }).selectOption({ label: 'A group' });
    await overlay().getByLabel('Group', { exact: true }).selectOption({ label: 'Canaries' });
    expect(await looksFor(page, 'a rule of a group')).toEqual([]);
    await overlay().getByRole('button', { name: 'Make rule' }).click();
    await page.getByText('on a device of the group “Canaries”').first().waitFor();
    await page.goto(`${desk.cloud.url}/silences?site=plant-7`);
    await overlay().getByLabel('Why').fill('Works');
    await overlay().getByRole('button', { name: 'Silence' }).click();
    await page.getByRole('row', { name: /Works/ }).getByText('Silent now').waitFor();
  });
});

describe('the keyboard alone', () => {
  it('goes everywhere, opens things, and is told where it is', async () => {
    const { page, heading, overlay } = desk;
    const focused = () => page.evaluate(() => document.activeElement?.textContent?.trim() ?? '');
    await page.goto(desk.cloud.url);
    await heading('Fleet').waitFor();
    for (const [keys, name] of [
      ['gb', 'Bundles'],
      ['gr', 'Rollouts'],
      ['gf', 'Fleet'],
    ] as const) {
      await page.keyboard.type(keys);
      await heading(name).waitFor();
      await expect.poll(focused).toBe(name);
      await expect.poll(() => page.locator('#where').textContent()).toBe(name);
    }
    const search = page.getByRole('searchbox');
    await page.getByRole('link', { name: 'press-3' }).waitFor();
    await page.keyboard.press('/');
    await page.keyboard.type('j');
    expect(await search.inputValue()).toBe('j');
    await search.fill('');
    await search.blur();
    await page.keyboard.press('j');
    // On top, since it waits for somebody.
    await expect.poll(focused).toBe('press-3');
    await page.keyboard.press('?');
    await overlay().getByText('Go to rollouts').waitFor();
    expect(await looksFor(page, 'the keys')).toEqual([]);
    await page.keyboard.press('Escape');
    await overlay().waitFor({ state: 'detached' });
    await expect.poll(focused).toBe('press-3');
    await page.keyboard.press('Enter');
    await heading('press-3').waitFor();
    await expect.poll(focused).toBe('press-3');
    await page.reload();
    await heading('press-3').waitFor();
    await page.getByRole('link', { name: 'Skip to content' }).focus();
    await page.keyboard.press('Enter');
    await expect.poll(() => page.evaluate(() => document.activeElement?.id)).toBe('content');
  });
});

it('nothing went wrong on the way, and nothing was asked of anybody else', () => {
  expect(desk.troubles).toEqual([]);
});
