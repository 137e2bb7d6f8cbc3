/**
 * Records over HTTPS where datagrams do not reach, on real connections: a member with an old site
 * key gets the new one from whom it can't read, a stranger gets nothing, and nobody is asked often.
 */

import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import type { RecordName } from '@signalbeam/sync/core/records';
import { createDeviceKey, signerFromNkeySeed } from '@signalbeam/sync/wire/nkey';
import { afterEach, expect, test } from 'vitest';
import type { Timers } from '../core/timers.ts';
import { startCatchUp } from './catch-up.ts';
import { createDeviceCertificate } from './certificate.ts';
import { createPeerClient } from './peer-client.ts';
import { startPeerServer } from './peer-server.ts';
import { createRecordSync } from './record-sync.ts';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const device = () => {
  const { seed } = createDeviceKey();
  return { own: createDeviceCertificate(seed), publicKey: signerFromNkeySeed(seed).publicKey };
};
const held = new Map<RecordName, number>([
  ['site/site-key', 8],
  ['site/roster', 8],
  ['tenant/keyset', 3],
]);

const site = async (alone = false) => {
  const [here, there] = [device(), device()];
  const server = await startPeerServer({
    listen: { host: '127.0.0.1', port: 0 },
    own: there.own,
    memberOf: (key) => (key === here.publicKey ? 'here' : null),
    records: { versions: () => held, read: (name) => Buffer.from(name), root: () => null },
    broker: () => null,
    relay: null,
    now: () => performance.now(),
    log: () => undefined,
  });
  closers.push(server.stop);
  const offered: string[] = [];
  const brought = Promise.withResolvers<void>();
  const client = createPeerClient({ own: here.own });
  const state = { now: 100_000, known: there.publicKey };
  const catchUp = startCatchUp({
    members: {
      keys: () => new Map(),
      of: (key) => (key === state.known ? 'there' : null),
      roster: () => ({ version: 1, members: [] }),
      refresh: () => undefined,
    },
    client,
    sync: createRecordSync({
      client,
      versions: () => new Map<RecordName, number>([['tenant/keyset', 3]]),
      rootVersion: () => 1,
      offer: (name) => {
        offered.push(name);
        if (name === 'site/roster') brought.resolve();
        return 'accepted';
      },
      log: () => undefined,
    }),
    alone: () => alone,
    addresses: () => [{ host: '127.0.0.1', port: server.port }],
    now: () => state.now,
    random: () => 0,
  });
  closers.push(catchUp.stop);
  return { server, offered, brought, catchUp, state };
};

test('what a packet under another site key leads to: the newer records, keys last', async () => {
  const { server, offered, brought, catchUp } = await site();
  const from = { host: '127.0.0.1', port: server.port };
  for (let packet = 0; packet < 1_000; packet += 1) catchUp.unreadable(from);
  await brought.promise;
  expect(offered).toEqual(['site/site-key', 'site/roster']);
  // To find out whose key it is, to ask for versions, and for the records: one of each.
  expect(server.counters().requests).toBe(3);
});

test('packets from anywhere make it call somebody every few seconds at most', async () => {
  const { catchUp, state } = await site();
  let calls = 0;
  const listener = createServer((socket) => {
    calls += 1;
    socket.destroy();
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  closers.push(() => listener.close());
  const { port } = listener.address() as AddressInfo;
  const called = async (): Promise<void> => {
    catchUp.unreadable({ host: '127.0.0.1', port });
    await once(listener, 'connection');
  };
  await called();
  for (let more = 0; more < 100; more += 1)
    catchUp.unreadable({ host: '127.0.0.1', port: 1 + more });
  state.now += 31_000;
  // The first call has to end before the next begins.
  while (calls < 2) {
    state.now += 31_000;
    catchUp.unreadable({ host: '127.0.0.1', port });
    await new Promise(setImmediate);
  }
  expect(calls).toBe(2);
});

test('who comes back alone asks within seconds, and in the next turn again where nobody answered', async () => {
  const turns: { everyMs: number; run: () => void }[] = [];
  const state = { now: 0, calls: 0 };
  const timers: Timers = {
    after: (delayMs, run) => {
      turns.push({ everyMs: delayMs, run });
      return () => undefined;
    },
    every: (periodMs, run) => {
      turns.push({ everyMs: periodMs, run });
      return () => undefined;
    },
  };
  startCatchUp({
    members: {
      keys: () => new Map(),
      of: () => 'there',
      roster: () => ({ version: 1, members: [] }),
      refresh: () => undefined,
    },
    client: {
      identify: () => {
        state.calls += 1;
        return state.calls === 1 ? Promise.reject(new Error('silent')) : Promise.resolve('key');
      },
    },
    sync: { fetch: () => Promise.resolve(), compare: () => Promise.resolve(true) },
    alone: () => true,
    addresses: () => [{ host: '127.0.0.1', port: 9 }],
    now: () => state.now,
    random: () => 1,
    timers,
  });
  const [first, every] = turns;
  const turn = async (at: number, run: (() => void) | undefined) => {
    state.now = at;
    run?.();
    await new Promise(setImmediate);
    return state.calls;
  };
  expect(first?.everyMs).toBeLessThanOrEqual(5_000);
  expect(await turn(5_000, first?.run)).toBe(1);
  expect(await turn(18_750, every?.run)).toBe(2);
  // Whoever answered is left alone for longer.
  expect(await turn(37_500, every?.run)).toBe(2);
  expect(await turn(56_250, every?.run)).toBe(3);
});
