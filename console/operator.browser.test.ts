/**
 * The operator's console in real Chromium against the real cloud: sign in, every page of the
 * navigation, light and dark, phone and desk. Accessible by axe, no foreign request, no error.
 */
import { join } from 'node:path';
import { startTestCloud, type TestCloud } from '@signalbeam/edge/link/cloud.fixture';
import { ensureConsole } from '@signalbeam/launcher/machine/console-build';
import '@signalbeam/launcher/rig/provided';
import axe from 'axe-core';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';

const consoleDir = join(import.meta.dirname, 'dist/operator');
const flags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

let cloud: TestCloud;
let browser: Browser;

beforeAll(async () => {
  await ensureConsole();
  cloud = await startTestCloud(inject('postgresUrl'), { SIGNALBEAM_CONSOLE_DIR: consoleDir });
  browser = await chromium.launch({ executablePath: inject('chromiumPath'), args: flags });
});
afterAll(async () => {
  await browser?.close();
  await cloud?.stop();
});

const open = async (options: { dark: boolean; width: number }) => {
  const page = await browser.newPage({
    viewport: { width: options.width, height: 800 },
    colorScheme: options.dark ? 'dark' : 'light',
  });
  const troubles: string[] = [];
  page.on('pageerror', (error) => troubles.push(`error: ${error.message}`));
  page.on('request', (request) => {
    const url = new URL(request.url());
    if (url.protocol !== 'data:' && url.origin !== cloud.url)
      troubles.push(`foreign: ${url.origin}`);
  });
  await page.goto(cloud.url);
  await page.getByLabel('Email').fill('admin@plant.example');
  await page.getByLabel('Password', { exact: true }).fill('correct horse battery');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { level: 1, name: 'Fleet' }).waitFor();
  return { page, troubles };
};

const violations = async (page: Page): Promise<string[]> => {
  await page.evaluate(axe.source);
  const found = await page.evaluate(async () => {
    const { axe: runner } = globalThis as unknown as { axe: typeof import('axe-core') };
    return (await runner.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa'] }))
      .violations;
  });
  return found.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' | ')}`);
};

describe.each([
  { dark: false, width: 1280 },
  { dark: true, width: 1280 },
  { dark: false, width: 390 },
  { dark: true, width: 320 },
])('the console, dark $dark, $width pixels wide', (options) => {
  it('signs in and shows every section, accessible and from its own origin', async () => {
    const { page, troubles } = await open(options);
    for (const section of ['Fleet', 'Bundles', 'Rollouts']) {
      await page.getByRole('navigation').getByRole('link', { name: section }).click();
      await page.getByRole('heading', { level: 1, name: section }).waitFor();
      expect(await violations(page), section).toEqual([]);
    }
    expect(troubles).toEqual([]);
    await page.close();
  });
});

describe('a bundle', () => {
  it('is made by keyboard and mouse, and a wrong version is refused at its place', async () => {
    const { page, troubles } = await open({ dark: false, width: 1280 });
    await page.getByRole('link', { name: 'Bundles' }).first().click();
    await page.getByRole('button', { name: 'New bundle' }).click();
    await page.getByLabel('Name').fill('from-the-console');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: 'from-the-console' }).waitFor();
    await page.getByRole('link', { name: 'Make the first version' }).click();
    await page.getByLabel('Containers, as JSON').fill('[{"name":"web","image":"nginx:latest"}]');
    await page.getByText('must name a registry and a digest').waitFor();
    expect(await violations(page)).toEqual([]);
    expect(troubles).toEqual([]);
    await page.close();
  });
});
