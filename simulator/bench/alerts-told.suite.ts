/**
 * From cause to receiver: devices that go hot and devices that fall silent, one after another, and
 * when a webhook on this host had the alert. Rules wait for nothing here, so what is timed is ours:
 * ingest, the look, the event, the queue and the post.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { connectAs } from '@signalbeam/platform/nats/connect';
import { heartbeatText } from '@signalbeam/sync/wire/heartbeat';
import { deviceSubjects } from '@signalbeam/sync/wire/subjects';
import { openHttpReceiver } from '@signalbeam/telemetry-processor/notify/receivers.suite';
import { addDevices, addTenant, signIn } from '@signalbeam/telemetry-processor/rig.suite';
import type { VirtualDevice } from '@signalbeam/telemetry-processor/virtual-device.suite';
import { type BenchCloud, quantile, rounded } from './cloud.suite.ts';

/** Not in step with anything that looks every so many seconds. */
const betweenCausesMs = 730;
const toldTimeoutMs = 120_000;
const beatMs = 1_000;
const missedBeats = 3;

const operate = async ({ owner, test, url }: BenchCloud) => {
  const tenant = await addTenant(owner, test.platform);
  const { token } = await signIn(owner, test.platform, tenant, 'admin');
  const ask = async (method: string, path: string, wish: unknown): Promise<void> => {
    const reply = await fetch(url + path, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify(wish),
    });
    if (!reply.ok) throw new Error(`${path}: ${reply.status} ${await reply.text()}`);
  };
  return { tenant, ask };
};

/** When each device's alert was in hand, by the alert's type and the device. */
const openEar = async () => {
  const receiver = await openHttpReceiver();
  const heardAt = new Map<string, number>();
  receiver.answer((response, { body }) => {
    const at = performance.now();
    const { events } = JSON.parse(body) as {
      events: { type: string; data: { type: string; deviceId: string } }[];
    };
    for (const { type, data } of events) {
      const name = `${data.type} ${data.deviceId}`;
      if (type === 'alert.raised' && !heardAt.has(name)) heardAt.set(name, at);
    }
    response.end('ok');
  });
  return { receiver, heardAt };
};

const until = async (what: string, isDone: () => Promise<boolean> | boolean): Promise<void> => {
  const end = performance.now() + toldTimeoutMs;
  while (!(await isDone())) {
    if (performance.now() > end) throw new Error(`${what}: not within ${toldTimeoutMs} ms`);
    await sleep(100);
  }
};

const hotSample = (seq: number): string =>
  JSON.stringify({
    seq,
    at: Date.now(),
    body: {
      ...{ cpuPercent: 99, memoryPercent: 10, memoryUsedBytes: 1, diskPercent: 10 },
      ...{ diskUsedBytes: 1, networkReceivedBytes: 1, networkSentBytes: 1, loadAverage: 1 },
      ...{ temperatureCelsius: 20, uptimeSeconds: 1 },
    },
  });

const figuresOf = (name: string, tookMs: readonly number[]): Record<string, number> => ({
  [`${name}ToldP50Ms`]: rounded(quantile(tookMs, 0.5), 0),
  [`${name}ToldP99Ms`]: rounded(quantile(tookMs, 0.99), 0),
});

export const tellAll = async (cloud: BenchCloud, causes: number) => {
  const { owner, test } = cloud;
  const { tenant, ask } = await operate(cloud);
  const { receiver, heardAt } = await openEar();
  const settings = { url: receiver.url };
  await ask('POST', '/api/notification-channels', { kind: 'webhook', name: 'bench', settings });
  for (const rule of ['high-cpu', 'device-offline']) {
    await ask('PATCH', `/api/alert-rules/${rule}`, { forSeconds: 0 });
  }
  const devices = await addDevices(owner, tenant, causes * 2 + 1, 'plant-1');
  const [hot, silent] = [devices.slice(0, causes), devices.slice(causes, causes * 2)];
  const { account } = await test.platform.keyring.tenant(tenant.tenantId);
  const connection = await connectAs(test.world.hub.url, account, 'site');
  const beat = ({ deviceId }: VirtualDevice, nextBeatMs: number): void => {
    const said = { seq: 1, state: '0123456789abcdef', generation: 0, nextBeatMs };
    connection.publish(deviceSubjects.heartbeat(deviceId), heartbeatText(said));
  };
  for (const device of devices) beat(device, 600_000);
  await until('all online', async () => {
    const { rows } = await owner.query<{ online: number }>(
      `SELECT count(*) AS online FROM telemetry.presence
        WHERE tenant_id = $1 AND presence = 'online'`,
      [tenant.tenantId],
    );
    return rows[0]?.online === devices.length;
  });
  const causedAt = new Map<string, number>();
  for (const device of hot) {
    device.writeRaw('metrics', hotSample);
    causedAt.set(`high-cpu ${device.deviceId}`, performance.now());
    const subject = deviceSubjects.lane('metrics', device.deviceId);
    await connection.request(subject, device.frame('metrics', 0, 1), { timeout: 30_000 });
    await sleep(betweenCausesMs);
  }
  for (const device of silent) {
    beat(device, beatMs);
    // The cause is that the third announced beat does not come.
    const silentFrom = performance.now() + beatMs * missedBeats;
    causedAt.set(`device-offline ${device.deviceId}`, silentFrom);
    await sleep(betweenCausesMs);
  }
  await until('all told', () => [...causedAt.keys()].every((name) => heardAt.has(name)));
  await connection.close();
  await receiver.close();
  const took = (type: string): number[] =>
    [...causedAt]
      .filter(([name]) => name.startsWith(type))
      .map(([name, at]) => (heardAt.get(name) ?? Number.NaN) - at);
  return {
    causes,
    ...figuresOf('hot', took('high-cpu')),
    ...figuresOf('silent', took('device-offline')),
  };
};
