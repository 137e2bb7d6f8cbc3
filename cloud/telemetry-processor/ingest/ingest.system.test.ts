/**
 * Ingest on a real hub and a real Postgres: every row written is stored once, whatever the wire
 * does to the frames, and nothing is acknowledged before it is committed.
 */
import { rm } from 'node:fs/promises';
import '@signalbeam/launcher/rig/provided';
import { jetstream } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import type { Pool } from '@signalbeam/platform/postgres/pool';
import { openTestPlatform, type TestPlatform } from '@signalbeam/platform/rig.suite';
import type { Lane } from '@signalbeam/sync/core/lanes';
import type { Acknowledgement } from '@signalbeam/sync/wire/hello';
import { deviceSubjects } from '@signalbeam/sync/wire/subjects';
import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest';
import { type Background, startBackground } from '../background.ts';
import {
  addDevices,
  addTenant,
  openAck,
  openOwner,
  storedRows,
  type TestTenant,
  writtenRows,
} from '../rig.suite.ts';
import type { VirtualDevice } from '../virtual-device.suite.ts';
import { createIngestFacts, type IngestFacts } from './facts.ts';

const soon = (check: () => unknown) => vi.waitFor(check, 15_000);
let test: TestPlatform;
let owner: Pool;
let tenant: TestTenant;
let background: Background | undefined;
let facts: IngestFacts;
const ending: (() => Promise<unknown>)[] = [];

type Online = { device: VirtualDevice; nc: NatsConnection; acks: Acknowledgement[] };

const goOnline = async (device: VirtualDevice, of = tenant): Promise<Online> => {
  const nc = await device.connect(test.world.hub.url, test.platform.keyring, of.tenantId);
  ending.push(() => nc.close());
  const acks: Acknowledgement[] = [];
  nc.subscribe(deviceSubjects.downAll(device.site, device.deviceId), {
    callback: (_, message) => {
      void openAck(test.platform, of.tenantId, message.data).then((ack) => acks.push(ack));
    },
  });
  await nc.flush();
  return { device, nc, acks };
};

const newDevice = async (): Promise<Online> => {
  const [device] = await addDevices(owner, tenant, 1);
  if (device === undefined) throw new Error('no device was made');
  return goOnline(device);
};

/** Publishes as an agent does and waits for the hub's PubAck. */
const send = (online: Online, lane: Lane, bytes: Uint8Array): Promise<unknown> =>
  online.nc.request(deviceSubjects.lane(lane, online.device.deviceId), bytes, { timeout: 5_000 });

const ackedUpTo = (online: Online, lane: Lane): number => {
  const { epoch } = online.device.laneOf(lane);
  const all = online.acks.flatMap((ack) => ack.lanes);
  return Math.max(-1, ...all.filter((at) => at.epoch === epoch).map((at) => at.upTo));
};

const untilAcked = (online: Online, lane: Lane, upTo: number): Promise<void> =>
  vi.waitFor(() => expect(ackedUpTo(online, lane)).toBe(upTo), { timeout: 20_000 });

const deadLetters = async (deviceId: string): Promise<string[]> => {
  const { rows } = await owner.query<{ code: string }>(
    `SELECT code FROM telemetry.dead_letters WHERE subject LIKE '%' || $1 ORDER BY id`,
    [deviceId],
  );
  return rows.map((row) => row.code);
};

beforeAll(async () => {
  test = await openTestPlatform(inject('postgresUrl'));
  owner = openOwner(test.world.databaseUrl);
  tenant = await addTenant(owner, test.platform);
  facts = createIngestFacts(test.platform.metrics);
  background = await startBackground(test.platform, facts);
});
afterAll(async () => {
  for (const end of ending.toReversed()) await end();
  await background?.stop();
  await owner.end();
  await test.close();
});

const newestReport = async ({ deviceId }: { deviceId: string }) => {
  const text = 'SELECT epoch, seq FROM telemetry.reported WHERE device_id = $1';
  return (await owner.query(text, [deviceId])).rows;
};

