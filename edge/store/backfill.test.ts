/**
 * A device that is cut off for long, against a cloud that takes each row of a lane once: every
 * sample arrives exactly once, as it was taken or summed up, whatever was cut, lost or killed.
 */
import { chainStart, type Lane } from '@signalbeam/sync/core/lanes';
import type { BackfillBody, GapLine, MetricsBody } from '@signalbeam/sync/wire/rows';
import Database from 'better-sqlite3';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openQueueLanes } from './fresh-lane.ts';
import { openLanes } from './lanes.ts';
import { queueMigrations, stateMigrations } from './migrations.ts';
import { defaultCaps, openOutbox } from './outbox.ts';

const figures = (cpuPercent: number): MetricsBody => ({
  cpuPercent,
  memoryPercent: 2,
  memoryUsedBytes: 3,
  diskPercent: 4,
  diskUsedBytes: 5,
  networkReceivedBytes: 6,
  networkSentBytes: 7,
  loadAverage: 8,
  temperatureCelsius: null,
  uptimeSeconds: 9,
});

const createDevice = (metricsBytes = defaultCaps.metricsBytes) => {
  const [state, queue] = [new Database(':memory:'), new Database(':memory:')];
  for (const { sql } of stateMigrations) state.exec(sql);
  for (const { sql } of queueMigrations) queue.exec(sql);
  const boot = () =>
    openOutbox({
      state: openLanes(state, ['events', 'reported']),
      queue: openQueueLanes(queue),
      now: () => 1_000,
      caps: { ...defaultCaps, metricsBytes },
    });
  let outbox = boot();
  let taken = 0;
  const cloud = new Map<Lane, { upTo: number; lines: string[] }>();
  const at = (lane: Lane) => cloud.get(lane) ?? { upTo: 0, lines: [] };
  return {
    outbox: () => outbox,
    taken: () => taken,
    /** A sample each 15 s, in groups of four. */
    sample: (count: number): void => {
      for (let index = 0; index < count; index += 1) {
        outbox.addMetrics(figures(taken % 100), taken * 15_000);
        taken += 1;
        if (taken % 4 === 0) outbox.flush();
      }
      outbox.flush();
    },
    open: () => outbox.linkOpened(),
    close: () => outbox.linkClosed(),
    crash: (): void => {
      outbox = boot();
    },
    /** Sends rows of a lane as frames do; the cloud takes what is new, the answer may be lost. */
    send: (lane: Lane, rows: number, answered: boolean): void => {
      const store = outbox.storeOf(lane);
      const last = outbox.lastSendable(lane);
      const sent = store.peek(lane, store.head(lane).ackedSeq, rows);
      for (const row of sent.filter(({ seq }) => seq <= last)) {
        const { upTo, lines } = at(lane);
        if (row.seq <= upTo) continue;
        expect(row.firstSeq, `${lane} has a hole`).toBeLessThanOrEqual(upTo + 1);
        cloud.set(lane, { upTo: row.seq, lines: [...lines, row.line] });
      }
      const { upTo } = at(lane);
      const hash = store.hashAt(lane, upTo) ?? chainStart;
      if (answered && upTo > store.head(lane).ackedSeq) outbox.confirm(lane, upTo, hash);
    },
    lines: (lane: Lane) => at(lane).lines,
    /** How often each sample arrived, and the sum of one metric over all of them. */
    arrived: () => {
      let count = 0;
      let sum = 0;
      for (const lane of ['metrics', 'backfill'] as const) {
        for (const line of at(lane).lines) {
          const row = JSON.parse(line) as { body: BackfillBody } | GapLine;
          if ('gap' in row) continue;
          const { body } = row;
          const column = 'stepMs' in body ? body.columns[0] : [0, 0, body.cpuPercent ?? 0, 1];
          count += column?.[3] ?? 0;
          sum += column?.[2] ?? 0;
        }
      }
      return { count, sum };
    },
  };
};

const total = (taken: number): number => {
  let sum = 0;
  for (let index = 0; index < taken; index += 1) sum += index % 100;
  return sum;
};

