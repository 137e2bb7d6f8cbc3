/**
 * The engine goes away under a running agent and comes back: said once, looked for again, what is
 * wanted untouched, and the containers that were there adopted, not made anew. Engines of their own,
 * because they are stopped here; real cloud, real agent.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startDocker } from '@signalbeam/launcher/infra/docker';
import { startPodman } from '@signalbeam/launcher/infra/podman';
import { freePort } from '@signalbeam/launcher/infra/ports';
import { buildImageTar } from '@signalbeam/launcher/rig/image';
import '@signalbeam/launcher/rig/provided';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { detectEngine } from '../containers/detect.ts';
import type { Engine } from '../containers/engine.ts';
import {
  agentCommand,
  eventually,
  startAgent,
  startTestCloud,
  type TestCloud,
} from '../link/cloud.fixture.ts';

type Kind = 'docker' | 'podman';

let cloud: TestCloud;
beforeAll(async () => {
  cloud = await startTestCloud(inject('postgresUrl'));
});
afterAll(() => cloud.stop());

const startEngine = (kind: Kind, dir: string) =>
  kind === 'docker' ? startDocker({ dir }) : startPodman({ dir });

const enrol = async (name: string) => {
  const folder = join(cloud.dir, name);
  const { token } = (await cloud.ask('POST', '/api/registration-tokens', {
    site: 'plant-7',
    autoApprove: true,
  })) as { token: string };
  const args = ['register', '--url', cloud.url, '--name', name, '--state', folder];
  expect(await agentCommand(args, { SIGNALBEAM_TOKEN: token })).toMatchObject({ code: 0 });
  const { deviceId } = JSON.parse(readFileSync(join(folder, 'enrolment.json'), 'utf8')) as {
    deviceId: string;
  };
  return { folder, deviceId };
};

/** Publishes a bundle of one small server and rolls it out to the device. */
const rollOut = async (deviceId: string, name: string): Promise<void> => {
  const { token } = (await cloud.ask('POST', '/api/auth/login', {
    email: 'admin@plant.example',
    password: 'correct horse battery',
  })) as { token: string };
  const { tar } = buildImageTar({
    name: 'engine-away',
    tag: name,
    files: { '/www/index.html': deviceId },
    command: ['httpd', '-f', '-p', '8080', '-h', '/www'],
  });
  const reply = await fetch(`${cloud.url}/api/artifacts?name=engine-away`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/x-tar' },
    body: tar,
  });
  const { images } = (await reply.json()) as { images: { reference: string }[] };
  const { id: bundleId } = (await cloud.ask('POST', '/api/bundles', { name })) as { id: string };
  const container = { name: 'web', image: images[0]?.reference, stopGraceMs: 500 };
  const body = { version: '1.0.0', containers: [container] };
  await cloud.ask('POST', `/api/bundles/${bundleId}/versions`, body);
  const deviceIds = [deviceId];
  await cloud.ask('POST', '/api/rollouts', { bundleId, version: '1.0.0', deviceIds });
};

/** What the agent wants and where each bundle stands, as its journal has it. */
const decisions = (folder: string): unknown => {
  const state = new Database(join(folder, 'state.db'), { readonly: true });
  try {
    return {
      slots: state.prepare('SELECT content FROM slots').pluck().all(),
      generation: state.prepare('SELECT max(generation) FROM desired').pluck().get(),
    };
  } finally {
    state.close();
  }
};

const told = async (deviceId: string, type: string): Promise<number> => {
  const { rows } = await cloud.owner.query<{ count: number }>(
    'SELECT count(*)::int AS count FROM telemetry.events WHERE device_id = $1 AND type = $2',
    [deviceId, type],
  );
  return rows[0]?.count ?? 0;
};

const runningIds = async (engine: Engine, deviceId: string): Promise<string[]> =>
  (await engine.list(deviceId)).filter(({ state }) => state === 'running').map(({ id }) => id);

/** Both behave alike (`engine-failures.suite.ts` runs on both); the full run shows it here too. */
const kinds: readonly Kind[] =
  process.env['SIGNALBEAM_FULL'] === '1' ? ['docker', 'podman'] : ['docker'];

describe.each<Kind>(kinds)('on %s', (kind) => {
  it('goes on after its engine was away', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'sb-away-'));
    let server = await startEngine(kind, dir);
    const { folder, deviceId } = await enrol(`away-${kind}`);
    const leaf = `127.0.0.1:${await freePort()}`;
    const agent = await startAgent({
      folder,
      name: `away-${kind}`,
      args: ['--gateway', '--leaf-listen', leaf, '--heartbeat-ms', '1000'].concat([
        ...['--engine', kind, '--engine-socket', server.socketPath],
      ]),
    });
    try {
      const { socketPath } = server;
      const detected = await detectEngine({ prefer: kind, socketPath });
      if (detected.kind === 'none') throw new Error(`${kind} does not answer`);
      const { engine } = detected;
      const running = () => runningIds(engine, deviceId);
      await rollOut(deviceId, `away-${kind}`);
      await eventually(
        () => told(deviceId, 'update-confirmed'),
        (count) => count === 1,
      );
      const [before, wanted] = [await running(), decisions(folder)];
      expect(before).toHaveLength(1);

      await server.stop();
      await eventually(
        () => told(deviceId, 'engine-down'),
        (count) => count === 1,
      );
      server = await startEngine(kind, dir);
      await eventually(
        () => told(deviceId, 'engine-up'),
        (count) => count === 1,
      );
      await eventually(running, (ids) => `${ids}` === `${before}`);
      expect(await told(deviceId, 'engine-down')).toBe(1);
      expect(await told(deviceId, 'container-recreated')).toBe(0);
      expect(decisions(folder)).toEqual(wanted);

      // It listens to the engine again: no wait for the regular look.
      await engine.remove(before[0] ?? '', { volumes: false });
      await eventually(running, (ids) => ids.length === 1 && ids[0] !== before[0], 15_000);
      await engine.close();
    } finally {
      await agent.stop();
      await server.stop();
      rmSync(dir, { recursive: true, force: true });
    }
  });
});