describe('frames on the wire', () => {
  it('are stored in each lane and acknowledged with the hash the device has', async () => {
    const online = await newDevice();
    for (const lane of ['metrics', 'events', 'reported'] as const) {
      online.device.write(lane, 7);
      await send(online, lane, online.device.frame(lane, 0, 7));
      await untilAcked(online, lane, 7);
      expect(await storedRows(owner, lane, online.device.deviceId)).toEqual(
        writtenRows(online.device, lane),
      );
    }
    const { epoch, hashes } = online.device.laneOf('metrics');
    const last = online.acks.flatMap((ack) => ack.lanes).find((at) => at.epoch === epoch);
    expect(last).toMatchObject({ lane: 'metrics', upTo: 7, hash: hashes[6] });
    expect(last?.credit).toBeGreaterThan(0);
  });

  it('leave each row once, whatever order, repetition and loss they suffer', async () => {
    const online = await newDevice();
    const { device } = online;
    device.write('metrics', 60);
    device.drop('metrics', 5);
    device.write('metrics', 60);
    const pieces: Uint8Array[] = [];
    for (let from = 0; from < 121; from += 11) {
      pieces.push(device.frame('metrics', from, Math.min(121, from + 11)));
    }
    // Overlapping frames, backwards, twice; then in order, until all is acknowledged.
    const wild = [device.frame('metrics', 3, 40), ...pieces.toReversed(), ...pieces];
    wild.push(device.frame('metrics', 50, 100), device.frame('metrics', 0, 121));
    for (const piece of wild) await send(online, 'metrics', piece);
    await untilAcked(online, 'metrics', 125);
    expect(await storedRows(owner, 'metrics', device.deviceId)).toEqual(
      writtenRows(device, 'metrics').sort((a, b) => Number(a.slice(17)) - Number(b.slice(17))),
    );
    const { rows } = await owner.query(
      'SELECT from_seq, to_seq, reason FROM telemetry.gaps WHERE device_id = $1',
      [device.deviceId],
    );
    expect(rows).toEqual([{ from_seq: 61, to_seq: 65, reason: 'dropped-at-cap' }]);
  });

  it('that start too far on store nothing and are answered with the position', async () => {
    const online = await newDevice();
    online.device.write('events', 9);
    await send(online, 'events', online.device.frame('events', 4, 9));
    await untilAcked(online, 'events', 0);
    expect(await storedRows(owner, 'events', online.device.deviceId)).toEqual([]);
    await send(online, 'events', online.device.frame('events', 0, 9));
    await untilAcked(online, 'events', 9);
  });

  it('of another history store nothing; a new epoch goes on', async () => {
    const online = await newDevice();
    const { device } = online;
    device.write('metrics', 5);
    await send(online, 'metrics', device.frame('metrics', 0, 5));
    await untilAcked(online, 'metrics', 5);
    const before = await storedRows(owner, 'metrics', device.deviceId);
    const lane = device.laneOf('metrics');
    lane.hashes[4] = 'f'.repeat(32);
    device.write('metrics', 3);
    await send(online, 'metrics', device.frame('metrics', 5, 8));
    await soon(() => expect(online.acks.length).toBeGreaterThan(1));
    expect(await storedRows(owner, 'metrics', device.deviceId)).toEqual(before);
    device.open('metrics');
    device.write('metrics', 4);
    await send(online, 'metrics', device.frame('metrics', 0, 4));
    await untilAcked(online, 'metrics', 4);
    expect(await storedRows(owner, 'metrics', device.deviceId)).toHaveLength(9);
  });

  it('keep the newest report of the newest epoch', async () => {
    const online = await newDevice();
    const { device } = online;
    device.write('reported', 6);
    const old = device.laneOf('reported');
    const stale = device.frame('reported', 3, 6);
    await send(online, 'reported', device.frame('reported', 0, 3));
    device.open('reported');
    device.write('reported', 2);
    await send(online, 'reported', device.frame('reported', 0, 2));
    await untilAcked(online, 'reported', 2);
    await send(online, 'reported', stale);
    await soon(() =>
      expect(online.acks.flatMap((ack) => ack.lanes)).toContainEqual(
        expect.objectContaining({ epoch: old.epoch, upTo: 6 }),
      ),
    );
    const { epoch } = device.laneOf('reported');
    expect(await newestReport(device)).toEqual([{ epoch, seq: 2 }]);
  });

  it('keep the report of an older epoch once the device greets from it again', async () => {
    const online = await newDevice();
    const { device, nc } = online;
    device.write('reported', 3);
    const back = { ...device.laneOf('reported') };
    await send(online, 'reported', device.frame('reported', 0, 3));
    device.open('reported');
    device.write('reported', 2);
    await send(online, 'reported', device.frame('reported', 0, 2));
    await untilAcked(online, 'reported', 2);
    Object.assign(device.laneOf('reported'), back);
    const subject = deviceSubjects.hello(device.site, device.deviceId);
    await nc.request(subject, device.hello('nonce-of-a-copy'), { timeout: 5_000 });
    // It may have nothing new to say: what it said there last counts again, and others hear of it.
    expect(await newestReport(device)).toEqual([{ epoch: back.epoch, seq: 3 }]);
    const told = `SELECT data ->> 'seq' AS seq FROM platform.domain_events
      WHERE type = 'device.reported' AND data ->> 'deviceId' = $1 ORDER BY position DESC LIMIT 1`;
    expect((await owner.query(told, [device.deviceId])).rows).toEqual([{ seq: '3' }]);
    device.write('reported', 1);
    await send(online, 'reported', device.frame('reported', 3, 4));
    await untilAcked(online, 'reported', 4);
    expect(await newestReport(device)).toEqual([{ epoch: back.epoch, seq: 4 }]);
  });
});

