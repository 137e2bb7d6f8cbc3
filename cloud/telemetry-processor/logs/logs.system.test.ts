/**
 * Looking at a device's log over the real hub and Postgres, with a device that behaves, one that does
 * not, and one that is not there. The agent's part is tried where engines are (edge/agent).
 */
import '@signalbeam/launcher/rig/provided';
import { randomUUID } from 'node:crypto';
import type { NatsConnection } from '@nats-io/transport-node';
import { serviceTokens } from '@signalbeam/platform/identity/secret-tokens';
import { openTestPlatform, type TestPlatform } from '@signalbeam/platform/rig.suite';
import type { Service } from '@signalbeam/platform/service';
import type { LogEntry } from '@signalbeam/sync/core/log-session';
import { createSeed, type Signer, signerFromSeed } from '@signalbeam/sync/wire/keys';
import { type LogPiece, packLogPiece } from '@signalbeam/sync/wire/log-piece';
import type { Command } from '@signalbeam/sync/wire/record-schemas';
import { openCommand } from '@signalbeam/sync/wire/records';
import { deviceSubjects } from '@signalbeam/sync/wire/subjects';
import { afterAll, beforeAll, expect, inject, it, vi } from 'vitest';
import { addDevices, addTenant, openOwner, signIn, type TestTenant } from '../rig.suite.ts';
import { createService } from '../service.ts';
import type { VirtualDevice } from '../virtual-device.suite.ts';
import { mayStillLook } from './may-still.ts';

let test: TestPlatform;
let owner: ReturnType<typeof openOwner>;
let service: Service;
let tenant: TestTenant;
let device: VirtualDevice;
let away: VirtualDevice;
let nc: NatsConnection;
let operator: string;
const commands: Command[] = [];

type Told = {
  event: string;
  data: {
    entries?: { text?: string; leftOut?: number; note?: string; output?: string }[];
    reason?: string;
    says?: string;
    lastFailure?: { lines: string[] } | null;
  };
};

const look = async (of: VirtualDevice, query = '', token = operator) => {
  const leave = new AbortController();
  const path = `/api/devices/${of.deviceId}/logs?container=web${query}`;
  const response = await service.app.request(path, {
    headers: { authorization: `Bearer ${token}` },
    signal: leave.signal,
  });
  const told: Told[] = [];
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  const reading = (async () => {
    if (response.status !== 200) return;
    for (;;) {
      const { done, value } = (await reader?.read()) ?? { done: true };
      if (done) return;
      const blocks = (rest + value).split('\n\n');
      rest = blocks.pop() ?? '';
      for (const block of blocks) {
        const [, event = '', data = '{}'] = /^event: (.*)\ndata: (.*)$/.exec(block) ?? [];
        told.push({ event, data: JSON.parse(data) as Told['data'] });
      }
    }
  })();
  return {
    status: response.status,
    told,
    entries: () => told.flatMap(({ data }) => data.entries ?? []),
    whole: () => reading,
    close: () => reader?.cancel(),
  };
};

/** A piece, and what the cloud answers; null when it does not. */
const tell = async (
  piece: Partial<LogPiece> & { session: string },
  by: Signer = device.signer,
): Promise<unknown> => {
  const { deviceId } = device;
  const whole = { device: deviceId, seq: 0, entries: [], ended: null, ...piece };
  const subject = deviceSubjects.logs(deviceId);
  const asked = nc.request(subject, packLogPiece(whole, by), { timeout: 700 });
  return asked.then(
    (reply) => reply.json<{ next: string }>().next,
    () => null,
  );
};
const said = (text: string): LogEntry => [1_700_000_000_000, 'out', text];
const opened = async (before: number): Promise<Command> => {
  await vi.waitFor(() => expect(commands.length).toBeGreaterThan(before), 15_000);
  return commands[before] as Command;
};
const beat = () =>
  nc.publish(
    deviceSubjects.heartbeat(device.deviceId),
    JSON.stringify([2, 1, '0'.repeat(16), 0, 60_000]),
  );
const auditOf = async ({ deviceId }: VirtualDevice) => {
  const { rows } = await owner.query<{ action: string; after: Record<string, unknown> }>(
    `SELECT action, after FROM platform.audit_log WHERE target = 'device:' || $1 ORDER BY id`,
    [deviceId],
  );
  return rows;
};

