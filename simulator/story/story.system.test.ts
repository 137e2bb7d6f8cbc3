/**
 * The main job, end to end, on real parts: enrol, publish, roll out, cut the site off, heal, and a
 * version that fails. Real cloud, hub, leaf, Postgres, Docker and Podman; agents as processes.
 */
import { eventually, startTestCloud, type TestCloud } from '@signalbeam/edge/link/cloud.fixture';
import '@signalbeam/launcher/rig/provided';
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import {
  backlogOf,
  imageTar,
  type Member,
  openSite,
  type Written,
  writtenBy,
} from './site.fixture.ts';

type Device = { id: string; name: string; registrationStatus: string };
type Rollout = { id: string; status: string; waiting: string; progress: Record<string, number> };
type Row = { name: string; status: string; reason: string | null; logTail: string[] };

let cloud: TestCloud;
let site: Awaited<ReturnType<typeof openSite>>;
let bundleId = '';

const ask = <T>(method: string, path: string, body?: unknown): Promise<T> =>
  cloud.ask(method, path, body) as Promise<T>;

const publish = async (version: string, well: boolean): Promise<void> => {
  const { token } = await ask<{ token: string }>('POST', '/api/auth/login', {
    email: 'admin@plant.example',
    password: 'correct horse battery',
  });
  const reply = await fetch(`${cloud.url}/api/artifacts?name=story`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/x-tar' },
    body: imageTar(version, well),
  });
  expect(reply.status, await reply.clone().text()).toBe(201);
  const { images } = (await reply.json()) as { images: { reference: string }[] };
  await ask('POST', `/api/bundles/${bundleId}/versions`, {
    version,
    containers: [
      {
        name: 'web',
        image: images[0]?.reference,
        stopGraceMs: 500,
        healthCheck: {
          probe: {
            kind: 'exec',
            command: ['wget', '-q', '-O', '/dev/null', 'http://127.0.0.1:8080/'],
          },
          intervalMs: 500,
          timeoutMs: 2_000,
          retries: 2,
          startPeriodMs: 2_000,
          soakMs: 500,
        },
      },
    ],
  });
};

const rollOut = async (version: string): Promise<string> => {
  const deviceIds = site.members.map(({ deviceId }) => deviceId);
  return (await ask<Rollout>('POST', '/api/rollouts', { bundleId, version, deviceIds })).id;
};

const ended = (id: string, timeoutMs = 60_000): Promise<Rollout> =>
  eventually(
    () => ask<Rollout>('GET', `/api/rollouts/${id}`),
    ({ status }) => status !== 'in-progress',
    timeoutMs,
  );

const running = async (member: Member): Promise<string[]> =>
  (await member.engine.list(member.deviceId))
    .filter(({ state }) => state === 'running')
    .map(({ labels }) => labels['io.signalbeam.version'] ?? '');

const allRun = (version: string, timeoutMs = 30_000): Promise<string[][]> =>
  eventually(
    () => Promise.all(site.members.map(running)),
    (versions) => versions.every((each) => each.join() === version),
    timeoutMs,
  );

/** Every row of a lane and what a gap stands for, so that one stored twice would show twice. */
const stored = async (deviceId: string, { lane, epoch }: Written): Promise<number[]> => {
  const tables: Record<string, string> = {
    events: 'SELECT seq FROM telemetry.events',
    reported: 'SELECT seq FROM telemetry.reported_history',
    metrics: 'SELECT seq FROM telemetry.metrics',
    backfill: `SELECT seq FROM (SELECT device_id, epoch, seq FROM telemetry.metrics
      UNION ALL SELECT device_id, epoch, seq FROM telemetry.metrics_thinned) AS samples`,
  };
  const { rows } = await cloud.owner.query<{ seq: string }>(
    `${tables[lane]} WHERE device_id = $1 AND epoch = $2
     UNION ALL SELECT generate_series(from_seq, to_seq) FROM telemetry.gaps
      WHERE device_id = $1 AND epoch = $2 AND lane = $3`,
    [deviceId, epoch, lane],
  );
  return rows.map(({ seq }) => Number(seq));
};

const newestStored = async ({ deviceId }: Member): Promise<number> => {
  const { rows } = await cloud.owner.query<{ seq: string | null }>(
    'SELECT max(seq) AS seq FROM telemetry.metrics WHERE device_id = $1',
    [deviceId],
  );
  return Number(rows[0]?.seq ?? 0);
};

