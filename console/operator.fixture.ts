/**
 * An operator's desk for the console's tests: a real cloud with its console, Chromium before it, and
 * devices that run the real agent.
 */
import { detectEngine } from '@signalbeam/edge/containers/detect';
import { agentCommand, startAgent, startTestCloud } from '@signalbeam/edge/link/cloud.fixture';
import '@signalbeam/launcher/rig/provided';
import type { Locator } from 'playwright-core';
import { inject } from 'vitest';
import { openBrowser, watchedPage } from './browser.fixture.ts';

const consoleDir = `${import.meta.dirname}/dist/operator`;
const account = { email: 'admin@plant.example', password: 'correct horse battery' };

export type Desk = Awaited<ReturnType<typeof openDesk>>;

export const openDesk = async (environment: Readonly<Record<string, string>> = {}) => {
  const browser = await openBrowser(inject('chromiumPath'));
  const cloud = await startTestCloud(inject('postgresUrl'), {
    ...{ SIGNALBEAM_CONSOLE_DIR: consoleDir, ...environment },
  });
  // Asking who one is before signing in is answered 401, and so is a wrong password.
  const { page, troubles, requests } = await watchedPage(browser, cloud.url, {
    expectedStatuses: [401],
  });
  const agents: { stop: () => Promise<void> }[] = [];
  const heading = (name: string): Locator => page.getByRole('heading', { level: 1, name });
  return {
    browser,
    cloud,
    page,
    troubles,
    requests,
    heading,
    live: (): Locator => page.locator('link-pill').getByText('Live', { exact: true }),
    overlay: (): Locator => page.locator('wa-dialog[open], wa-drawer[open]'),
    section: async (name: string): Promise<void> => {
      await page.getByRole('navigation').getByRole('link', { name }).click();
      await heading(name).waitFor();
    },
    signIn: async (password = account.password): Promise<void> => {
      await page.getByLabel('Email').fill(account.email);
      await page.getByLabel('Password', { exact: true }).fill(password);
      await page.keyboard.press('Enter');
    },
    register: async (name: string, args: readonly string[]): Promise<string> => {
      const folder = `${cloud.dir}/${name}`;
      const said = await agentCommand([...args, '--name', name, '--state', folder]);
      if (said.code !== 0) throw new Error(said.stderr);
      return folder;
    },
    run: async (name: string): Promise<void> => {
      const folder = `${cloud.dir}/${name}`;
      const agent = await startAgent({
        folder,
        name,
        args: [
          ...['--engine', 'docker', '--engine-socket', inject('dockerSocket')],
          ...['--heartbeat-ms', '1000', '--metrics-interval-ms', '500'],
        ],
      });
      agents.push(agent);
    },
    close: async (): Promise<void> => {
      await browser.close();
      const { devices } = (await cloud.ask('GET', '/api/devices')) as { devices: { id: string }[] };
      for (const agent of agents) await agent.stop();
      await removeContainers(devices.map(({ id }) => id));
      await cloud.stop();
    },
  };
};

const removeContainers = async (deviceIds: readonly string[]): Promise<void> => {
  const found = await detectEngine({ prefer: 'docker', socketPath: inject('dockerSocket') });
  if (found.kind === 'none') return;
  for (const deviceId of deviceIds)
    for (const { id } of await found.engine.list(deviceId))
      await found.engine.remove(id, { volumes: true });
  await found.engine.close();
};
