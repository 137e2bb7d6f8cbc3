/**
 * Rows that the database refuses though they are as described, on a real hub and a real Postgres: they become
 * letters and their lane goes on. What it refuses for now only is waited for.
 */
import '@signalbeam/launcher/rig/provided';
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
} from '../rig.suite.ts';
import type { VirtualDevice } from '../virtual-device.suite.ts';
import { createIngestFacts } from './facts.ts';

let test: TestPlatform;
let owner: Pool;
let tenant: TestTenant;
let background: Background;
const ending: (() => Promise<unknown>)[] = [];

type Online = { device: VirtualDevice; nc: NatsConnection; acks: Acknowledgement[] };

beforeAll(async () => {
  test = await openTestPlatform(inject('postgresUrl'));
  owner = openOwner(test.world.databaseUrl);
  tenant = await addTenant(owner, test.platform);
  background = await startBackground(test.platform, createIngestFacts(test.platform.metrics));
});
afterAll(async () => {
  for (const end of ending.toReversed()) await end();
  await background?.stop();
  await owner?.end();
  await test?.close();
});

const newDevice = async (): Promise<Online> => {
  const [device] = await addDevices(owner, tenant, 1);
  if (device === undefined) throw new Error('no device was made');
  const nc = await device.connect(test.world.hub.url, test.platform.keyring, tenant.tenantId);
  ending.push(() => nc.close());
  const acks: Acknowledgement[] = [];
  nc.subscribe(deviceSubjects.downAll(device.site, device.deviceId), {
    callback: (_, message) => {
      void openAck(test.platform, tenant.tenantId, message.data).then((ack) => acks.push(ack));
    },
  });
  await nc.flush();
  return { device, nc, acks };
};

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

const event = (seq: number, message: string): string =>
  JSON.stringify({ seq, at: 1, body: { type: 'link-up', severity: 'info', message, data: {} } });
const storedEvents = (online: Online, seqs: readonly number[]): Promise<void> =>
  vi.waitFor(
    async () => {
      const { epoch } = online.device.laneOf('events');
      expect(await storedRows(owner, 'events', online.device.deviceId)).toEqual(
        seqs.map((seq) => `${epoch}/${seq}`),
      );
    },
    { timeout: 20_000 },
  );
const counted = async (name: string, code?: string): Promise<number> => {
  const metric = await test.platform.metrics.registry.getSingleMetric(name)?.get();
  return metric?.values.find(({ labels }) => labels['code'] === code)?.value ?? 0;
};
const rowsNotStorable = () => counted('signalbeam_ingest_refused_total', 'row-not-storable');
const failures = () => counted('signalbeam_ingest_commit_failures_total');

describe('a row', () => {
  it('names in its letter what Postgres keeps in no text, and its lane goes on', async () => {
    const online = await newDevice();
    const { device } = online;
    device.writeRaw('events', (seq) =>
      JSON.stringify({ ...JSON.parse(event(seq, '')), 'a\u0000b': 1 }),
    );
    device.writeRaw('events', (seq) => event(seq, 'after it'));
    await send(online, 'events', device.frame('events', 0, 2));
    await untilAcked(online, 'events', 2);
    await storedEvents(online, [2]);
    expect(await deadLetters(device.deviceId)).toEqual(['row-refused']);
    // Nor does a line that spoils its whole frame end ingest.
    device.writeRaw('events', () => '{"gap":{"from":3,"to":3,"a\\u0000b":1}}');
    await send(online, 'events', device.frame('events', 2, 3));
    await vi.waitFor(async () => {
      expect(await deadLetters(device.deviceId)).toEqual(['row-refused', 'frame-malformed']);
    }, 20_000);
  });

  it('is set aside, too, where only the database refuses it, and its lane goes on', async () => {
    await owner.query(
      `ALTER TABLE telemetry.events ADD CONSTRAINT nobody_keeps CHECK (message <> 'nobody keeps it')`,
    );
    const [online, other] = [await newDevice(), await newDevice()];
    const { device } = online;
    for (let seq = 1; seq <= 20; seq += 1)
      device.writeRaw('events', (at) => event(at, at % 7 === 0 ? 'nobody keeps it' : 'kept'));
    device.drop('events', 2);
    other.device.write('events', 3);
    await send(online, 'events', device.frame('events', 0, 21));
    await send(other, 'events', other.device.frame('events', 0, 3));
    await untilAcked(online, 'events', 22);
    await untilAcked(other, 'events', 3);
    await storedEvents(online, [1, 2, 3, 4, 5, 6, 8, 9, 10, 11, 12, 13, 15, 16, 17, 18, 19, 20]);
    const { rows } = await owner.query(
      `SELECT seq, code, convert_from(payload, 'UTF8') AS text, reason
         FROM telemetry.dead_letters WHERE device_id = $1 ORDER BY seq`,
      [device.deviceId],
    );
    expect(rows).toEqual(
      [7, 14].map((seq) => ({
        ...{ seq, code: 'row-not-storable', text: event(seq, 'nobody keeps it') },
        reason: expect.stringContaining('nobody_keeps'),
      })),
    );
    const { rows: gaps } = await owner.query(
      'SELECT from_seq, to_seq, reason FROM telemetry.gaps WHERE device_id = $1 ORDER BY from_seq',
      [device.deviceId],
    );
    expect(gaps).toEqual([
      { from_seq: 7, to_seq: 7, reason: 'refused' },
      { from_seq: 14, to_seq: 14, reason: 'refused' },
      { from_seq: 21, to_seq: 22, reason: 'dropped-at-cap' },
    ]);
    expect(await rowsNotStorable()).toBe(2);
    // A frame full of them costs no more attempts than some of them would: the rest goes at once.
    for (let seq = 0; seq < 30; seq += 1)
      device.writeRaw('events', (at) => event(at, 'nobody keeps it'));
    device.writeRaw('events', (at) => event(at, 'the last'));
    await send(online, 'events', device.frame('events', 21, 51));
    await send(online, 'events', device.frame('events', 51, 52));
    await untilAcked(online, 'events', 53);
    expect(await rowsNotStorable()).toBe(32);
    await owner.query('ALTER TABLE telemetry.events DROP CONSTRAINT nobody_keeps');
  });

  it('waits where the database refuses it for now only', async () => {
    const online = await newDevice();
    const { device } = online;
    for (const state of ['40001', '40P01', '53100', '57014']) {
      await owner.query(`
        CREATE OR REPLACE FUNCTION telemetry.not_now() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'not now' USING ERRCODE = '${state}'; END $$;
        CREATE TRIGGER not_now BEFORE INSERT ON telemetry.events FOR EACH ROW
          WHEN (NEW.message = 'later') EXECUTE FUNCTION telemetry.not_now()`);
      device.writeRaw('events', (seq) => event(seq, 'later'));
      const seq = device.laneOf('events').lines.length;
      const before = await failures();
      await send(online, 'events', device.frame('events', seq - 1, seq));
      await vi.waitFor(async () => expect(await failures()).toBeGreaterThan(before + 1), 20_000);
      expect(ackedUpTo(online, 'events')).toBe(seq === 1 ? -1 : seq - 1);
      await owner.query('DROP TRIGGER not_now ON telemetry.events');
      await untilAcked(online, 'events', seq);
    }
    expect(await deadLetters(device.deviceId)).toEqual([]);
    await storedEvents(online, [1, 2, 3, 4]);
  });
});