beforeAll(async () => {
  cloud = await startTestCloud(inject('postgresUrl'));
  site = await openSite(cloud, { docker: inject('dockerSocket'), podman: inject('podmanSocket') });
});
afterAll(async () => {
  await site?.close();
  await cloud?.stop();
});

afterEach(({ task }) => {
  if (task.result?.state === 'fail') process.stderr.write(`${site.logTails()}\n`);
});

describe('the story', () => {
  // Inventory §7.10
  it('begins with three devices that register and wait', async () => {
    await site.register();
    const { devices } = await ask<{ devices: Device[] }>('GET', '/api/devices');
    expect(devices.map(({ name }) => name).sort()).toEqual(['gateway-1', 'gateway-2', 'gateway-3']);
    expect(devices.every(({ registrationStatus }) => registrationStatus === 'pending')).toBe(true);
    for (const { id } of devices) await ask('POST', `/api/devices/${id}/approve`, {});
  });

  // Inventory §7.32
  it('rolls version 1 out to Docker and to Podman', async () => {
    bundleId = (await ask<{ id: string }>('POST', '/api/bundles', { name: 'story' })).id;
    await publish('1.0.0', true);
    const rollout = await ended(await rollOut('1.0.0'));
    expect(rollout).toMatchObject({ status: 'succeeded', progress: { succeeded: 3 } });
    await allRun('1.0.0');
  });

  it('stores metrics in Postgres', async () => {
    for (const { deviceId } of site.members) {
      await eventually(
        () => cloud.owner.query('SELECT 1 FROM telemetry.metrics WHERE device_id = $1', [deviceId]),
        ({ rowCount }) => (rowCount ?? 0) > 0,
      );
    }
  });

  // Inventory §7.14
  it('goes on while it is cut off, and catches up exactly once', async () => {
    site.cut();
    await publish('2.0.0', true);
    const id = await rollOut('2.0.0');
    const [first] = site.members;
    if (first === undefined) throw new Error('no member');
    const [container] = await first.engine.list(first.deviceId);
    await first.engine.remove(container?.id ?? '', { volumes: false });
    await allRun('1.0.0');
    await eventually(
      () => Promise.all(site.members.map(backlogOf)),
      (counts) => counts.every((count) => count >= 8),
    );
    expect((await ask<Rollout>('GET', `/api/rollouts/${id}`)).status).toBe('in-progress');

    site.heal();
    expect(await ended(id, 90_000)).toMatchObject({
      status: 'succeeded',
      progress: { succeeded: 3 },
    });
    await allRun('2.0.0');
    await eventually(
      () => Promise.all(site.members.map(backlogOf)),
      (counts) => counts.every((count) => count <= 4),
    );
  });

  it('loses nothing when the hub comes back without its folders, and rolls out after it', async () => {
    const confirmed = await Promise.all(site.members.map(newestStored));
    await cloud.loseHub();
    await eventually(
      () => Promise.all(site.members.map(newestStored)),
      (newest) => newest.every((seq, index) => seq > (confirmed[index] ?? 0) + 4),
    );
    await publish('2.1.0', true);
    expect(await ended(await rollOut('2.1.0'))).toMatchObject({
      status: 'succeeded',
      progress: { succeeded: 3 },
    });
    await allRun('2.1.0');
  });

  it('takes a bad version back by itself and says why', async () => {
    await publish('3.0.0', false);
    const id = await rollOut('3.0.0');
    expect(await ended(id)).toMatchObject({ status: 'failed', progress: { failed: 3 } });
    const answer = await ask<{ devices: Row[] } | Row[]>('GET', `/api/rollouts/${id}/devices`);
    for (const row of Array.isArray(answer) ? answer : answer.devices) {
      expect(row).toMatchObject({ status: 'failed', logTail: ['cannot open the serial port'] });
      expect(row.reason).toContain('web');
    }
    await allRun('2.1.0');
  });

  it('has stored each row that a device wrote exactly once', async () => {
    for (const { stop } of site.members.toReversed()) await stop();
    for (const { folder, deviceId, name } of site.members) {
      const lanes = writtenBy(folder);
      expect(lanes.map(({ lane }) => lane).sort()).toEqual([
        ...['backfill', 'events', 'metrics', 'reported'],
      ]);
      for (const written of lanes) {
        const arrived = await stored(deviceId, written);
        const about = `${written.lane} of ${name}`;
        const all = [...new Set([...arrived, ...written.waiting])].sort((a, b) => a - b);
        expect(all, about).toEqual(Array.from({ length: written.last }, (_, index) => index + 1));
        expect(new Set(arrived).size, about).toBe(arrived.length);
      }
    }
  });
});
