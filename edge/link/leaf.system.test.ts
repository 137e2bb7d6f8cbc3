/**
 * Who gets in at a real leaf: the members of the roster by the key it names, each to its own
 * subjects; who is no member any more is cut off within a second, and the others notice nothing.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import '@signalbeam/launcher/rig/provided';
import { freePort } from '@signalbeam/launcher/infra/ports';
import { findCommand } from '@signalbeam/launcher/machine/commands';
import type { Carrier } from '@signalbeam/sync/nats/carrier';
import { openCarrier } from '@signalbeam/sync/nats/nats-carrier';
import { createDeviceKey } from '@signalbeam/sync/wire/nkey';
import { deviceSubjects } from '@signalbeam/sync/wire/subjects';
import { afterAll, expect, test, vi } from 'vitest';
import { startLeaf } from './leaf.ts';

const folder = mkdtempSync(join(tmpdir(), 'leaf-'));
const closers: (() => unknown)[] = [];
afterAll(async () => {
  for (const close of closers.reverse()) await close();
  rmSync(folder, { recursive: true, force: true });
});

const [stays, leaves] = ['1', '2'].map((digit) => {
  const deviceId = `${digit.repeat(8)}-1111-4111-8111-111111111111`;
  return { deviceId, ...createDeviceKey() };
}) as [Device, Device];
type Device = { deviceId: string; nkey: string; seed: string };

const dial = (port: number, { deviceId, seed }: Device) => {
  const turns: string[] = [];
  let refusals = 0;
  const carrier: Carrier = openCarrier({
    urls: [`nats://127.0.0.1:${port}`],
    // What the cloud once gave it: at the leaf it is worth nothing by itself.
    credentials: () => ({ jwt: 'a.b.c', seed }),
    inboxPrefix: deviceSubjects.inboxPrefix('plant-7', deviceId),
    name: 'a test',
    random: () => 0.5,
    log: () => undefined,
    refused: () => {
      refusals += 1;
    },
    redialMs: { first: 20, max: 100 },
  });
  carrier.onStatus((status) => turns.push(status));
  closers.push(carrier.close);
  return { carrier, turns, refusals: () => refusals };
};

test('a member that leaves the roster is cut off, and the others stay connected', async () => {
  const port = await freePort();
  const dead = `nats-leaf://127.0.0.1:${await freePort()}`;
  const members = [stays, leaves];
  const leaf = await startLeaf({
    folder: join(folder, 'leaf'),
    enrolment: {
      ...{ deviceId: stays.deviceId, tenantId: stays.deviceId, tenantKey: 'ATENANT' },
      ...{ site: 'plant-7', name: 'gateway' },
      nats: {
        ...{ operatorJwt: '', systemAccountKey: '', systemAccountJwt: '', leafAccountJwt: '' },
        ...{ deviceJwt: '', gatewayJwt: 'a.b.c', hubUrls: [], leafUrls: [dead] },
      },
    },
    members: () => members,
    seed: stays.seed,
    listen: { host: '127.0.0.1', port, tls: null },
    command: findCommand('nats-server'),
    now: () => performance.now(),
    random: Math.random,
    log: () => undefined,
    onHub: () => undefined,
  });
  closers.push(leaf.stop);
  const [one, two] = [dial(port, stays), dial(port, leaves)];
  await vi.waitFor(() => expect([one.turns, two.turns]).toEqual([['connected'], ['connected']]), {
    timeout: 20_000,
  });
  // Each may speak for itself (nobody answers here) and for nobody else.
  const asks = (device: string) =>
    two.carrier.request(deviceSubjects.hello('plant-7', device), new Uint8Array(), 1_000);
  expect(await asks(leaves.deviceId)).toEqual({ kind: 'failed', reason: 'no-responders' });
  expect(await asks(stays.deviceId)).toEqual({ kind: 'failed', reason: 'refused' });

  members.splice(1);
  leaf.membersChanged();
  await vi.waitFor(() => expect(two.refusals()).toBeGreaterThan(1), { timeout: 20_000 });
  expect(two.carrier.status()).not.toBe('connected');
  expect(one.turns).toEqual(['connected']);

  // Taken back, it is in again by itself.
  members.push(leaves);
  leaf.membersChanged();
  await vi.waitFor(() => expect(two.carrier.status()).toBe('connected'), { timeout: 20_000 });
  expect(one.turns).toEqual(['connected']);
  expect(leaf.state()).toMatchObject({ running: true, restarts: 0 });
});
