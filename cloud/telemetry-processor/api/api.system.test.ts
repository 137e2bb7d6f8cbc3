/**
 * Presence, metrics, events, reported state, live stream and simple clients, over the real hub and
 * Postgres, through the service as `up` runs it. Foreign and unknown ids are answered alike.
 */
import { randomUUID } from 'node:crypto';
import '@signalbeam/launcher/rig/provided';
import type { NatsConnection } from '@nats-io/transport-node';
import { issueDeviceToken } from '@signalbeam/platform/identity/tokens';
import type { Pool } from '@signalbeam/platform/postgres/pool';
import { withTenant } from '@signalbeam/platform/postgres/tenant';
import { openTestPlatform, type TestPlatform } from '@signalbeam/platform/rig.suite';
import type { Service } from '@signalbeam/platform/service';
import { deviceSubjects } from '@signalbeam/sync/wire/subjects';
import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest';
import {
  addApiKey,
  addDevices,
  addTenant,
  openOwner,
  signIn,
  type TestTenant,
} from '../rig.suite.ts';
import { createService } from '../service.ts';
import { rollUp } from '../store/rollups.ts';
import type { VirtualDevice } from '../virtual-device.suite.ts';

let test: TestPlatform;
let owner: Pool;
let service: Service;
let tenant: TestTenant;
let other: TestTenant;
let device: VirtualDevice;
let stranger: VirtualDevice;
let nc: NatsConnection;
let viewer: string;

type Answer = { status: number; body: Record<string, unknown> };

const ask = async (
  path: string,
  options: { method?: string; headers?: Record<string, string>; body?: unknown } = {},
): Promise<Answer> => {
  const response = await service.app.request(path, {
    method: options.method ?? 'GET',
    headers: {
      authorization: `Bearer ${viewer}`,
      ...(options.body === undefined ? {} : { 'content-type': 'application/json' }),
      ...options.headers,
    },
    ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
  });
  const text = await response.text();
  return { status: response.status, body: text === '' ? {} : JSON.parse(text) };
};

const of = (path: string, id: string = device.deviceId): string => `/api/devices/${id}/${path}`;

const send = (lane: 'metrics' | 'events' | 'reported', from: number, to: number) =>
  nc.request(deviceSubjects.lane(lane, device.deviceId), device.frame(lane, from, to), {
    timeout: 5_000,
  });

const beat = (nextBeatMs: number) =>
  nc.publish(
    deviceSubjects.heartbeat(device.deviceId),
    JSON.stringify({ v: 1, seq: 1, state: '0'.repeat(16), generation: 0, nextBeatMs }),
  );

beforeAll(async () => {
  test = await openTestPlatform(inject('postgresUrl'));
  owner = openOwner(test.world.databaseUrl);
  service = createService(test.platform);
  await service.start();
  tenant = await addTenant(owner, test.platform);
  other = await addTenant(owner, test.platform);
  const [mine, theirs] = [
    await addDevices(owner, tenant, 1),
    await addDevices(owner, other, 1),
  ].flat();
  if (mine === undefined || theirs === undefined) throw new Error('no devices were made');
  [device, stranger] = [mine, theirs];
  nc = await device.connect(test.world.hub.url, test.platform.keyring, tenant.tenantId);
  viewer = (await signIn(owner, test.platform, tenant)).token;
});
afterAll(async () => {
  await nc?.close();
  await service?.stop();
  await owner?.end();
  await test?.close();
});