describe('what does not fit', () => {
  it('is set aside row by row, and its lane goes on', async () => {
    const online = await newDevice();
    const { device } = online;
    device.write('events', 2);
    device.writeRaw('events', (seq) =>
      JSON.stringify({ seq, at: 1, body: { type: 'unheard-of' } }),
    );
    device.writeRaw('events', () => 'not JSON');
    device.writeRaw('events', (seq) => JSON.stringify({ seq: seq + 7, at: 1, body: {} }));
    device.writeRaw('events', (seq) =>
      JSON.stringify({
        seq,
        at: 1,
        body: { type: 'link-up', severity: 'info', message: 'a\u0000b \ud800', data: {} },
      }),
    );
    device.writeRaw('events', (seq) => JSON.stringify({ seq, at: 1, body: 'x'.repeat(9_000) }));
    device.write('events', 2);
    await send(online, 'events', device.frame('events', 0, 9));
    await untilAcked(online, 'events', 9);
    const { epoch } = device.laneOf('events');
    expect(await storedRows(owner, 'events', device.deviceId)).toEqual(
      [1, 2, 8, 9].map((seq) => `${epoch}/${seq}`),
    );
    expect(await deadLetters(device.deviceId)).toEqual(Array(5).fill('row-refused'));
    const { rows } = await owner.query(
      'SELECT from_seq, reason FROM telemetry.gaps WHERE device_id = $1 ORDER BY from_seq',
      [device.deviceId],
    );
    expect(rows).toEqual([3, 4, 5, 6, 7].map((from_seq) => ({ from_seq, reason: 'refused' })));
  });

  it('takes any time a clock may show', async () => {
    const online = await newDevice();
    for (const at of [0, 8_640_000_000_000_000]) {
      online.device.writeRaw('events', (seq) =>
        JSON.stringify({
          seq,
          at,
          body: { type: 'link-up', severity: 'info', message: '', data: {} },
        }),
      );
      online.device.write('metrics', 1, at + (at === 0 ? 1_000 : 0));
    }
    await send(online, 'events', online.device.frame('events', 0, 2));
    await send(online, 'metrics', online.device.frame('metrics', 0, 2));
    await untilAcked(online, 'events', 2);
    await untilAcked(online, 'metrics', 2);
    expect(await deadLetters(online.device.deviceId)).toEqual([]);
  });

  it('is refused whole when its signature, sender, lane or size is wrong', async () => {
    const [mine, other] = [await newDevice(), await newDevice()];
    const foreign = await addTenant(owner, test.platform);
    const [stranger] = await addDevices(owner, foreign, 1);
    if (stranger === undefined) throw new Error('no device was made');
    const { device } = mine;
    device.write('metrics', 3);
    device.write('events', 3);
    const good = device.frame('metrics', 0, 3);
    const js = jetstream(test.platform.cloud.connection);
    const subject = `${tenant.tenantKey}.signalbeam.telemetry.metrics`;
    // Straight into CLOUD, as a gateway's credentials or a broker gone bad could.
    await js.publish(
      `${subject}.${device.deviceId}`,
      device.frame('metrics', 0, 3, other.device.signer),
    );
    await js.publish(`${subject}.${device.deviceId}`, device.frame('events', 0, 3));
    await js.publish(`${subject}.${device.deviceId}`, new Uint8Array(20_000));
    await js.publish(`${subject}.${device.deviceId}`, 'no frame at all');
    await js.publish(`${subject}.${other.device.deviceId}`, good);
    await js.publish(`${subject}.${stranger.deviceId}`, good);
    await js.publish(`${subject}.nobody`, good);
    await vi.waitFor(
      async () => {
        expect((await deadLetters(device.deviceId)).sort()).toEqual([
          'frame-bad-signature',
          'frame-malformed',
          'frame-too-large',
          'frame-wrong-subject',
        ]);
        expect(await deadLetters(other.device.deviceId)).toEqual(['frame-bad-signature']);
        expect(await deadLetters(stranger.deviceId)).toEqual(['frame-foreign-tenant']);
        expect(await deadLetters('nobody')).toEqual(['device-unknown']);
      },
      { timeout: 20_000 },
    );
    expect(mine.acks).toEqual([]);
    expect(await storedRows(owner, 'metrics', device.deviceId)).toEqual([]);
    await send(mine, 'metrics', good);
    await untilAcked(mine, 'metrics', 3);
  });

  it('is refused of a device that is no longer approved', async () => {
    const [device] = await addDevices(owner, tenant, 1);
    if (device === undefined) throw new Error('no device was made');
    const online = await goOnline(device);
    await owner.query(`UPDATE device_manager.devices SET status = 'rejected' WHERE id = $1`, [
      device.deviceId,
    ]);
    device.write('events', 1);
    await send(online, 'events', device.frame('events', 0, 1));
    await soon(async () =>
      expect(await deadLetters(device.deviceId)).toEqual(['device-not-approved']),
    );
    expect(online.acks).toEqual([]);
  });

  it('unpacks to nothing that is too large', async () => {
    const online = await newDevice();
    const { device } = online;
    const line = JSON.stringify({ seq: 1, at: 1, body: 'a'.repeat(600_000) });
    device.writeRaw('events', () => line);
    const bomb = device.frame('events', 0, 1);
    expect(bomb.byteLength).toBeLessThan(2_000);
    await send(online, 'events', bomb);
    await soon(async () => expect(await deadLetters(device.deviceId)).toEqual(['frame-malformed']));
  });
});