beforeAll(async () => {
  test = await openTestPlatform(inject('postgresUrl'));
  owner = openOwner(test.world.databaseUrl);
  service = createService(test.platform);
  await service.start();
  tenant = await addTenant(owner, test.platform);
  const [first, second] = await addDevices(owner, tenant, 2);
  if (first === undefined || second === undefined) throw new Error('no devices were made');
  [device, away] = [first, second];
  nc = await device.connect(test.world.hub.url, test.platform.keyring, tenant.tenantId);
  const { records } = await test.platform.keyring.tenant(tenant.tenantId);
  nc.subscribe(deviceSubjects.down(device.site, device.deviceId, 'cmd.logs'), {
    callback: (_, message) => {
      const command = openCommand(message.data, records.keyset.value);
      if (command.kind === 'opened') commands.push(command.value);
    },
  });
  operator = (await signIn(owner, test.platform, tenant, 'operator')).token;
  await vi.waitFor(
    async () => {
      beat();
      const path = `/api/devices/${device.deviceId}/presence`;
      const headers = { authorization: `Bearer ${operator}` };
      expect(await (await service.app.request(path, { headers })).json()).toMatchObject({
        presence: 'online',
      });
    },
    { timeout: 20_000, interval: 300 },
  );
});
afterAll(async () => {
  await nc?.close();
  await service?.stop();
  await owner?.end();
  await test?.close();
});

it('is for operators, and asks the device by a command that is signed for it', async () => {
  const viewer = (await signIn(owner, test.platform, tenant, 'viewer')).token;
  expect((await look(device, '', viewer)).status).toBe(403);
  const path = `/api/devices/${device.deviceId}/logs?container=web`;
  const headers = { authorization: `Bearer ${operator}` };
  expect((await service.app.request(path, { method: 'HEAD', headers })).status).toBe(200);
  const stream = await look(device, '&bundle=press&tail=7&since=2h&follow=false');
  const command = await opened(0);
  expect(command).toMatchObject({
    ...{ tenantId: tenant.tenantId, deviceId: device.deviceId, version: 1 },
    request: {
      ...{ verb: 'logs', container: 'web', bundle: 'press', lines: 7 },
      ...{ sinceSeconds: 7_200, follow: false, forSeconds: 1_800 },
    },
  });
  const session = command.nonce;
  const entries = [said('<b>one</b>'), { leftOut: 3 }, { at: 1, note: 'stopped' as const }];
  expect(await tell({ session, entries })).toBe('go');
  expect(await tell({ session, seq: 1, ended: 'complete' })).toBe('go');
  await stream.whole();
  expect(stream.told.map(({ event }) => event)).toEqual(['opened', 'lines', 'ended']);
  expect(stream.entries()).toEqual([
    { at: '2023-11-14T22:13:20.000Z', output: 'stdout', text: '<b>one</b>' },
    { leftOut: 3 },
    { at: '1970-01-01T00:00:00.001Z', note: 'stopped' },
  ]);
  expect(stream.told.at(-1)?.data).toMatchObject({ reason: 'complete', says: 'That is all.' });
  await vi.waitFor(
    async () =>
      expect(await auditOf(device)).toEqual([
        { action: 'device.logs-open', after: { container: 'web', bundle: 'press' } },
        {
          action: 'device.logs-close',
          after: expect.objectContaining({ lines: 1, leftOut: 3, reason: 'complete' }),
        },
      ]),
    15_000,
  );
});

it('takes the device’s own lines alone, each once, and harmless', async () => {
  const before = commands.length;
  const stream = await look(device);
  const { nonce: session } = await opened(before);
  const [stranger] = await addDevices(owner, await addTenant(owner, test.platform), 1);
  const forged = { session, entries: [said('forged')] };
  expect(await tell(forged, signerFromSeed(createSeed()))).toBe(null);
  expect(await tell(forged, stranger?.signer)).toBe(null);
  expect(await tell({ ...forged, device: away.deviceId })).toBe(null);
  expect(await tell({ ...forged, session: 'f'.repeat(32) })).toBe(null);
  const hostile = said('\u001b[2J\u001b]0;owned\u0007real\u202e\u0000');
  expect(await tell({ session, entries: [hostile] })).toBe('go');
  expect(await tell({ session, entries: [hostile] })).toBe('go');
  expect(await tell({ session, seq: 9, entries: [said('out of order')] })).toBe('stop');
  await vi.waitFor(() => expect(stream.entries()).toHaveLength(1), 15_000);
  expect(stream.entries()[0]?.text).toBe('real\ufffd\ufffd');
  await stream.close();
  // Nobody looks any more: the device learns it with its next piece.
  expect(await tell({ session, seq: 1 })).toBe('stop');
});