describe('what is known of a device', () => {
  it('starts with nothing: never seen, no samples, no events, no report', async () => {
    expect(await ask(of('presence'))).toEqual({
      status: 200,
      body: { presence: 'never', lastSeenAt: null, nextBeatMs: null },
    });
    expect((await ask(of('metrics'))).body).toMatchObject({ series: [], bucketMs: 15_000 });
    expect((await ask(of('events'))).body).toEqual({ events: [], nextCursor: null });
    expect(await ask(of('reported'))).toMatchObject({ status: 404, body: { code: 'not-found' } });
  });

  it('is a chart of its samples, thinned to what is asked for', async () => {
    const now = Date.now();
    device.write('metrics', 600, now);
    for (let from = 0; from < 600; from += 100) await send('metrics', from, from + 100);
    await vi.waitFor(async () => {
      const from = new Date(now - 600_000).toISOString();
      const { body } = await ask(of(`metrics?from=${from}&maxPoints=50`));
      // 600 s in buckets of 15 s: forty, and one more unless they begin with the first sample.
      expect((body['series'] as unknown[]).length).toBeGreaterThanOrEqual(40);
      expect((body['series'] as unknown[]).length).toBeLessThanOrEqual(50);
    }, 15_000);
    const { body } = await ask(of(`metrics?from=${now - 600_000}&to=${now + 1}&maxPoints=2000`));
    const series = body['series'] as { at: string; cpuPercent: number; uptimeSeconds: number }[];
    expect(body['bucketMs']).toBe(1_000);
    expect(series.length).toBeGreaterThanOrEqual(600);
    expect(series.at(-1)?.uptimeSeconds).toBe(86_400 + 6_000);
    expect(await ask(of(`metrics?from=${now}&to=${now}`))).toMatchObject({
      status: 400,
      body: { code: 'invalid-request', errors: [{ path: 'from' }] },
    });
    expect((await ask(of('metrics?maxPoints=1'))).status).toBe(400);
    expect((await ask(of('metrics?form=1'))).status).toBe(400);
  });

  it('is what happened, newest first, page by page', async () => {
    device.write('events', 5);
    await send('events', 0, 5);
    await vi.waitFor(async () => {
      expect(((await ask(of('events'))).body['events'] as unknown[]).length).toBe(5);
    }, 15_000);
    const seen: number[] = [];
    let cursor = '';
    for (let page = 0; page < 3; page += 1) {
      const { body } = await ask(of(`events?limit=2${cursor}`));
      seen.push(...(body['events'] as { seq: number }[]).map((event) => event.seq));
      cursor = `&cursor=${String(body['nextCursor'])}`;
    }
    expect(seen).toEqual([5, 4, 3, 2, 1]);
    expect(cursor).toBe('&cursor=null');
    expect(await ask(of('events?cursor=nonsense'))).toMatchObject({
      status: 400,
      body: { code: 'invalid-request' },
    });
  });

  it('is its own newest report, told to the other services as a domain event', async () => {
    const desiredDigest = `sha256:${'d'.repeat(64)}`;
    device.write('reported', 3);
    await send('reported', 0, 3);
    await vi.waitFor(async () => {
      expect((await ask(of('reported'))).body).toMatchObject({
        ...{ generation: 3, desiredDigest, engine: { kind: 'docker' }, slots: [] },
      });
    }, 15_000);
    const { rows } = await owner.query<{ data: { seq: number; reported: object } }>(
      'SELECT data FROM platform.domain_events WHERE subject = $1 ORDER BY position',
      [`signalbeam.devices.status.${device.deviceId}`],
    );
    expect(rows.map(({ data }) => data.seq)).toEqual([1, 2, 3]);
    expect(rows[2]?.data).toMatchObject({
      deviceId: device.deviceId,
      epoch: device.laneOf('reported').epoch,
      reported: { generation: 3, desiredDigest },
    });
  });

  it('is compared with others over a range, by step and aggregate', async () => {
    const of = (query: string) => ask(`/api/telemetry/metrics?${query}`);
    const mine = `devices=${device.deviceId}`;
    const { status, body } = await of(`${mine}&metrics=cpuPercent&step=10m&aggregate=count`);
    expect(status).toBe(200);
    expect(body).toMatchObject({
      ...{ source: 'samples', stepMs: 600_000, aggregate: 'count', metrics: ['cpuPercent'] },
    });
    const [series] = body['series'] as { points: { values: number[] }[] }[];
    const counted = series?.points.reduce((sum, { values }) => sum + (values[0] ?? 0), 0);
    expect(counted).toBe(600);
    expect((await of(`${mine}&from=${Date.now() - 30 * 86_400_000}`)).body).toMatchObject({
      ...{ source: 'hours', stepMs: 3 * 3_600_000, aggregate: 'avg' },
    });
    for (const id of [stranger.deviceId, randomUUID()]) {
      const { body: both } = await of(`${mine},${id}`);
      expect(both['series']).toMatchObject([{ deviceId: device.deviceId }]);
    }
    const refused = [
      [`${mine}&metrics=cpuPercent,pg_sleep`, 400, 'invalid-request'],
      [`${mine}&step=0s`, 400, 'invalid-request'],
      [`${mine}&from=5&to=5`, 400, 'invalid-request'],
      [`${mine}&from=0`, 400, 'invalid-request'],
      [`${mine}&from=${Date.now() - 2 * 86_400_000}&step=1s`, 400, 'invalid-request'],
      [`devices=${Array.from({ length: 21 }, randomUUID)}`, 400, 'invalid-request'],
      ['', 400, 'invalid-request'],
    ] as const;
    for (const [query, refusedStatus, code] of refused) {
      expect(await of(query)).toMatchObject({ status: refusedStatus, body: { code } });
    }
  });

  it('is online with a heartbeat and offline after three missed ones', async () => {
    beat(2_000);
    await vi.waitFor(async () => {
      expect((await ask(of('presence'))).body).toMatchObject({
        presence: 'online',
        nextBeatMs: 2_000,
      });
    }, 15_000);
    await vi.waitFor(
      async () => {
        const { rows } = await owner.query(
          `SELECT type FROM platform.domain_events
            WHERE subject = 'signalbeam.devices.presence' AND data ->> 'deviceId' = $1
            ORDER BY position`,
          [device.deviceId],
        );
        expect(rows).toEqual([{ type: 'device.online' }, { type: 'device.offline' }]);
      },
      { timeout: 25_000, interval: 500 },
    );
    expect((await ask(of('presence'))).body).toMatchObject({ presence: 'offline' });
  });
});

