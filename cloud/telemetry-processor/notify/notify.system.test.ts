/** From a domain event to the receiver, over the real hub and Postgres, with a clock of our own. */
import { randomUUID } from 'node:crypto';
import '@signalbeam/launcher/rig/provided';
import { exampleOf } from '@signalbeam/platform/events/catalogue.fixture';
import { recordEvent } from '@signalbeam/platform/events/outbox';
import type { Pool } from '@signalbeam/platform/postgres/pool';
import { openTestPlatform, type TestPlatform } from '@signalbeam/platform/rig.suite';
import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  describe,
  expect,
  inject,
  it,
  vi,
} from 'vitest';
import { type AlertNews, type AlertTransition, alertEvent } from '../core/alert-events.ts';
import type { Hears } from '../core/notice.ts';
import { addTenant, openOwner, type TestTenant } from '../rig.suite.ts';
import { insertChannel } from '../store/notification-channels.ts';
import { claimChannel } from '../store/notification-queue.ts';
import { removeOldDeliveries } from '../store/notification-retention.ts';
import { sealSecrets, type Target } from './channel.ts';
import { type DeliverParts, deliverOnce } from './deliver.ts';
import { hearOne } from './hear.ts';
import { type HttpReceiver, openHttpReceiver, takes } from './receivers.suite.ts';
import { createSend } from './send.ts';
import { newSigningKey } from './signature.ts';
import { startNotifying } from './start.ts';

let test: TestPlatform;
let owner: Pool;
let tenant: TestTenant;
let receiver: HttpReceiver;
/** Ours, so that nothing waits for time to pass. */
let clock = Date.now();

const everything: Hears = {
  alerts: {
    severities: ['info', 'warning', 'critical'],
    happenings: ['raised', 'escalated', 'acknowledged', 'resolved'],
    sites: null,
  },
  events: ['rollout.*'],
};

const addChannel = async (kind: 'webhook' | 'pagerduty' | 'slack', hears = everything) => {
  const of = { id: randomUUID(), tenantId: tenant.tenantId };
  const targets = {
    webhook: {
      ...{ kind: 'webhook', settings: { origin: receiver.url } },
      secrets: { url: `${receiver.url}/hook`, keys: [{ key: newSigningKey(), until: null }] },
    },
    slack: {
      ...{ kind: 'slack', settings: { origin: receiver.url } },
      secrets: { url: `${receiver.url}/services/x` },
    },
    pagerduty: {
      ...{ kind: 'pagerduty', settings: { url: `${receiver.url}/v2/enqueue` } },
      secrets: { routingKey: '0123456789abcdef0123456789abcdef' },
    },
  } satisfies Record<string, Target>;
  const target = targets[kind];
  const secretsSealed = sealSecrets(test.platform.kek, of, target);
  const wish = { ...of, ...target, name: `${kind} ${of.id}`, secretsSealed, hears, enabled: true };
  await insertChannel(owner, wish, new Date(clock - 60_000));
  return of.id;
};

const newsOf = (alertId: string, more: Partial<AlertNews> = {}): AlertNews => ({
  ...{ alertId, rule: 'device-offline', ruleName: 'Offline', type: 'device-offline' },
  ...{ severity: 'critical', status: 'active', title: 'gw-3 is offline', detail: '' },
  ...{ site: 'plant-7', deviceId: null, deviceName: null, rolloutId: null, deviceCount: 1 },
  ...{ at: new Date(clock).toISOString(), silenced: false, link: `/alerts/${alertId}` },
  ...more,
});
const messageOf = (transition: AlertTransition, alertId: string, more: Partial<AlertNews> = {}) => {
  const { tenantId, type, data } = alertEvent(tenant.tenantId, transition, newsOf(alertId, more));
  const occurredAt = new Date(clock).toISOString();
  return { id: randomUUID(), version: 1, occurredAt, tenantId, type, data };
};

const partsOf = (): DeliverParts => ({
  ...test.platform,
  now: () => clock,
  send: createSend({
    ...{ reach: { loopback: true, networks: [] }, publicUrl: null, now: () => clock },
  }),
  ...{ random: () => 1, count: () => {} },
});
const hear = (...messages: ReturnType<typeof messageOf>[]) =>
  messages.reduce<Promise<unknown>>(
    (before, message) =>
      before.then(() => hearOne({ ...test.platform, now: () => clock }, message)),
    Promise.resolve(),
  );
/** Lets time pass, then everything that is due by then is sent. */
const deliverAfter = async (ms: number): Promise<void> => {
  clock += ms;
  while (await deliverOnce(partsOf()));
};

