/**
 * Frames as somebody hostile would send them: real ones changed on the way, and ones that a device
 * signed though they are wrong. Each ends among the dead letters with its code and moves nothing:
 * no row, no watermark, no gap, no acknowledgement; the untouched frame is taken afterwards.
 */
import '@signalbeam/launcher/rig/provided';
import { jetstream } from '@nats-io/jetstream';
import type { Pool } from '@signalbeam/platform/postgres/pool';
import { openTestPlatform, type TestPlatform } from '@signalbeam/platform/rig.suite';
import { chainStart } from '@signalbeam/sync/core/lanes';
import { heartbeatBytesMax } from '@signalbeam/sync/core/limits';
import { type FrameHeader, packFrame } from '@signalbeam/sync/wire/frame';
import { heartbeatSchema, heartbeatText } from '@signalbeam/sync/wire/heartbeat';
import { parseJson } from '@signalbeam/sync/wire/shape';
import { deviceSubjects } from '@signalbeam/sync/wire/subjects';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, inject, it, vi } from 'vitest';
import { type Background, startBackground } from '../background.ts';
import { addDevices, addTenant, openOwner, storedRows, type TestTenant } from '../rig.suite.ts';
import type { VirtualDevice } from '../virtual-device.suite.ts';
import { createIngestFacts } from './facts.ts';

/** Below the letters that one subject may leave in a minute. */
const mutantCount = 15;

let test: TestPlatform;
let owner: Pool;
let tenant: TestTenant;
let background: Background;

beforeAll(async () => {
  test = await openTestPlatform(inject('postgresUrl'));
  owner = openOwner(test.world.databaseUrl);
  tenant = await addTenant(owner, test.platform);
  background = await startBackground(test.platform, createIngestFacts(test.platform.metrics));
});
afterAll(async () => {
  await background?.stop();
  await owner?.end();
  await test?.close();
});

const newDevice = async (): Promise<VirtualDevice> => {
  const [device] = await addDevices(owner, tenant, 1);
  if (device === undefined) throw new Error('no device was made');
  return device;
};

/** Straight into CLOUD, as a broker gone bad could; in order. */
const publish = async (device: VirtualDevice, frames: readonly Uint8Array[]): Promise<void> => {
  const js = jetstream(test.platform.cloud.connection);
  const subject = `${tenant.tenantKey}.${deviceSubjects.lane('metrics', device.deviceId)}`;
  for (const frame of frames) await js.publish(subject, frame);
};

const lettersOf = async ({ deviceId }: VirtualDevice): Promise<string[]> => {
  const { rows } = await owner.query<{ code: string }>(
    `SELECT code FROM telemetry.dead_letters WHERE subject LIKE '%' || $1 ORDER BY id`,
    [deviceId],
  );
  return rows.map(({ code }) => code);
};

/** Everything that a taken frame would have moved. */
const movedBy = async ({ deviceId }: VirtualDevice): Promise<number> => {
  const tables = ['watermarks', 'metrics', 'events', 'reported_history', 'gaps'];
  const counts = tables.map(
    (name) => `(SELECT count(*) FROM telemetry.${name} WHERE device_id = $1)`,
  );
  const { rows } = await owner.query<{ moved: string }>(`SELECT ${counts.join(' + ')} AS moved`, [
    deviceId,
  ]);
  return Number(rows[0]?.moved);
};

/** As Prometheus reads it from /metrics. */
const refusedOn = async (name: string) => {
  const metric = await test.platform.metrics.registry.getSingleMetric(name)?.get();
  return (metric?.values ?? []) as { value: number; labels: Record<string, string> }[];
};

const isHeartbeat = (bytes: Uint8Array): boolean =>
  parseJson(bytes, heartbeatSchema, heartbeatBytesMax).kind === 'parsed';

const untilTaken = (device: VirtualDevice, count: number): Promise<void> =>
  vi.waitFor(async () => {
    expect(await storedRows(owner, 'metrics', device.deviceId)).toHaveLength(count);
  }, 20_000);

const mutants = (frame: Uint8Array): fc.Arbitrary<Uint8Array> =>
  fc.oneof(
    fc.tuple(fc.nat(frame.byteLength - 1), fc.integer({ min: 1, max: 255 })).map(([at, by]) => {
      const changed = Uint8Array.from(frame);
      changed[at] = (changed[at] ?? 0) ^ by;
      return changed;
    }),
    fc.nat(frame.byteLength - 1).map((length) => frame.slice(0, length)),
    fc
      .uint8Array({ minLength: 1, maxLength: 64 })
      .map((more) => Uint8Array.from([...frame, ...more])),
    fc
      .tuple(fc.nat(frame.byteLength - 2), fc.uint8Array({ minLength: 1, maxLength: 8 }))
      .map(([at, more]) => Uint8Array.from([...frame.slice(0, at), ...more, ...frame.slice(at)])),
  );

it('real frames that were changed on the way are set aside and move nothing', async () => {
  const device = await newDevice();
  device.write('metrics', 3);
  const good = device.frame('metrics', 0, 3);
  const changed = fc
    .sample(mutants(good), mutantCount * 2)
    .filter((mutant) => mutant.byteLength > 0 && !Buffer.from(mutant).equals(Buffer.from(good)));
  const distinct = [
    ...new Map(changed.map((one) => [Buffer.from(one).toString('hex'), one])).values(),
  ];
  const sent = distinct.slice(0, mutantCount);
  await publish(device, sent);
  await vi.waitFor(async () => expect(await lettersOf(device)).toHaveLength(sent.length), 20_000);
  for (const code of await lettersOf(device)) {
    expect(['frame-bad-signature', 'frame-malformed', 'frame-too-large']).toContain(code);
  }
  expect(await movedBy(device)).toBe(0);
  await publish(device, [good]);
  await untilTaken(device, 3);
  // On /metrics, by reason: as many as were set aside.
  const counted = await refusedOn('signalbeam_ingest_refused_total');
  expect(counted.reduce((sum, { value }) => sum + value, 0)).toBe(sent.length);
});

