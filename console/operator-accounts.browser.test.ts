/**
 * Accounts in the operator's console: a sign-up, a second factor that is scanned and then asked for, an
 * invitation that is taken, a program's token, a channel for notifications, and the audit log that
 * tells of all of it.
 */
import { randomBytes } from 'node:crypto';
import { signUpSecret } from '@signalbeam/device-manager/sign-up';
import { totpCode } from '@signalbeam/platform/identity/totp';
import { kekFromText } from '@signalbeam/platform/keys/kek';
import { openHttpReceiver, takes } from '@signalbeam/telemetry-processor/notify/receivers.suite';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { looksFor, watchedPage } from './browser.fixture.ts';
import { type Desk, openDesk } from './operator.fixture.ts';

let desk: Desk;
/** What links of sign-ups are made of. */
const kek = randomBytes(32).toString('base64');

beforeAll(async () => {
  desk = await openDesk({
    ...{ SIGNALBEAM_KEK: kek, SIGNALBEAM_SIGN_UP: 'open' },
    SIGNALBEAM_SMTP_FROM: 'fleet@plant.example',
    SIGNALBEAM_SMTP_URL: 'smtp://127.0.0.1:1?tls=none',
  });
  await desk.page.goto(desk.cloud.url);
  await desk.signIn();
  await desk.heading('Fleet').waitFor();
});
afterAll(async () => {
  await desk?.close();
});

const bytesOf = (base32: string): Buffer => {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  const bits = [...base32].map((one) => alphabet.indexOf(one).toString(2).padStart(5, '0'));
  const bytes = bits.join('').match(/.{8}/g) ?? [];
  return Buffer.from(bytes.map((byte) => Number.parseInt(byte, 2)));
};

it('lets somebody sign up by the link of a mail, whatever their address is', async () => {
  const { cloud, browser } = desk;
  const guest = await watchedPage(browser, cloud.url, { expectedStatuses: [401] });
  const { page } = guest;
  await page.goto(cloud.url);
  await page.getByRole('link', { name: 'Sign up' }).click();
  await page.getByLabel('Email').fill('ida@own.example');
  expect(await looksFor(page, 'sign-up')).toEqual([]);
  await page.getByRole('button', { name: 'Send the link' }).click();
  await page.getByText('a mail with a link is on its way').waitFor();
  const { rows } = await cloud.owner.query<{ id: string }>(
    'SELECT id FROM device_manager.sign_ups',
  );
  await page.goto(`${cloud.url}/sign-up#${signUpSecret(kekFromText(kek), rows[0]?.id ?? '')}`);
  await page.getByLabel('Workspace').fill('Own Works');
  // The secret is in no address any more, so no history keeps it.
  expect(new URL(page.url()).hash).toBe('');
  await page.getByLabel('Your name').fill('Ida');
  await page.getByLabel('Password').fill('correct horse battery');
  expect(await looksFor(page, 'sign-up, confirmed')).toEqual([]);
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { level: 1, name: 'Fleet' }).waitFor();
  expect(guest.troubles).toEqual([]);
  await page.context().close();
});

it('invites a person, who takes the link and is in, held to a site', async () => {
  const { page, cloud, heading, overlay } = desk;
  await cloud.ask('POST', '/api/sites', { name: 'north' });
  await desk.section('Account').catch(() => heading('Your account').waitFor());
  await page.getByRole('link', { name: 'People' }).click();
  await heading('People').waitFor();
  await page.getByRole('button', { name: 'Invite' }).click();
  await overlay().getByLabel('Email').fill('grace@plant.example');
  await overlay().getByLabel('north').check();
  expect(await looksFor(page, 'invite')).toEqual([]);
  await overlay().getByRole('button', { name: 'Make invitation' }).click();
  const link = (await overlay().locator('pre').textContent()) ?? '';
  await overlay().getByRole('button', { name: 'Done' }).click();
  await page.getByText('grace@plant.example').waitFor();

  const guest = await watchedPage(desk.browser, cloud.url, { expectedStatuses: [401] });
  await guest.page.goto(link);
  await guest.page.getByLabel('Your name').fill('Grace');
  expect(await looksFor(guest.page, 'invitation')).toEqual([]);
  // The secret is in no address any more, so no history keeps it.
  expect(new URL(guest.page.url()).hash).toBe('');
  await guest.page.getByLabel('Password').fill('correct horse battery');
  await guest.page.keyboard.press('Enter');
  await guest.page.getByRole('heading', { level: 1, name: 'Fleet' }).waitFor();
  await guest.page.goto(`${cloud.url}/account`);
  await guest.page.getByText('operator of plant, north').waitFor();
  expect(await guest.page.getByRole('link', { name: 'People' }).count()).toBe(0);
  expect(guest.troubles).toEqual([]);
  await guest.page.context().close();
});