describe('when parts fail', () => {
  it('stores each row once though the consumer stops between commit and acknowledgement', async () => {
    const online = await newDevice();
    const { device } = online;
    device.write('metrics', 400);
    let restarts = 0;
    // As an agent does: on from the acknowledged position, again and again, while ingest dies.
    await vi.waitFor(
      async () => {
        const from = Math.max(0, ackedUpTo(online, 'metrics'));
        for (let next = from; next < Math.min(400, from + 100); next += 10) {
          await send(online, 'metrics', device.frame('metrics', next, next + 10));
        }
        if (restarts < 4) {
          restarts += 1;
          await background?.stop();
          background = await startBackground(test.platform, facts);
        }
        expect(ackedUpTo(online, 'metrics')).toBe(400);
      },
      { timeout: 60_000, interval: 200 },
    );
    // The same messages once more, as a broker that lost its acknowledgements delivers them.
    const { jsm } = test.platform.cloud;
    await background?.stop();
    await jsm.consumers.delete('UP', 'ingest');
    background = await startBackground(test.platform, facts);
    device.write('metrics', 10);
    await send(online, 'metrics', device.frame('metrics', 400, 410));
    await untilAcked(online, 'metrics', 410);
    expect(await storedRows(owner, 'metrics', device.deviceId)).toEqual(
      writtenRows(device, 'metrics'),
    );
  });

  it('loses nothing that it acknowledged when the hub loses its folder', async () => {
    const online = await newDevice();
    const { device } = online;
    device.write('events', 40);
    await send(online, 'events', device.frame('events', 0, 20));
    await untilAcked(online, 'events', 20);
    await background?.stop();
    await send(online, 'events', device.frame('events', 20, 40));
    await test.world.hub.kill();
    await rm(test.world.hub.storeDir, { recursive: true, force: true });
    await test.world.hub.start();
    background = await startBackground(test.platform, facts);
    // The welcome tells the device what is missing; it sends that again.
    const welcome = await vi.waitFor(
      () =>
        online.nc.request(
          deviceSubjects.hello(device.site, device.deviceId),
          device.hello('nonce-after-loss'),
          { timeout: 1_000 },
        ),
      { timeout: 30_000 },
    );
    const payload = Buffer.from(welcome.json<{ payload: string }>().payload, 'base64').toString();
    expect(JSON.parse(payload)).toMatchObject({ nonce: 'nonce-after-loss', lanes: [{ upTo: 20 }] });
    await vi.waitFor(() => send(online, 'events', device.frame('events', 20, 40)), {
      timeout: 30_000,
    });
    await untilAcked(online, 'events', 40);
    expect(await storedRows(owner, 'events', device.deviceId)).toEqual(
      writtenRows(device, 'events'),
    );
  });
});