it('heartbeats and hellos that are none are counted, and move nothing', async () => {
  const device = await newDevice();
  const { connection } = test.platform.cloud;
  const subject = `${tenant.tenantKey}.${deviceSubjects.heartbeat(device.deviceId)}`;
  const beat = Buffer.from(
    heartbeatText({ seq: 1, state: '0'.repeat(16), generation: 0, nextBeatMs: 60_000 }),
  );
  const garbage = fc.sample(mutants(beat), 30).filter((bytes) => !isHeartbeat(bytes));
  for (const bytes of garbage) connection.publish(subject, bytes);
  await vi.waitFor(async () => {
    const counted = await refusedOn('signalbeam_ingest_refused_total');
    const ofBeats = counted.find(({ labels }) => labels['code'] === 'heartbeat-refused');
    expect(ofBeats?.value).toBe(garbage.length);
  }, 20_000);
  expect(background.heard.latest(device.deviceId)).toBeUndefined();
  const hello = `${tenant.tenantKey}.${deviceSubjects.hello('plant-7', device.deviceId)}`;
  for (const bytes of fc.sample(fc.uint8Array({ maxLength: 200 }), 10)) {
    connection.publish(hello, bytes, { reply: '_INBOX.nobody' });
  }
  await vi.waitFor(async () => {
    const outcomes = await refusedOn('signalbeam_ingest_hellos_total');
    expect(outcomes.find(({ labels }) => labels['outcome'] === 'refused')?.value).toBe(10);
  }, 20_000);
});

it('frames that the device signed though they are wrong are set aside and move nothing', async () => {
  const [device, other] = [await newDevice(), await newDevice()];
  device.write('metrics', 2);
  const { epoch, lines } = device.laneOf('metrics');
  const header: FrameHeader = {
    ...{ device: device.deviceId, lane: 'metrics', epoch, firstSeq: 1, lastSeq: 2 },
    ...{ before: chainStart, rows: 2, sentAt: 1_700_000_000_000 },
  };
  const packed = (more: object, content: readonly string[] = lines): Uint8Array =>
    packFrame({ header: { ...header, ...more }, lines: [...content] }, device.signer);
  const wrong: [string, Uint8Array, string][] = [
    ['an unknown field', packed({ colour: 'red' }), 'frame-bad-header'],
    ['a wrong type', packed({ firstSeq: 'one' }), 'frame-bad-header'],
    ['a negative sequence', packed({ firstSeq: -1 }), 'frame-bad-header'],
    ['an epoch that is none', packed({ epoch: 'now' }), 'frame-bad-header'],
    ['a lane that is none', packed({ lane: 'secrets' }), 'frame-bad-header'],
    ["another device's id", packed({ device: other.deviceId }), 'frame-wrong-subject'],
    ['another lane than its subject', packed({ lane: 'events' }), 'frame-wrong-subject'],
    ['an end that is not its own', packed({ lastSeq: 7 }), 'frame-malformed'],
    ['a gap that is unreadable', packed({}, ['{"gap":1}', lines[1] ?? '']), 'frame-malformed'],
  ];
  for (const [what, frame, code] of wrong) {
    const before = await lettersOf(device);
    await publish(device, [frame]);
    await vi.waitFor(
      async () => expect(await lettersOf(device), what).toHaveLength(before.length + 1),
      15_000,
    );
    expect((await lettersOf(device)).at(-1), what).toBe(code);
    expect(await movedBy(device), what).toBe(0);
  }
  expect(await movedBy(other)).toBe(0);
  await publish(device, [packed({})]);
  await untilTaken(device, 2);
});

it('a row with an unknown field or a wrong type is set aside alone', async () => {
  const device = await newDevice();
  device.write('metrics', 1);
  const good = JSON.parse(device.laneOf('metrics').lines[0] ?? '{}');
  device.writeRaw('metrics', (seq) => JSON.stringify({ ...good, seq, colour: 'red' }));
  device.writeRaw('metrics', (seq) =>
    JSON.stringify({ ...good, seq, body: { ...good.body, cpuPercent: 'much' } }),
  );
  device.write('metrics', 1);
  await publish(device, [device.frame('metrics', 0, 4)]);
  await untilTaken(device, 2);
  await vi.waitFor(
    async () => expect(await lettersOf(device)).toEqual(['row-refused', 'row-refused']),
    15_000,
  );
});

it('a hello is answered only when the device signed it', async () => {
  const [mine, other] = [await newDevice(), await newDevice()];
  const { platform, world } = test;
  const nc = await mine.connect(world.hub.url, platform.keyring, tenant.tenantId);
  mine.write('metrics', 2);
  const subject = deviceSubjects.hello(mine.site, mine.deviceId);
  const ask = (bytes: Uint8Array) => nc.request(subject, bytes, { timeout: 600 });
  await expect(ask(mine.hello('nonce-1234', other.signer))).rejects.toThrow();
  await expect(ask(other.hello('nonce-1234'))).rejects.toThrow();
  await expect(ask(Buffer.from('hello?'))).rejects.toThrow();
  const welcome = await ask(mine.hello('nonce-1234'));
  const payload = Buffer.from(welcome.json<{ payload: string }>().payload, 'base64').toString();
  expect(JSON.parse(payload)).toMatchObject({
    device: mine.deviceId,
    nonce: 'nonce-1234',
    lanes: [{ lane: 'metrics', upTo: 0, hash: '0'.repeat(32) }],
  });
  await nc.close();
});