it('turns a second factor on, which the next sign-in asks for', async () => {
  const { page, cloud, heading } = desk;
  await page.goto(`${cloud.url}/account`);
  await page.getByLabel('Password, to be sure that it is you').fill('correct horse battery');
  await page.getByRole('button', { name: 'Set up' }).click();
  await page.locator('wa-qr-code').waitFor();
  const secret = (await page.locator('code.breaks').textContent()) ?? '';
  expect(await looksFor(page, 'scanning')).toEqual([]);
  await page.getByLabel('Code', { exact: true }).fill(totpCode(bytesOf(secret), Date.now()));
  await page.keyboard.press('Enter');
  const codes = page.locator('.codes li');
  await codes.first().waitFor();
  expect(await looksFor(page, 'recovery codes')).toEqual([]);
  const recovery = (await codes.first().textContent()) ?? '';
  await page.getByRole('button', { name: 'I have kept them' }).click();

  await page.getByRole('button', { name: 'Sign out' }).click();
  await desk.signIn();
  await page.getByLabel('Code of your authenticator app').waitFor();
  expect(await looksFor(page, 'code at sign-in')).toEqual([]);
  await page.getByLabel('Code of your authenticator app').fill(recovery);
  await page.keyboard.press('Enter');
  await heading('Your account').waitFor();
});

it('renews a sign-in whose access token ran out, without a word', async () => {
  const { page, cloud, heading } = desk;
  const context = page.context();
  const [kept] = (await context.cookies()).filter(({ name }) => name === 'sb_session');
  if (kept === undefined) throw new Error('no session');
  await context.addCookies([{ ...kept, value: 'of.an.access.token.that.ran.out' }]);
  await page.goto(`${cloud.url}/groups`);
  await heading('Groups').waitFor();
  await desk.live().waitFor();
});

it('makes a channel, says what its receiver said, and tries again what was given up', async () => {
  const { page, heading, overlay } = desk;
  const receiver = await openHttpReceiver();
  receiver.answer((response) => void response.writeHead(503).end('not today'));
  await page.goto(`${desk.cloud.url}/notifications`);
  await page.getByText('Nobody is told yet').waitFor();
  await page.getByRole('button', { name: 'New channel' }).click();
  await overlay().getByLabel('Kind').selectOption('webhook');
  await overlay().getByLabel('Name').fill('hook');
  await overlay().getByLabel('Address').fill(`${receiver.url}/hook`);
  await overlay().getByLabel('Other events').fill('rollout.*');
  expect(await looksFor(page, 'a new channel')).toEqual([]);
  await overlay().getByRole('button', { name: 'Make channel' }).click();
  expect(await overlay().locator('pre').textContent()).toMatch(/^whsec_/);
  await overlay().getByRole('button', { name: 'I have it' }).click();
  await page.getByRole('button', { name: 'Test' }).click();
  await page.getByText('hook did not take the test: HTTP 503: not today').waitFor();
  const log = page.getByRole('region', { name: 'What was sent' });
  await log.getByText('Given up', { exact: true }).last().waitFor();
  await page
    .getByRole('region', { name: 'Channels' })
    .getByText('Failing', { exact: true })
    .waitFor();
  expect(await looksFor(page, 'a channel that fails')).toEqual([]);
  receiver.answer(takes);
  await log.getByRole('button', { name: 'Try again' }).click();
  await expect.poll(() => receiver.posts.length, { timeout: 15_000 }).toBe(2);
  await page.getByRole('button', { name: 'Edit' }).click();
  await overlay().getByLabel('Send notifications here').uncheck();
  await overlay().getByRole('button', { name: 'Save' }).click();
  await page.getByText('Paused').waitFor();
  await page.getByRole('button', { name: 'Delete' }).click();
  await overlay().getByRole('button', { name: 'Delete channel' }).click();
  await page.getByText('Nobody is told yet').waitFor();
  await heading('Notifications').waitFor();
  await receiver.close();
});