type Row = { status: string; reason: string | null; folded: number | null; attempts: number };
const rowsOf = async (channelId: string): Promise<Row[]> => {
  const { rows } = await owner.query<Row>(
    `SELECT status, reason, folded, attempts FROM telemetry.notification_deliveries
      WHERE channel_id = $1 ORDER BY position`,
    [channelId],
  );
  return rows;
};
const bodies = () => receiver.posts.map(({ body }) => JSON.parse(body));

beforeAll(async () => {
  test = await openTestPlatform(inject('postgresUrl'));
  owner = openOwner(test.world.databaseUrl);
  tenant = await addTenant(owner, test.platform);
});
afterAll(async () => {
  await owner?.end();
  await test?.close();
});
beforeEach(async () => {
  receiver = await openHttpReceiver();
});
afterEach(async () => {
  await receiver.close();
  await owner.query('DELETE FROM telemetry.notification_channels');
});

describe('notifications', () => {
  it('carry alerts and rollouts from the outbox to the receiver, once with two replicas', async () => {
    clock = Date.now();
    const channel = await addChannel('webhook');
    const config = { ...test.platform.config, publicUrl: 'http://127.0.0.1:8080' };
    const replicas = [1, 2].map(() => startNotifying({ ...test.platform, config }, () => {}));
    const ids = Array.from({ length: 12 }, () => randomUUID());
    const { system } = test.platform.pools;
    for (const id of ids) {
      await recordEvent(system, alertEvent(tenant.tenantId, 'raised', newsOf(id)));
    }
    const [first = ''] = ids;
    for (const type of ['rollout.completed', 'device.online'] as const) {
      const { subject, data } = exampleOf(type, first);
      await recordEvent(system, { tenantId: tenant.tenantId, type, subject, data });
    }
    type Told = { data: { alertId?: string; rolloutId?: string } };
    const told = () => bodies().flatMap(({ events }: { events: Told[] }) => events);
    await vi.waitFor(() => expect(told()).toHaveLength(13), { timeout: 20_000 });
    expect(told().flatMap(({ data }) => data.alertId ?? [])).toEqual(ids);
    const rollouts = told().filter(({ data }) => data.alertId === undefined);
    expect(rollouts).toMatchObject([{ version: 1, data: exampleOf('rollout.completed').data }]);
    await vi.waitFor(
      async () =>
        expect((await rowsOf(channel)).map(({ status }) => status)).toEqual(
          Array.from({ length: 13 }, () => 'delivered'),
        ),
      15_000,
    );
    await Promise.all(replicas.map((replica) => replica.stop()));
  });

  it('know an event that comes again', async () => {
    const channel = await addChannel('webhook');
    const message = messageOf('raised', randomUUID());
    await hear(message, message);
    await deliverAfter(0);
    await hear(message);
    await deliverAfter(1_000);
    expect(receiver.posts).toHaveLength(1);
    expect(await rowsOf(channel)).toMatchObject([{ status: 'delivered', attempts: 1 }]);
  });

  // Inventory §7.23
  it('are tried again until they arrive, and say meanwhile why not', async () => {
    const channel = await addChannel('webhook');
    receiver.answer((response) => void response.writeHead(503).end('on holiday'));
    await hear(messageOf('raised', randomUUID()));
    await deliverAfter(0);
    const waiting = { status: 'waiting', reason: 'HTTP 503: on holiday', attempts: 1 };
    expect(await rowsOf(channel)).toMatchObject([waiting]);
    const health = async () =>
      (
        await owner.query(
          `SELECT failures, last_failure, failing_since IS NOT NULL AS failing
             FROM telemetry.notification_channels WHERE id = $1`,
          [channel],
        )
      ).rows[0];
    expect(await health()).toEqual({
      ...{ failures: 1, last_failure: 'HTTP 503: on holiday', failing: true },
    });
    await deliverAfter(4_999);
    expect(receiver.posts).toHaveLength(1);
    receiver.answer(takes);
    await deliverAfter(1);
    expect(await rowsOf(channel)).toMatchObject([{ status: 'delivered', attempts: 2 }]);
    expect(await health()).toEqual({ failures: 0, last_failure: null, failing: false });
    const [first, second] = receiver.posts;
    expect(second?.headers['webhook-id']).toBe(first?.headers['webhook-id']);
  });

  it('are given up after a day, visibly', async () => {
    const channel = await addChannel('webhook');
    await receiver.close();
    await hear(messageOf('raised', randomUUID()));
    await deliverAfter(0);
    await deliverAfter(24 * 3_600_000);
    expect(await rowsOf(channel)).toMatchObject([
      {
        status: 'given-up',
        reason: 'Not delivered within a day. Last: The connection was refused.',
      },
    ]);
  });

  it('are one message when 200 come at once, and one incident that its last end closes', async () => {
    const [people, pager] = [await addChannel('slack'), await addChannel('pagerduty')];
    const ids = Array.from({ length: 200 }, () => randomUUID());
    await hear(...ids.map((id) => messageOf('raised', id)));
    await deliverAfter(1_000);
    expect(receiver.posts).toHaveLength(2);
    const [trigger] = bodies().filter((body) => 'event_action' in body);
    expect(trigger).toMatchObject({
      event_action: 'trigger',
      payload: { summary: '200 alerts at once: 200 raised' },
    });
    expect((await rowsOf(people))[0]).toMatchObject({ status: 'delivered', folded: 200 });
    clock += 1_000;
    await hear(...ids.map((id) => messageOf('resolved', id, { status: 'resolved' })));
    await deliverAfter(1_000);
    const ends = bodies().filter((body) => body.event_action === 'resolve');
    expect(ends).toEqual([
      {
        ...{ routing_key: '0123456789abcdef0123456789abcdef', event_action: 'resolve' },
        dedup_key: trigger.dedup_key,
      },
    ]);
    const states = (await rowsOf(pager)).map(({ status }) => status);
    expect(states.filter((status) => status === 'passed-over')).toHaveLength(199);
    expect(states).not.toContain('waiting');
  });

  it('leave out what is silenced, and do not let an incident stay open for it', async () => {
    const channel = await addChannel('pagerduty');
    const [quiet, loud] = [randomUUID(), randomUUID()];
    await hear(messageOf('raised', quiet, { silenced: true }), messageOf('raised', loud));
    await deliverAfter(1_000);
    await hear(
      messageOf('resolved', quiet, { silenced: true }),
      messageOf('resolved', loud, { silenced: true }),
    );
    await deliverAfter(1_000);
    const told = bodies().map(({ event_action, dedup_key }) => [event_action, dedup_key]);
    expect(told).toEqual([
      ['trigger', `signalbeam:${loud}`],
      ['resolve', `signalbeam:${loud}`],
    ]);
    expect(await rowsOf(channel)).toHaveLength(2);
  });

  // Inventory §7.23
  it('go on at another replica when one dies with a channel in its hands', async () => {
    await addChannel('webhook');
    await hear(messageOf('raised', randomUUID()));
    const { system } = test.platform.pools;
    const dead = await claimChannel(system, new Date(clock), new Date(clock + 90_000));
    expect(dead).not.toBeNull();
    await deliverAfter(89_999);
    expect(receiver.posts).toHaveLength(0);
    await deliverAfter(1);
    expect(receiver.posts).toHaveLength(1);
  });

  it('are kept a month once they ended, and as long as they wait', async () => {
    const channel = await addChannel('webhook');
    await hear(messageOf('raised', randomUUID()));
    await deliverAfter(0);
    const { system } = test.platform.pools;
    await removeOldDeliveries(system, clock + 29 * 86_400_000);
    expect(await rowsOf(channel)).toHaveLength(1);
    receiver.answer((response) => void response.writeHead(503).end());
    await hear(messageOf('raised', randomUUID()));
    await deliverAfter(0);
    await removeOldDeliveries(system, clock + 31 * 86_400_000);
    expect(await rowsOf(channel)).toMatchObject([{ status: 'waiting' }]);
  });

  it('are kept ten thousand for each channel, the newest', async () => {
    const channel = await addChannel('webhook');
    await owner.query(
      `INSERT INTO telemetry.notification_deliveries
         (tenant_id, channel_id, event_id, type, notice, occurred_at, queued_at, status, finished_at)
       SELECT $1, $2, gen_random_uuid(), 'test', '{}', now(), now(), 'delivered', now()
         FROM generate_series(1, 10005)`,
      [tenant.tenantId, channel],
    );
    const positions = async () =>
      (
        await owner.query<{ count: number; least: number }>(
          `SELECT count(*), min(position) AS least FROM telemetry.notification_deliveries
            WHERE channel_id = $1`,
          [channel],
        )
      ).rows[0];
    const before = await positions();
    await removeOldDeliveries(test.platform.pools.system, clock);
    expect(await positions()).toEqual({ count: 10_000, least: (before?.least ?? 0) + 5 });
  });
});
