/**
 * A release key is withdrawn while a device is in the field: the version that runs is signed again
 * and goes on without being touched, and the device installs what the new key signs.
 */
import '@signalbeam/launcher/rig/provided';
import { afterEach, expect, inject, it } from 'vitest';
import { detectEngine } from '../containers/detect.ts';
import type { Engine } from '../containers/engine.ts';
import { createSite, type Site, until } from './site.fixture.ts';

let site: Site | null = null;
let engine: Engine | null = null;
afterEach(async () => {
  await site?.clean();
  await engine?.close();
});

it('a device installs after its release key was withdrawn, and what runs is not touched', async () => {
  const socketPath = inject('dockerSocket');
  const detected = await detectEngine({ prefer: 'docker', socketPath });
  if (detected.kind === 'none') throw new Error('docker does not answer');
  engine = detected.engine;
  site = await createSite(engine, socketPath);
  site.want(site.publish('1.0.0', true));
  const first = site.start(null);
  const confirmed = (trace: string[]) => trace.includes('after confirm-update');
  await until(site.trace, confirmed, 'version 1.0.0');
  const [before] = await engine.list(site.deviceId);
  site.kill();
  await first.exited;

  site.forgetTrace();
  site.withdrawReleaseKey();
  site.want(site.publish('1.0.0', true));
  const second = site.start(null);
  const again = await until(site.trace, confirmed, 'version 1.0.0, signed again');
  expect(again.filter((step) => /stop|create|fetch-image/.test(step))).toEqual([]);
  const [after] = await engine.list(site.deviceId);
  expect([after?.id, after?.startedAt, after?.state]).toEqual([
    before?.id,
    before?.startedAt,
    'running',
  ]);

  site.kill();
  await second.exited;
  site.forgetTrace();
  site.want(site.publish('1.1.0', true));
  site.start(null);
  await until(site.running, (versions) => `${versions}` === '1.1.0', 'version 1.1.0');
  await until(site.trace, confirmed, 'version 1.1.0, confirmed');
});
