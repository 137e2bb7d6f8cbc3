/**
 * A device's place and end, as an operator brings them about: moved, its hardware replaced,
 * decommissioned, each with what follows spelled out before, and what became of it readable after.
 */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { looksFor } from './browser.fixture.ts';
import { type Desk, openDesk } from './operator.fixture.ts';

let desk: Desk;
type Listed = { id: string; name: string; site: string; fingerprint: string };
const devices = async (): Promise<Listed[]> =>
  ((await desk.cloud.ask('GET', '/api/devices')) as { devices: Listed[] }).devices;
const named = async (name: string): Promise<Listed> => {
  const found = (await devices()).find((device) => device.name === name);
  if (found === undefined) throw new Error(`no device ${name}`);
  return found;
};

beforeAll(async () => {
  desk = await openDesk();
  const { cloud } = desk;
  for (const [name, autoApprove] of [
    ['press-1', true],
    ['spare', false],
  ] as const) {
    const given = { site: 'plant-7', maxUses: 1, autoApprove };
    const { token } = (await cloud.ask('POST', '/api/registration-tokens', given)) as {
      token: string;
    };
    await desk.register(name, ['register', '--url', cloud.url, '--token', token]);
  }
  await desk.page.goto(cloud.url);
  await desk.signIn();
  await desk.heading('Fleet').waitFor();
});
afterAll(async () => {
  await desk?.close();
});

it('moves, replaces and decommissions a device, saying before what follows', async () => {
  const { page, heading, overlay } = desk;
  const [old, spare] = [await named('press-1'), await named('spare')];
  await page.goto(`${desk.cloud.url}/devices/${old.id}`);
  await heading('press-1').waitFor();

  await page.getByRole('button', { name: 'Move', exact: true }).click();
  await overlay().getByText('Its credentials for plant-7 end at once').waitFor();
  expect(await looksFor(page, 'move')).toEqual([]);
  await overlay().getByLabel('Site').fill('plant-9');
  await overlay().getByRole('button', { name: 'Move device' }).click();
  await page.getByText('site plant-9').first().waitFor();

  await page.getByRole('button', { name: 'Replace', exact: true }).click();
  await overlay().getByText(spare.fingerprint).waitFor();
  await overlay().getByText("This can't be undone").waitFor();
  expect(await looksFor(page, 'replace')).toEqual([]);
  await overlay().getByRole('button', { name: 'Replace hardware' }).click();
  await page.waitForURL(`**/devices/${spare.id}`);
  await page.getByRole('link', { name: 'The history of the hardware before' }).click();
  await page.getByText('This device was replaced').waitFor();
  expect(await page.getByRole('button', { name: 'Rename' }).count()).toBe(0);
  await page.getByRole('link', { name: 'The device in its place' }).click();
  await page.getByText('This hardware took the place of another').waitFor();
  expect(await named('press-1')).toMatchObject({ id: spare.id, site: 'plant-9' });

  await page.getByRole('button', { name: 'Decommission', exact: true }).click();
  await overlay().getByText('it wipes').waitFor();
  expect(await looksFor(page, 'decommission')).toEqual([]);
  await overlay().getByLabel('Also remove what it runs', { exact: false }).check();
  await overlay().getByLabel('I understand', { exact: false }).check();
  await overlay().getByRole('button', { name: 'Decommission device' }).click();
  await heading('Fleet').waitFor();
  expect(await devices()).toEqual([]);
  await page.goto(`${desk.cloud.url}/devices/${spare.id}`);
  await page.getByText('it has not said yet that it did').waitFor();
});