describe('another tenant', () => {
  it("learns nothing of this one's devices", async () => {
    for (const path of ['presence', 'metrics', 'events', 'reported']) {
      for (const id of [stranger.deviceId, randomUUID()]) {
        expect(await ask(of(path, id))).toMatchObject({
          status: 404,
          body: { code: 'not-found', detail: 'There is no such device.' },
        });
      }
      expect((await ask(of(path, 'no-id'))).status).toBe(400);
      expect((await ask(of(path), { headers: { authorization: '' } })).status).toBe(401);
    }
  });

  it('sees no row through the views, and requests see no table', async () => {
    const client = await test.platform.pools.api.connect();
    try {
      for (const table of ['metrics', 'events', 'reported', 'presence', 'watermarks']) {
        const { rows } = await client.query(`SELECT * FROM telemetry.public_${table}`);
        expect(rows).toEqual([]);
        // An ordinary table: row security holds it, not a missing grant.
        if (table === 'presence') {
          expect((await client.query('SELECT * FROM telemetry.presence')).rows).toEqual([]);
          continue;
        }
        await expect(client.query(`SELECT * FROM telemetry.${table}`)).rejects.toThrow(
          'permission denied',
        );
      }
    } finally {
      client.release();
    }
  });

  it('shows rows of their sites alone to who is held to some', async () => {
    await rollUp(test.platform.pools.ingest);
    const views = ['metrics', 'metrics_minutes', 'metrics_hourly', 'metrics_daily', 'events'];
    const read = [...views, 'reported', 'reported_history', 'watermarks']
      .map((view) => `SELECT DISTINCT '${view}' FROM telemetry.public_${view}`)
      .join(' UNION ALL ');
    const seenBy = async (sites: string[] | null) => {
      const scope = { tenantId: tenant.tenantId, sites };
      return (await withTenant(test.platform.pools.api, scope, (sql) => sql.query(read))).rowCount;
    };
    expect([await seenBy(null), await seenBy(['plant-7']), await seenBy(['x'])]).toEqual([8, 8, 0]);
  });
});

