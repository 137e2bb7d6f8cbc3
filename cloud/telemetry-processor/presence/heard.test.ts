import { randomUUID } from 'node:crypto';
import { heartbeatText } from '@signalbeam/sync/wire/heartbeat';
import { expect, it } from 'vitest';
import type { Directory, KnownDevice } from '../ingest/directory.ts';
import { createHeard } from './heard.ts';

const deviceId = randomUUID();
const tenantKey = `A${'B'.repeat(55)}`;
const known = { deviceId, tenantId: randomUUID(), tenantKey, approved: true } as KnownDevice;

const beat = (nextBeatMs = 30_000) =>
  Buffer.from(JSON.stringify({ v: 1, seq: 1, state: '0'.repeat(16), generation: 0, nextBeatMs }));
const subject = (key = tenantKey, device = deviceId) =>
  `${key}.signalbeam.devices.heartbeat.${device}`;

const directoryOf = (devices: Map<string, KnownDevice | null>): Directory => ({
  peek: (id) => devices.get(id),
  doubt: () => {},
  find: async () => new Map([[deviceId, known]]),
});

it('keeps the newest beat of a device, once per flush', () => {
  let now = 1_000;
  const heard = createHeard({
    directory: directoryOf(new Map([[deviceId, known]])),
    now: () => now,
  });
  expect(heard.hear({ subject: subject(), data: beat() })).toBe(true);
  now = 2_000;
  // As agents write it now; the one before is how they wrote it first.
  const short = { seq: 7, state: '0'.repeat(16), generation: 3, nextBeatMs: 60_000 };
  expect(heard.hear({ subject: subject(), data: Buffer.from(heartbeatText(short)) })).toBe(true);
  const moved = heard.takeMoved();
  expect(moved).toEqual([
    { deviceId, tenantId: known.tenantId, lastSeenAt: 2_000, nextBeatMs: 60_000 },
  ]);
  expect(heard.takeMoved()).toEqual([]);
  expect(heard.moved()).toBe(0);
  heard.keep(moved);
  expect(heard.moved()).toBe(1);
  expect(heard.takeMoved()).toEqual(moved);
});

it('hears nothing under another tenant, of nobody, or malformed', () => {
  const devices = new Map<string, KnownDevice | null>([[deviceId, known]]);
  const heard = createHeard({ directory: directoryOf(devices), now: () => 1 });
  expect(heard.hear({ subject: subject(`A${'C'.repeat(55)}`), data: beat() })).toBe(false);
  expect(heard.hear({ subject: subject(), data: Buffer.from('{}') })).toBe(false);
  expect(heard.hear({ subject: 'nothing', data: beat() })).toBe(false);
  devices.set(deviceId, null);
  expect(heard.hear({ subject: subject(), data: beat() })).toBe(false);
  expect(heard.takeMoved()).toEqual([]);
});

it('remembers when it heard a device that it has yet to look up', async () => {
  let now = 5_000;
  const heard = createHeard({ directory: directoryOf(new Map()), now: () => now });
  heard.hear({ subject: subject(), data: beat() });
  now = 9_000;
  await heard.identify();
  expect(heard.latest(deviceId)?.lastSeenAt).toBe(5_000);
});
