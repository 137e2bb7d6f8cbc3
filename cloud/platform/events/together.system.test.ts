/** Events that are handled together: what came meanwhile at once, one at fault alone, none lost. */
import { randomUUID } from 'node:crypto';
import '@signalbeam/launcher/rig/provided';
import { streams } from '@signalbeam/sync/wire/subjects';
import { afterAll, beforeAll, expect, inject, it, vi } from 'vitest';
import { openTestPlatform, type TestPlatform } from '../rig.suite.ts';
import { queueEvents } from './queue.ts';
import { subscribeEvents } from './subscribe.ts';
import { subscribeTogether, type TogetherOptions } from './subscribe-together.ts';

let test: TestPlatform;
const tenantId = randomUUID();
const patient = { timeout: 30_000 };

beforeAll(async () => {
  test = await openTestPlatform(inject('postgresUrl'));
});
afterAll(() => test.close());

const partsOf = ({ platform }: TestPlatform) => ({
  ...{ cloud: platform.cloud, sql: platform.pools.system, log: platform.log },
});
const together = (options: Pick<TogetherOptions, 'durable' | 'subjects' | 'handle'>) =>
  subscribeTogether({ ...partsOf(test), atOnceMax: 50, ...options });

const say = (subject: string, ...data: unknown[]) =>
  queueEvents(
    test.platform.pools.system,
    data.map((each) => ({ tenantId, type: 't', subject, version: 1, data: each })),
  );
const numbers = (count: number) => Array.from({ length: count }, (_, at) => at);

it('hands over in order all that came while the handler was busy, and no more at once than it may', async () => {
  const batches: unknown[][] = [];
  let free = (): void => {};
  const busy = new Promise<void>((resolve) => {
    free = resolve;
  });
  const subject = 'signalbeam.users.together';
  const subscription = together({
    durable: 'together',
    subjects: [subject],
    handle: async (messages) => {
      batches.push(messages.map(({ data }) => data));
      if (batches.length === 1) await busy;
    },
  });
  await say(subject, 0);
  await vi.waitFor(() => expect(batches).toEqual([[0]]), patient);
  await say(subject, ...numbers(160).slice(1));
  const pending = async () =>
    (await test.platform.cloud.jsm.consumers.info(streams.events, 'together')).num_ack_pending;
  await vi.waitFor(async () => expect(await pending()).toBe(100), patient);
  free();
  await vi.waitFor(() => expect(batches.flat()).toHaveLength(160), patient);
  expect(batches.flat()).toEqual(numbers(160));
  expect(batches[1]).toHaveLength(50);
  expect(Math.max(...batches.map(({ length }) => length))).toBe(50);
  await vi.waitFor(async () => expect(await pending()).toBe(0), patient);
  await subscription.stop();
});

it('handles each by itself when all of them fail, so that the one at fault alone comes again', async () => {
  const done: unknown[] = [];
  let failures = 2;
  const subject = 'signalbeam.users.atfault';
  await say(subject, ...numbers(20));
  await test.platform.cloud.js.publish(subject, 'no JSON at all');
  const subscription = together({
    durable: 'atfault',
    subjects: [subject],
    handle: async (messages) => {
      const isAtFault = messages.some(({ data }) => data === 7) && failures > 0;
      if (isAtFault && messages.length === 1) failures -= 1;
      if (isAtFault) throw new Error('not yet');
      done.push(...messages.map(({ data }) => data));
    },
  });
  await vi.waitFor(() => expect(new Set(done).size).toBe(20), patient);
  expect(failures).toBe(0);
  expect(done.at(-1)).toBe(7);
  expect(done.filter((data) => data === 7)).toHaveLength(1);
  const { rows } = await test.platform.pools.system.query<{ payload: Buffer }>(
    `SELECT payload FROM platform.dead_letters WHERE consumer = 'atfault'`,
  );
  expect(rows.map(({ payload }) => payload.toString())).toEqual(['no JSON at all']);
  await subscription.stop();
});

it('gives back what it did not begin with when it stops', async () => {
  const subject = 'signalbeam.users.handed';
  let begun = (): void => {};
  let free = (): void => {};
  const first = new Promise<void>((resolve) => {
    begun = resolve;
  });
  const busy = new Promise<void>((resolve) => {
    free = resolve;
  });
  const stopping = together({
    durable: 'handed',
    subjects: [subject],
    handle: async () => {
      begun();
      await busy;
    },
  });
  await say(subject, 0);
  await first;
  await say(subject, 1, 2, 3);
  await vi.waitFor(async () => {
    const { num_ack_pending } = await test.platform.cloud.jsm.consumers.info(
      streams.events,
      'handed',
    );
    expect(num_ack_pending).toBe(4);
  }, patient);
  const stopped = stopping.stop();
  free();
  await stopped;
  const heard: unknown[] = [];
  const next = together({
    durable: 'handed',
    subjects: [subject],
    handle: async (messages) => void heard.push(...messages.map(({ data }) => data)),
  });
  // Sooner than the broker's wait for those that are worked at.
  await vi.waitFor(() => expect(heard.toSorted()).toEqual([1, 2, 3]), { timeout: 20_000 });
  await next.stop();
});

it('a consumer that is asked for less or more keeps its place', async () => {
  const heard: unknown[] = [];
  const configOf = async () =>
    (await test.platform.cloud.jsm.consumers.info(streams.events, 'narrowed')).config;
  const handle = async ({ data }: { data: unknown }) => void heard.push(data);
  const wide = ['signalbeam.users.>', 'signalbeam.tenants.narrowed'];
  const before = subscribeEvents({
    ...partsOf(test),
    ...{ durable: 'narrowed', subjects: wide, handle },
  });
  await say('signalbeam.users.narrowed', 'one');
  await vi.waitFor(() => expect(heard.at(-1)).toBe('one'), patient);
  // Those of the tests before it are in EVENTS, too.
  heard.length = 0;
  await before.stop();
  expect((await configOf()).filter_subject).toBeUndefined();
  await say('signalbeam.users.narrowed', 'two');
  await say('signalbeam.users.left.out', 'left out');
  const narrow = ['signalbeam.users.narrowed', 'signalbeam.users.other'];
  const narrowed = subscribeEvents({
    ...partsOf(test),
    ...{ durable: 'narrowed', subjects: narrow, handle },
  });
  await say('signalbeam.users.other', 'three');
  await vi.waitFor(() => expect(heard).toEqual(['two', 'three']), patient);
  await narrowed.stop();
  const more = subscribeTogether({
    ...{ ...partsOf(test), durable: 'narrowed', subjects: narrow, atOnceMax: 8 },
    handle: async (messages) => {
      for (const message of messages) await handle(message);
    },
  });
  await say('signalbeam.users.other', 'four');
  await vi.waitFor(() => expect(heard).toEqual(['two', 'three', 'four']), patient);
  expect(await configOf()).toMatchObject({
    ...{ filter_subject: 'signalbeam.users.*', max_ack_pending: 16 },
  });
  await more.stop();
});