describe('simple clients', () => {
  // Inventory §7.20
  it('say that they are there and send samples with an API key or a token', async () => {
    const [simple] = await addDevices(owner, tenant, 1);
    if (simple === undefined) throw new Error('no device was made');
    const id = simple.deviceId;
    const apiKey = await addApiKey(owner, tenant, id);
    const byKey = { authorization: '', 'x-api-key': apiKey, 'x-tenant-id': tenant.tenantId };
    const headers = Object.fromEntries(
      Object.entries(byKey).filter(([name]) => name !== 'authorization'),
    );
    const post = async (path: string, given: Record<string, string>, body: unknown) => {
      const response = await service.app.request(of(path, id), {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...given },
        body: JSON.stringify(body),
      });
      return response.status;
    };
    expect(await post('heartbeat', headers, { nextBeatMs: 60_000 })).toBe(204);
    await vi.waitFor(
      async () =>
        expect((await ask(of('presence', id))).body).toMatchObject({ presence: 'online' }),
      { timeout: 10_000 },
    );
    const samples = [{ cpuPercent: 12.5 }, { cpuPercent: 13, at: Date.now() - 1_000 }];
    expect(await post('metrics', headers, { samples })).toBe(201);
    const bearer = { authorization: `Bearer ${issueDeviceToken(simple.signer, id, Date.now())}` };
    expect(await post('metrics', bearer, { samples })).toBe(201);
    const { rows } = await owner.query(
      'SELECT seq, cpu_percent FROM telemetry.metrics WHERE device_id = $1 ORDER BY seq',
      [id],
    );
    expect(rows).toEqual([
      { seq: 1, cpu_percent: 12.5 },
      { seq: 2, cpu_percent: 13 },
      { seq: 3, cpu_percent: 12.5 },
      { seq: 4, cpu_percent: 13 },
    ]);
    expect(await post('metrics', bearer, { samples: [{ cpu: 1 }] })).toBe(400);
    expect(await post('metrics', bearer, { samples: [] })).toBe(400);
    expect(await post('metrics', { authorization: `Bearer ${viewer}` }, { samples })).toBe(403);
    const theirs = issueDeviceToken(device.signer, device.deviceId, Date.now());
    expect(await post('metrics', { authorization: `Bearer ${theirs}` }, { samples })).toBe(404);
  });
});

describe('the live stream', () => {
  const open = async (token: string, query = '', headers: Record<string, string> = {}) => {
    const response = await service.app.request(`/api/stream${query}`, {
      headers: { authorization: `Bearer ${token}`, ...headers },
    });
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    let ended = false;
    const read = async (): Promise<void> => {
      for (;;) {
        const part = await reader?.read();
        if (part === undefined || part.done) break;
        text += part.value;
      }
      ended = true;
    };
    const reading = read();
    return {
      response,
      text: () => text,
      isEnded: () => ended,
      close: async () => {
        await reader?.cancel();
        await reading;
      },
    };
  };

  it('carries what happens, to its own tenant only', async () => {
    const hints: unknown[] = [];
    const hearing = nc.subscribe(deviceSubjects.down('plant-7', device.deviceId, 'attend'), {
      callback: (_, message) => {
        hints.push(message.json());
      },
    });
    const foreign = (await signIn(owner, test.platform, other)).token;
    const mine = await open(viewer, `?topics=devices,device:${device.deviceId}`);
    const theirs = await open(foreign);
    expect(mine.response.headers.get('content-type')).toContain('text/event-stream');
    const { ends } = device.laneOf('metrics');
    await vi.waitFor(
      async () => {
        device.write('metrics', 1);
        await send('metrics', ends.length - 1, ends.length);
        beat(30_000);
        expect(mine.text()).toContain('event: metrics\n');
      },
      { timeout: 15_000, interval: 1_100 },
    );
    device.write('events', 1);
    await send('events', 5, 6);
    await vi.waitFor(
      () => {
        for (const name of ['device', 'event', 'metrics']) {
          expect(mine.text()).toContain(`event: ${name}\n`);
        }
        expect(mine.text()).toContain('"cpuPercent"');
      },
      { timeout: 15_000 },
    );
    expect(theirs.text()).not.toContain('event:');
    // The device was told that somebody looks, so it sends quickly.
    expect(hints).toContainEqual({ forMs: 50_000 });
    hearing.unsubscribe();
    await Promise.all([mine.close(), theirs.close()]);
  });

  it('tells a client that comes back to ask anew, and refuses unknown topics', async () => {
    const back = await open(viewer, '', { 'last-event-id': 'x' });
    await vi.waitFor(() => expect(back.text()).toContain('event: resync'), 15_000);
    await back.close();
    expect(await ask('/api/stream?topics=everything')).toMatchObject({
      status: 400,
      body: { code: 'invalid-request' },
    });
    expect((await ask('/api/stream', { headers: { authorization: '' } })).status).toBe(401);
  });

  it('ends when the sign-in does', async () => {
    const { token, signOut } = await signIn(owner, test.platform, tenant);
    const stream = await open(token);
    await signOut();
    await vi.waitFor(() => expect(stream.isEnded()).toBe(true), { timeout: 25_000 });
  });
});