it('trusts a provider that was tried first, changes its rules, and takes it away', async () => {
  const { page, cloud, overlay } = desk;
  const receiver = await openHttpReceiver();
  const of = (path: string) => `${receiver.url}${path}`;
  const endpoints = { authorization_endpoint: of('/auth'), token_endpoint: of('/token') };
  let issuer = 'https://other.example';
  receiver.answer((response, { path }) => {
    const described = { issuer, ...endpoints, jwks_uri: of('/jwks') };
    response.end(JSON.stringify(path === '/jwks' ? { keys: [{ kty: 'OKP' }] } : described));
  });
  await page.goto(`${cloud.url}/single-sign-on`);
  await page.getByRole('button', { name: 'Set up a provider' }).click();
  await page.getByText(`${cloud.url}/api/auth/oidc/callback`).waitFor();
  await page.getByLabel('Name', { exact: true }).fill('Works');
  await page.getByLabel('Issuer').fill(receiver.url);
  await page.getByLabel('Client id').fill('signalbeam');
  await page.getByLabel('Client secret').fill('a secret of both');
  await page.getByRole('button', { name: 'Add rule' }).click();
  const rule = (place: number) => page.getByRole('group', { name: `Rule ${place}` });
  await rule(1).getByLabel('Claim has').fill('temps');
  await page.getByRole('button', { name: 'Add rule' }).click();
  await rule(2).getByLabel('Claim has').fill('fleet-admins');
  await rule(2).getByLabel('Sites').fill('north');
  await rule(1).getByRole('button', { name: 'Remove rule' }).click();
  expect(await page.getByLabel('Claim has').inputValue()).toBe('fleet-admins');
  await page.getByRole('button', { name: 'Test' }).click();
  await page.getByText('It calls itself https://other.example; write it exactly so.').waitFor();
  expect(await looksFor(page, 'a provider that is not what it says')).toEqual([]);
  issuer = receiver.url;
  await page.getByRole('button', { name: 'Test' }).click();
  await page.getByText('It answers as it should.').waitFor();
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await page.getByText('has fleet-admins: viewer of north').waitFor();
  await page.getByRole('button', { name: 'Change' }).click();
  await page.getByLabel('Whom no rule names').selectOption('viewer');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await page.getByText('everybody else: viewer').waitFor();
  await page.getByText('signalbeam, with a secret').waitFor();
  await page.getByRole('button', { name: 'Change' }).click();
  await cloud.ask('PUT', '/api/identity-provider', {
    ...{ name: 'Theirs', issuer, clientId: 'signalbeam', roleRules: [] },
  });
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await page.getByText(/changed this at .*nothing was saved/).waitFor();
  await page.getByRole('button', { name: 'Cancel' }).click();
  await page.getByRole('heading', { name: 'Theirs' }).waitFor();
  await page.getByRole('button', { name: 'Remove', exact: true }).click();
  await overlay().getByRole('button', { name: 'Remove provider' }).click();
  await page.getByRole('button', { name: 'Set up a provider' }).waitFor();
  await receiver.close();
});

it('gives a program a token, and tells of everything in the audit log', async () => {
  const { page, cloud, heading, overlay } = desk;
  await page.goto(`${cloud.url}/service-accounts`);
  await page.getByRole('button', { name: 'New account' }).click();
  await overlay().getByLabel('Name').fill('ci');
  await overlay().getByRole('button', { name: 'Make account' }).click();
  await page.getByRole('button', { name: 'New token' }).click();
  const token = (await overlay().locator('pre').textContent()) ?? '';
  await overlay().getByRole('button', { name: 'Done' }).click();
  const program = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const answer = await fetch(`${cloud.url}/api/registration-tokens`, {
    ...{ method: 'POST', headers: program, body: JSON.stringify({ site: 'north' }) },
  });
  expect(answer.status, await answer.clone().text()).toBe(201);
  await page.goto(`${cloud.url}/tokens`);
  await page.getByText('by service account ci', { exact: true }).waitFor();

  await page.goto(`${cloud.url}/audit`);
  await heading('Audit log').waitFor();
  await page.getByText('service-token.create').waitFor();
  await page.getByLabel('What', { exact: true }).fill('invitation.create');
  await page.getByRole('button', { name: 'Show' }).click();
  await page.getByText('service-token.create').waitFor({ state: 'detached' });
  await page.locator('summary').first().click();
  await page.locator('ins', { hasText: 'grace@plant.example' }).waitFor();
  expect(await looksFor(page, 'audit log')).toEqual([]);
  await page.goto(`${cloud.url}/audit?action=service-account.create`);
  const made = page.getByRole('row', { name: /service-account\.create/ });
  await made.getByRole('cell').first().getByText('ci', { exact: true }).waitFor();
  await made.getByRole('link', { name: /^service-account:/ }).click();
  await expect.poll(() => page.getByLabel('On what').inputValue()).toMatch(/^service-account:/);
  await made.waitFor();
  await page.getByRole('button', { name: 'Check for tampering' }).click();
  await page.getByText(/^All \d+ lines are as they were written\.$/).waitFor();
  // A tenant without a provider is answered so.
  const none = /^4(04|12): .*\/api\/identity-provider$/;
  expect(desk.troubles.filter((each) => !none.test(each))).toEqual([]);
});
