/**
 * The end of a device's life as real agents live it: hardware that is replaced while it is off, and
 * a device that is decommissioned with all it runs and then registered afresh.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import '@signalbeam/launcher/rig/provided';
import { freePort } from '@signalbeam/launcher/infra/ports';
import { buildSampleImage } from '@signalbeam/launcher/rig/sample';
import { detectEngine } from '../containers/detect.ts';
import {
  agentCommand,
  eventually,
  startAgent,
  startTestCloud,
  type TestCloud,
} from './cloud.fixture.ts';

let cloud: TestCloud;
beforeAll(async () => {
  cloud = await startTestCloud(inject('postgresUrl'));
});
afterAll(() => cloud.stop());

const register = async (folder: string, name: string, autoApprove = true) => {
  const given = { site: 'plant-7', autoApprove };
  const made = (await cloud.ask('POST', '/api/registration-tokens', given)) as { token: string };
  const args = ['register', '--url', cloud.url, '--name', name, '--state', folder];
  expect(await agentCommand(args, { SIGNALBEAM_TOKEN: made.token })).toMatchObject({ code: 0 });
  return (JSON.parse(readFileSync(join(folder, 'enrolment.json'), 'utf8')) as { deviceId: string })
    .deviceId;
};
type Local = { generation: number; waiting: string; slots: { version: string; status: string }[] };
const local = ({ console }: { console: string }) =>
  fetch(`${console}/api/local/device`).then((reply) => reply.json() as Promise<Local>);
const linked = (agent: { console: string }) =>
  eventually(
    () =>
      fetch(`${agent.console}/api/local/link`).then(
        (reply) => reply.json() as Promise<{ state: string }>,
      ),
    ({ state }) => state === 'connected',
  );
const wants = async (deviceId: string, name: string, container: Record<string, unknown>) => {
  const { id } = (await cloud.ask('POST', '/api/bundles', { name })) as { id: string };
  const containers = [{ name: 'web', ...container }];
  await cloud.ask('POST', `/api/bundles/${id}/versions`, { version: '1.0.0', containers });
  const body = { bundleId: id, version: '1.0.0' };
  await cloud.ask('POST', `/api/devices/${deviceId}/bundle`, body);
};
const noEngine = ['--heartbeat-ms', '1000', '--engine-socket', '/nonexistent.sock'];
const at = (name: string) => join(cloud.dir, name);

test('new hardware takes the place of the old, which is refused when it comes back and says why', async () => {
  const oldId = await register(at('old'), 'pump 3');
  const start = (name: string) => startAgent({ folder: at(name), name, args: noEngine });
  let old = await start('old');
  await linked(old);
  await wants(oldId, 'pumping', { image: `registry.example/web@sha256:${'a'.repeat(64)}` });
  await eventually(
    () => local(old),
    ({ generation }) => generation === 1,
  );
  await old.stop();

  const heirId = await register(at('new'), 'spare', false);
  const heir = await start('new');
  await cloud.ask('POST', `/api/devices/${oldId}/replace`, { by: heirId });
  const shown = await eventually(
    () => local(heir),
    ({ generation, slots }) => generation > 1 && slots.length === 1,
  );
  expect(shown.slots[0]).toMatchObject({ version: '1.0.0' });
  expect(await cloud.ask('GET', `/api/devices/${heirId}`)).toMatchObject({ name: 'pump 3' });

  old = await start('old');
  const said = await eventually(
    () => local(old),
    ({ waiting }) => waiting.includes('took the place'),
  );
  expect(said.generation).toBe(1);
  const { stdout } = await agentCommand(['status', '--state', at('old')]);
  expect(stdout).toContain('Another device took the place of this one');
  // Its history stays readable, and nothing was added to it since.
  const { events } = (await cloud.ask('GET', `/api/devices/${oldId}/events`)) as {
    events: { type: string }[];
  };
  expect(events.map(({ type }) => type)).toContain('desired-accepted');
  expect(events.map(({ type }) => type)).not.toContain('revoked');
  await old.stop();
  await heir.stop();
});

test('a decommissioned device leaves nothing behind, and can be registered afresh', async () => {
  const socket = inject('dockerSocket');
  const deviceId = await register(at('sensor'), 'sensor');
  const args = ['--heartbeat-ms', '1000', '--engine', 'docker', '--engine-socket', socket];
  const start = () => startAgent({ folder: at('sensor'), name: 'sensor', args });
  const agent = await start();
  await linked(agent);
  await wants(deviceId, 'sensing', {
    image: await cloud.upload(buildSampleImage({ version: deviceId }).tar),
    ports: [{ containerPort: 8080, hostPort: await freePort(), hostAddress: '127.0.0.1' }],
    mounts: [{ kind: 'volume', name: 'data', containerPath: '/data', readOnly: false }],
  });
  await eventually(
    () => local(agent),
    ({ slots }) => slots[0]?.status === 'running',
  );
  const detected = await detectEngine({ prefer: 'docker', socketPath: socket });
  if (detected.kind === 'none') throw new Error('docker does not answer');
  const { engine } = detected;
  expect(await engine.list(deviceId)).toHaveLength(1);
  expect(await engine.listVolumes(deviceId)).toHaveLength(1);

  await cloud.ask('POST', `/api/devices/${deviceId}/decommission`, { wipe: 'workloads' });
  await agent.exited;
  expect(await engine.list(deviceId)).toEqual([]);
  expect(await engine.listVolumes(deviceId)).toEqual([]);
  await engine.close();
  const left = readdirSync(at('sensor')).filter((name) => !name.startsWith('agent.lock'));
  expect(left).toEqual(['agent.log', 'farewell.json']);
  // The log begins anew with the wiping.
  expect(readFileSync(join(at('sensor'), 'agent.log'), 'utf8')).not.toContain('Ready');
  expect(readFileSync(join(at('sensor'), 'farewell.json'), 'utf8')).not.toMatch(/seed|jwt/i);
  const removed = (await cloud.ask('GET', `/api/devices/${deviceId}`)) as {
    removal: { wipedAt: string | null };
  };
  expect(removed.removal.wipedAt).not.toBeNull();
  const { stdout } = await agentCommand(['status', '--state', at('sensor')]);
  expect(stdout).toContain('sensor at plant-7 was decommissioned');
  expect(await agentCommand(['run', '--state', at('sensor'), '--console', 'off'])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('(decommissioned)'),
  });

  expect(await register(at('sensor'), 'sensor')).not.toBe(deviceId);
  expect(existsSync(join(at('sensor'), 'farewell.json'))).toBe(false);
  const again = await start();
  await linked(again);
  await again.stop();
});
