/** The site key before the one in force outlives a restart, and neither a clock nor restarts keep it. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sealRecord } from '@signalbeam/sync/wire/record-envelope';
import { payloadTypes } from '@signalbeam/sync/wire/records';
import {
  devices,
  keys,
  keysetWith,
  newSigner,
  rosterWith,
} from '@signalbeam/sync/wire/records.fixture';
import { sealSiteKey } from '@signalbeam/sync/wire/site-key';
import { beforeEach, expect, test } from 'vitest';
import { stateMigrations } from '../store/migrations.ts';
import { openStore } from '../store/open.ts';
import { openPreviousSiteKey } from '../store/previous-site-key.ts';
import { createSiteKeys, previousSiteKeyMs, previousSiteKeySteps } from './site-keys.ts';

const [me] = devices;
const keyOf = (generation: number): Buffer => Buffer.alloc(32, generation);
const record = (
  generation: number,
  more: { version?: number; site?: string } = {},
  by = keys.membership,
) =>
  sealRecord(
    payloadTypes['site-key'],
    sealSiteKey(keyOf(generation), rosterWith({ version: generation, ...more }), generation),
    [by],
  );

let path: string;
beforeEach(() => {
  path = join(mkdtempSync(join(tmpdir(), 'site-keys-')), 'state.db');
});

/** One life of an agent: its record, its key set and its time are in the test's hands. */
const live = (held: Uint8Array, keyset = keysetWith()) => {
  const { database } = openStore({
    path,
    migrations: stateMigrations,
    pageBytes: 4_096,
    check: false,
    now: () => 0,
  });
  const state = { held, keyset };
  const due: { run: () => void; delayMs: number }[] = [];
  const made = createSiteKeys({
    deviceId: me.deviceId,
    sealing: me.sealing,
    held: () => state.held,
    keyset: () => state.keyset,
    kept: openPreviousSiteKey(database),
    timers: {
      after: (delayMs, run) => {
        const entry = { run, delayMs };
        due.push(entry);
        return () => {
          const at = due.indexOf(entry);
          if (at !== -1) due.splice(at, 1);
        };
      },
      every: () => () => undefined,
    },
  });
  return {
    take: (next: Uint8Array, by = state.keyset) => {
      Object.assign(state, { held: next, keyset: by });
      made.refresh();
    },
    /** Which generations open packets. */
    opens: () => made.all().map(([first]) => first),
    dropped: made.onDropped,
    /** Runs until nothing waits; gives how long that took. */
    runOut: (): number => {
      let ms = 0;
      for (let next = due.shift(); next !== undefined; next = due.shift()) {
        ms += next.delayMs;
        next.run();
      }
      return ms;
    },
    stop: () => {
      made.stop();
      database.close();
    },
  };
};

test('the key before the one in force is there after a restart, and after another', () => {
  const first = live(record(1));
  expect(first.opens()).toEqual([1]);
  first.take(record(2));
  expect(first.opens()).toEqual([2, 1]);
  first.stop();
  const second = live(record(2));
  expect(second.opens()).toEqual([2, 1]);
  // Rotated again: two at most.
  second.take(record(3));
  expect(second.opens()).toEqual([3, 2]);
  second.stop();
  const third = live(record(3));
  expect(third.opens()).toEqual([3, 2]);
  third.stop();
});

test('it is dropped after its time of running, and stays so', () => {
  const agent = live(record(1));
  agent.take(record(2));
  let told = 0;
  agent.dropped(() => {
    told += 1;
  });
  expect(agent.runOut()).toBe(previousSiteKeyMs);
  expect(agent.opens()).toEqual([2]);
  expect(told).toBe(1);
  agent.stop();
  const again = live(record(2));
  expect(again.opens()).toEqual([2]);
  again.stop();
});

test('restarts alone use it up: a device without a clock does not keep it for ever', () => {
  const agent = live(record(1));
  agent.take(record(2));
  agent.stop();
  const opened = Array.from({ length: previousSiteKeySteps + 1 }, () => {
    const life = live(record(2));
    const opens = life.opens();
    life.stop();
    return opens.length;
  });
  expect(opened).toEqual([2, 2, 2, 2, 2, 1, 1]);
});

test('a roster that changes without a rotation changes nothing about it', () => {
  const agent = live(record(1));
  agent.take(record(2));
  agent.take(
    sealRecord(payloadTypes['site-key'], sealSiteKey(keyOf(2), rosterWith({ version: 9 }), 2), [
      keys.membership,
    ]),
  );
  expect(agent.opens()).toEqual([2, 1]);
  agent.stop();
});

test('what a withdrawn key signed, or another site had, is not taken up after a restart', () => {
  const fresh = newSigner();
  const rotated = keysetWith({ membership: fresh }, 2);
  const agent = live(record(1));
  agent.take(record(2));
  agent.stop();
  const withdrawn = live(record(2, {}, fresh), rotated);
  expect(withdrawn.opens()).toEqual([2]);
  withdrawn.stop();

  const before = live(record(3));
  before.take(record(4));
  before.stop();
  const moved = live(record(5, { site: 'plant-8' }));
  expect(moved.opens()).toEqual([5]);
  moved.stop();
});

test('what lies on disk is the sealed record, never the key', () => {
  const agent = live(record(1));
  agent.take(record(2));
  agent.stop();
  const { database } = openStore({
    path,
    migrations: stateMigrations,
    pageBytes: 4_096,
    check: false,
    now: () => 0,
  });
  const kept = openPreviousSiteKey(database).read();
  database.close();
  expect(kept?.stepsLeft).toBe(previousSiteKeySteps);
  expect(Buffer.from(kept?.envelope ?? []).includes(keyOf(1))).toBe(false);
  expect(Buffer.from(kept?.envelope ?? []).includes(keyOf(1).toString('base64'))).toBe(false);
});