it('goes on while the sign-in does, and with the role and the site that it needs', async () => {
  const person = await signIn(owner, test.platform, tenant, 'operator');
  const { rows } = await owner.query<{ id: string }>(
    'SELECT id FROM device_manager.sessions WHERE user_id = $1',
    [person.userId],
  );
  const sessionId = rows[0]?.id ?? '';
  const may = (tenantId = tenant.tenantId) =>
    mayStillLook(test.platform, { sessionId, tenantId }, undefined, device.deviceId);
  const become = (change: string) =>
    owner.query(`UPDATE device_manager.users SET ${change} WHERE id = $1`, [person.userId]);
  expect([await may(), await may(randomUUID())]).toEqual([true, false]);
  await become("role = 'viewer'");
  expect(await may()).toBe(false);
  await become("role = 'operator', sites = '{elsewhere}'");
  expect(await may()).toBe(false);
  await become('sites = NULL');
  expect(await may()).toBe(true);
  await person.signOut();
  expect(await may()).toBe(false);
});

it('goes on for a program as long as its token and its account may', async () => {
  const { tenantId } = tenant;
  const { text, prefix, salt, hash } = serviceTokens.create();
  await owner.query(
    `WITH account AS (
       INSERT INTO device_manager.service_accounts (tenant_id, name, role, created_by)
       VALUES ($1, 'reader', 'operator', 'test') RETURNING id)
     INSERT INTO device_manager.service_tokens
       (tenant_id, account_id, role, prefix, salt, secret_hash, created_by, expires_at)
     SELECT $1, id, 'operator', $2, $3, $4, 'test', now() + interval '1 day' FROM account`,
    [tenantId, prefix, salt, hash],
  );
  const may = (token: string) =>
    mayStillLook(
      ...([
        test.platform,
        { sessionId: null, tenantId },
        `Bearer ${token}`,
        device.deviceId,
      ] as const),
    );
  expect([await may(text), await may(serviceTokens.create().text)]).toEqual([true, false]);
  await owner.query(
    "UPDATE device_manager.service_accounts SET role = 'viewer' WHERE tenant_id = $1",
    [tenantId],
  );
  expect(await may(text)).toBe(false);
});

it('slows a device down whose reader does not keep up, and goes on when it does', async () => {
  const before = commands.length;
  const path = `/api/devices/${device.deviceId}/logs?container=web`;
  const headers = { authorization: `Bearer ${operator}` };
  const { body } = await service.app.request(path, { headers });
  const { nonce: session } = await opened(before);
  const full = Array.from({ length: 3 }, () => said('x'.repeat(4_000)));
  let seq = 0;
  while ((await tell({ session, seq, entries: full })) === 'go') seq += 1;
  expect(seq).toBeGreaterThan(2);
  expect(seq).toBeLessThan(12);
  const reader = body?.getReader();
  // Who goes on all the same is stopped, and none of it is kept.
  expect(await tell({ session, seq: seq + 1, entries: full })).toBe('stop');
  await vi.waitFor(async () => {
    await reader?.read();
    expect(await tell({ session, seq, entries: full })).toBe('go');
  }, 15_000);
  await reader?.cancel();
});

it('says of a device that is away when it was there, and what it kept of its last failure', async () => {
  const failure = {
    ...{ type: 'update-failed', severity: 'error', message: 'press 2.0.0 was not healthy.' },
    data: { logTail: 'cannot open the \u202eport\n\u001b[31mgiving up' },
  };
  away.writeRaw('events', (seq) => JSON.stringify({ seq, at: Date.now(), body: failure }));
  const connection = await away.connect(
    ...([test.world.hub.url, test.platform.keyring, tenant.tenantId] as const),
  );
  await connection.request(
    deviceSubjects.lane('events', away.deviceId),
    away.frame('events', 0, 1),
  );
  await connection.close();
  await vi.waitFor(async () => {
    const stream = await look(away);
    await stream.whole();
    expect(stream.told).toEqual([
      {
        event: 'ended',
        data: {
          ...{ reason: 'offline', lastSeenAt: null },
          says: 'The device was never connected; live logs need a connection.',
          lastFailure: expect.objectContaining({
            lines: ['cannot open the \ufffdport', 'giving up'],
          }),
        },
      },
    ]);
  }, 15_000);
  expect(await auditOf(away)).toEqual([]);
});

it('is open for so many at once and no more', async () => {
  await vi.waitFor(async () => {
    const { rows } = await owner.query('SELECT 1 FROM telemetry.log_sessions');
    expect(rows).toEqual([]);
  }, 15_000);
  const streams = [];
  for (let count = 0; count < 4; count += 1) streams.push(await look(device));
  expect((await look(device)).status).toBe(429);
  await streams[0]?.close();
  await vi.waitFor(async () => {
    const stream = await look(device);
    await stream.close();
    expect(stream.status).toBe(200);
  }, 15_000);
  // A restart of the service ends them all, and says so.
  await service.stop();
  await streams[3]?.whole();
  expect(streams[3]?.told.at(-1)?.data.reason).toBe('restarting');
});