describe('after a long cut', () => {
  it('sends the newest quarter of an hour first, and the rest as backfill', async () => {
    const device = createDevice();
    device.sample(4_000);
    await device.open();
    const [gap, ...newest] = device.outbox().storeOf('metrics').peek('metrics', 0, 100);
    expect(gap?.line).toContain('"reason":"moved"');
    expect(newest.map(({ at }) => at)).toEqual(
      Array.from({ length: newest.length }, (_, index) => (4_000 - newest.length + index) * 15_000),
    );
    expect(newest.length).toBeLessThanOrEqual(60);
    device.send('metrics', 10_000, true);
    device.send('backfill', 10_000, true);
    expect(device.arrived()).toEqual({ count: 4_000, sum: total(4_000) });
  });

  it('leaves rows alone that a frame may hold', async () => {
    const device = createDevice();
    await device.open();
    device.sample(1_000);
    device.close();
    device.sample(1_000);
    await device.open();
    const first = device.outbox().storeOf('metrics').peek('metrics', 0, 1_000);
    expect(first.every(({ line }) => !line.startsWith('{"gap"'))).toBe(true);
    device.send('metrics', 10_000, true);
    device.send('backfill', 10_000, true);
    expect(device.arrived()).toEqual({ count: 2_000, sum: total(2_000) });
  });

  it('sums up the oldest when room runs short, and counts every sample still', async () => {
    const device = createDevice(80_000);
    for (let hour = 0; hour < 48; hour += 1) device.sample(240);
    const bytes = (['metrics', 'backfill'] as const).reduce(
      (sum, lane) => sum + device.outbox().storeOf(lane).backlog(lane).bytes,
      0,
    );
    expect(bytes).toBeLessThanOrEqual(80_000);
    await device.open();
    device.send('metrics', 100_000, true);
    device.send('backfill', 100_000, true);
    expect(device.arrived()).toEqual({ count: device.taken(), sum: total(device.taken()) });
    const steps = new Set(
      device.lines('backfill').flatMap((line) => /"stepMs":(\d+)/.exec(line)?.[1] ?? []),
    );
    expect(steps.size).toBeGreaterThan(1);
  });
});

type Act =
  | { kind: 'sample'; count: number }
  | { kind: 'open' | 'close' | 'crash' }
  | { kind: 'send'; lane: 'metrics' | 'backfill'; rows: number; answered: boolean };

const act: fc.Arbitrary<Act> = fc.oneof(
  fc.record({ kind: fc.constant('sample' as const), count: fc.integer({ min: 1, max: 400 }) }),
  fc.record({ kind: fc.constantFrom('open' as const, 'close' as const, 'crash' as const) }),
  fc.record({
    kind: fc.constant('send' as const),
    lane: fc.constantFrom('metrics' as const, 'backfill' as const),
    rows: fc.integer({ min: 1, max: 500 }),
    answered: fc.boolean(),
  }),
);

it('counts every sample once, whatever is cut, lost or killed', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(act, { maxLength: 40 }),
      fc.constantFrom(20_000, 60_000, defaultCaps.metricsBytes),
      async (acts, metricsBytes) => {
        const device = createDevice(metricsBytes);
        let isOpen = false;
        for (const each of acts) {
          if (each.kind === 'sample') device.sample(each.count);
          else if (each.kind === 'open') {
            await device.open();
            isOpen = true;
          } else if (each.kind === 'send') {
            if (isOpen) device.send(each.lane, each.rows, each.answered);
          } else {
            device[each.kind]();
            isOpen = false;
          }
        }
        await device.open();
        device.send('metrics', 1_000_000, true);
        device.send('backfill', 1_000_000, true);
        const dropped = ['metrics', 'backfill'].flatMap((lane) =>
          device.lines(lane as Lane).filter((line) => line.includes('dropped-at-cap')),
        );
        if (dropped.length > 0) return;
        expect(device.arrived()).toEqual({ count: device.taken(), sum: total(device.taken()) });
      },
    ),
    { numRuns: 30 },
  );
}, 60_000);
