/**
 * A session that ends while somebody is at work, in real Chromium: what they wrote is still there when they
 * have signed in again, nobody else sees it, and a server that is busy has ended no session.
 */
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { looksFor } from './browser.fixture.ts';
import { type Desk, openDesk } from './operator.fixture.ts';

let desk: Desk;
const over = (page: Page) => page.getByRole('dialog', { name: 'Your session has ended' });

/** As an admin who ends all sessions of a person, or a night that is longer than the refresh token. */
const endSession = () => desk.page.context().clearCookies();
const signInAgain = async (): Promise<void> => {
  await desk.page.keyboard.type('correct horse battery');
  await desk.page.keyboard.press('Enter');
  await over(desk.page).waitFor({ state: 'detached' });
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

it('keeps a version that is being written, and publishes it once somebody signed in again', async () => {
  const { cloud, page, heading } = desk;
  const bundle = (await cloud.ask('POST', '/api/bundles', { name: 'hello' })) as { id: string };
  await page.goto(`${cloud.url}/bundles/${bundle.id}/new-version`);
  await heading('New version').waitFor();
  const image = `registry.example/web@sha256:${'a'.repeat(64)}`;
  const written = JSON.stringify([{ name: 'web', image }]);
  await page.getByLabel('Containers, as JSON').fill(written);
  await page.getByText('Valid: it can be published.').waitFor();
  await page.getByLabel('Version', { exact: true }).fill('1.0.0');
  await page.getByLabel('What changed').fill('An hour of writing');
  await endSession();
  await page.getByRole('button', { name: 'Publish' }).click();
  await over(page).waitFor();
  expect(await looksFor(page, 'a session that ended')).toEqual([]);
  // The form behind it is neither seen nor closed by the keyboard.
  await page.keyboard.press('Escape');
  await over(page).waitFor();
  await signInAgain();
  expect(await page.getByLabel('Containers, as JSON').inputValue()).toBe(written);
  expect(await page.getByLabel('What changed').inputValue()).toBe('An hour of writing');
  await page.getByRole('button', { name: 'Publish' }).click();
  await heading('hello').waitFor();
});

it('has what was written there again for whoever comes back to the page', async () => {
  const { page, heading } = desk;
  await page.getByRole('button', { name: 'New version', exact: true }).click();
  await heading('New version').waitFor();
  expect(await page.getByText('did not publish').count()).toBe(0);
  await page.getByLabel('Containers, as JSON').fill('[{"name": "half-writ');
  await page.getByLabel('What changed').fill('Half of it');
  await desk.section('Groups');
  await page.goBack();
  await heading('New version').waitFor();
  await page.getByText('did not publish').waitFor();
  expect(await page.getByLabel('Containers, as JSON').inputValue()).toContain('half-writ');
  expect(await page.getByLabel('What changed').inputValue()).toBe('Half of it');
  expect(await looksFor(page, 'a draft that was kept')).toEqual([]);
  await page.getByRole('button', { name: 'Start afresh' }).click();
  expect(await page.getByLabel('Containers, as JSON').inputValue()).not.toContain('half-writ');
  expect(await page.getByLabel('What changed').inputValue()).toBe('');
});

it('keeps what is written in a dialog, too', async () => {
  const { cloud, page, heading, overlay } = desk;
  await page.goto(`${cloud.url}/groups`);
  await heading('Groups').waitFor();
  await page.getByRole('button', { name: 'New group' }).click();
  await overlay().getByLabel('Name').fill('Night shift');
  await overlay().getByRole('button', { name: 'Chosen one by one' }).click();
  await endSession();
  await overlay().getByRole('button', { name: 'Make group' }).click();
  await over(page).waitFor();
  await page.keyboard.press('Escape');
  await signInAgain();
  expect(await overlay().getByLabel('Name').inputValue()).toBe('Night shift');
  await desk.live().waitFor();
});

it('says what is wrong field by field where the answer does', async () => {
  const { page, overlay } = desk;
  await page.route('**/api/groups', (route) =>
    route.request().method() === 'GET'
      ? route.continue()
      : route.fulfill({
          ...{ status: 400, contentType: 'application/problem+json' },
          body: JSON.stringify({
            ...{ code: 'invalid-request', detail: 'The body is not as described.' },
            errors: [{ path: 'description', message: 'is longer than 500 characters' }],
          }),
        }),
  );
  await overlay().getByRole('button', { name: 'Make group' }).click();
  await overlay().getByText('description is longer than 500 characters').waitFor();
  await page.unroute('**/api/groups');
});

it('is sent once, however often a button is pressed while the answer takes its time', async () => {
  const { page, cloud, overlay } = desk;
  const posted = desk.requests.filter((each) => each === 'POST /api/groups').length;
  let answer: () => void = () => {};
  const slow = new Promise<void>((resolve) => {
    answer = resolve;
  });
  await page.route('**/api/groups', async (route) => {
    if (route.request().method() === 'POST') await slow;
    await route.continue();
  });
  const make = overlay().getByRole('button', { name: 'Make group' });
  await make.click();
  await overlay().locator('form[aria-busy=true]').waitFor();
  await make.click();
  await overlay().getByLabel('Name').press('Enter');
  answer();
  await overlay().waitFor({ state: 'detached' });
  await page.getByText('Night shift').first().waitFor();
  const { groups } = (await cloud.ask('GET', '/api/groups')) as { groups: { name: string }[] };
  expect(groups.map(({ name }) => name)).toEqual(['Night shift']);
  expect(desk.requests.filter((each) => each === 'POST /api/groups').length).toBe(posted + 1);
  await page.unroute('**/api/groups');
});

it('is not done twice when the answer is lost and somebody tries again', async () => {
  const { page, cloud, heading, overlay } = desk;
  await page.goto(`${cloud.url}/groups`);
  await heading('Groups').waitFor();
  await page.getByRole('button', { name: 'New group' }).click();
  await overlay().getByLabel('Name').fill('Early shift');
  await overlay().getByRole('button', { name: 'Chosen one by one' }).click();
  await page.route('**/api/groups', async (route) => {
    if (route.request().method() !== 'POST') return route.continue();
    await route.fetch();
    return route.abort();
  });
  await overlay().getByRole('button', { name: 'Make group' }).click();
  await overlay().getByText('it is not known whether this was done').waitFor();
  await page.unroute('**/api/groups');
  await overlay().getByRole('button', { name: 'Make group' }).click();
  await heading('Early shift').waitFor();
});

it('is noticed by a page that nobody touches, and shown to nobody else', async () => {
  const { cloud, page, heading } = desk;
  await page.goto(`${cloud.url}/groups`);
  await heading('Groups').waitFor();
  await desk.live().waitFor();
  await endSession();
  // The line is cut, as by a restart: what it finds out when it is made anew.
  await page.context().setOffline(true);
  await page.context().setOffline(false);
  await over(page).waitFor();
  await over(page).getByRole('button', { name: 'Leave the page' }).click();
  await heading('Sign in to SignalBeam Edge').waitFor();
  expect(await page.getByText('Night shift').count()).toBe(0);
  await desk.signIn();
  await heading('Groups').waitFor();
});

it('shows the page that was asked for while nothing answered, once something does', async () => {
  const { page, heading } = desk;
  await desk.live().waitFor();
  await page.context().setOffline(true);
  await page.getByRole('navigation').getByRole('link', { name: 'Tokens' }).click();
  await heading('This page could not be loaded').waitFor();
  await page.context().setOffline(false);
  await heading('Registration tokens').waitFor();
});

it('has not ended because the server is busy', async () => {
  const { cloud, page, heading } = desk;
  await page.route('**/api/**', (route) =>
    route.fulfill({ status: 503, contentType: 'application/problem+json', body: '{}' }),
  );
  await page.goto(`${cloud.url}/groups`);
  await heading('The server does not answer').waitFor();
  await page.unroute('**/api/**');
  await heading('Groups').waitFor();
});
