/**
 * Sessions of looking at a log as the device serves them: what opens one, and that nothing of it is
 * left when it ends. The store of trust's judgement and the signatures are real, the clock is turned.
 */
import type { LogAnswer } from '@signalbeam/sync/core/log-session';
import {
  createSeed,
  publicKeyFromRaw,
  type Signer,
  signerFromSeed,
} from '@signalbeam/sync/wire/keys';
import { type LogPiece, openLogPiece } from '@signalbeam/sync/wire/log-piece';
import { expiresAt, issuedAt, keys, site, tenantId } from '@signalbeam/sync/wire/records.fixture';
import { offerRecord, pinRoot } from '@signalbeam/sync/wire/trust';
import {
  accept,
  builtAtMs,
  keysetBytes,
  me,
  rootBytes,
  seal,
} from '@signalbeam/sync/wire/trust.fixture';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Engine, LogLine } from '../containers/engine.ts';
import { labels, type ObservedContainer } from '../core/container.ts';
import { type LogSessionsParts, startLogSessions } from './log-sessions.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const nonceOf = (number: number): string => number.toString(16).padStart(32, '0');
const command = (version: number, nonce = nonceOf(version), by: Signer = keys.director) => {
  const request = {
    ...{ verb: 'logs', container: 'web', bundle: null, lines: 50 },
    ...{ sinceSeconds: null, follow: true, forSeconds: 60 },
  };
  const value = { tenantId, deviceId: me, version, nonce, issuedAt, expiresAt, request };
  return seal('command', value, by);
};

const startDevice = () => {
  const pinned = pinRoot(rootBytes(1, [keys.root]), builtAtMs);
  if (pinned.kind !== 'pinned') throw new Error(pinned.reason);
  let trust = accept(pinned.trust, 'tenant/keyset', keysetBytes(1));
  const signer = signerFromSeed(createSeed());
  const deviceKey = publicKeyFromRaw(Buffer.from(signer.publicKey, 'base64'));
  const pieces: LogPiece[] = [];
  let hear = (_bytes: Uint8Array): void => undefined;
  const state = { answer: 'go' as LogAnswer | null, readers: 0 };
  const web = { id: 'one', name: 'web', state: 'running', startedAt: 1 };
  const engine = {
    list: async () => [
      { ...web, labels: { [labels.container]: 'web' } } as unknown as ObservedContainer,
    ],
    logs: async () => [],
    async *followLogs(_id: string, signal: AbortSignal): AsyncGenerator<LogLine> {
      state.readers += 1;
      try {
        yield { at: 1, stream: 'stdout', text: 'ready' };
        if (signal.aborted) return;
        await new Promise<void>((ended) => signal.addEventListener('abort', () => ended()));
      } finally {
        state.readers -= 1;
      }
    },
  } as unknown as Engine;
  const carrier = {
    subscribe: (_subject: string, listener: typeof hear) => {
      hear = listener;
      return () => {
        hear = () => undefined;
      };
    },
    request: async (_subject: string, bytes: Uint8Array) => {
      const piece = openLogPiece(bytes, deviceKey);
      if (piece.kind === 'refused') throw new Error(piece.reason);
      pieces.push(piece.value);
      if (state.answer === null) return { kind: 'failed', reason: 'timeout' } as const;
      const { session } = piece.value;
      const answer = Buffer.from(JSON.stringify({ session, next: state.answer }));
      return { kind: 'reply', bytes: answer, code: 0 } as const;
    },
  } as unknown as LogSessionsParts['carrier'];
  const sessions = startLogSessions({
    ...{ carrier, signer, device: { deviceId: me, site }, now: () => 0, log: () => undefined },
    trust: {
      trust: () => trust,
      offer: (name, bytes) => {
        const offered = offerRecord(trust, site, name, bytes);
        if (offered.kind === 'accepted') trust = offered.trust;
        return offered;
      },
    },
    ...{ engine: () => engine, bundleIdOf: () => undefined },
  });
  return {
    ...{ sessions, state, pieces },
    hear: async (bytes: Uint8Array, forMs = 500) => {
      hear(bytes);
      await vi.advanceTimersByTimeAsync(forMs);
    },
    now: () => [sessions.count(), state.readers],
  };
};

test.each<[string, (device: ReturnType<typeof startDevice>) => void, number]>([
  [
    'that nobody looks any more',
    ({ state }) => void Object.assign(state, { answer: 'stop' }),
    6_000,
  ],
  ['silence', ({ state }) => void Object.assign(state, { answer: null }), 26_000],
  [
    'its time, whatever is answered',
    ({ state }) => void Object.assign(state, { answer: 'wait' }),
    82_000,
  ],
  ['its time', () => undefined, 62_000],
  ['the end of the link', ({ sessions }) => sessions.stop(), 1],
])('a session and its reader of the engine end by %s', async (_, end, withinMs) => {
  const device = startDevice();
  await device.hear(command(1));
  expect(device.now()).toEqual([1, 1]);
  expect(device.pieces[0]?.entries).toEqual([[1, 'out', 'ready']]);
  end(device);
  await vi.advanceTimersByTimeAsync(withinMs);
  expect(device.now()).toEqual([0, 0]);
});

test('a command opens one session, once, and only if the director signed it', async () => {
  const device = startDevice();
  await device.hear(command(1, nonceOf(1), keys.membership));
  await device.hear(Buffer.from('no command'));
  expect(device.now()).toEqual([0, 0]);
  await device.hear(command(1));
  await device.hear(command(1));
  // Asked again, since no answer was heard in the cloud.
  await device.hear(command(2, nonceOf(1)));
  expect(device.now()).toEqual([1, 1]);
  device.state.answer = 'stop';
  await vi.advanceTimersByTimeAsync(6_000);
  for (const bytes of [command(1), command(2, nonceOf(1)), command(3, nonceOf(1))]) {
    await device.hear(bytes);
  }
  expect(device.now()).toEqual([0, 0]);
});

test('more than so many are told that there are too many, and read nothing', async () => {
  const device = startDevice();
  for (let version = 1; version <= 5; version += 1) await device.hear(command(version));
  expect(device.now()).toEqual([4, 4]);
  expect(device.pieces.filter(({ session }) => session === nonceOf(5))).toMatchObject([
    { seq: 0, entries: [], ended: 'too-many-sessions' },
  ]);
  device.sessions.stop();
  await vi.advanceTimersByTimeAsync(1);
  expect(device.now()).toEqual([0, 0]);
});
