/**
 * How every store of lanes behaves: what is written, what is forgotten, what a gap or a new epoch
 * makes of it. Run on SQLite and on the simulator's model disk.
 */
import { chainStart } from '@signalbeam/sync/core/lanes';
import { extendChain } from '@signalbeam/sync/wire/chain';
import { gapLine } from '@signalbeam/sync/wire/rows';
import { beforeEach, expect, test } from 'vitest';
import type { LaneStore } from './lanes.ts';

export type LanesUnderTest = {
  /** Over the lanes `events` and `metrics`. */
  store: LaneStore;
  /** One commit of the caller's, undone when it throws. */
  together(work: () => void): void;
  /** The same file again, as after a restart. */
  reopen(): LaneStore;
};

export const laneStoreSuite = (open: () => LanesUnderTest): void => {
  let under: LanesUnderTest;
  let store: LaneStore;
  beforeEach(() => {
    under = open();
    store = under.store;
  });

  const append = (count: number): void =>
    void store.append(
      'events',
      Array.from({ length: count }, (_, index) => ({ at: index, body: { index } })),
    );

  /** As the cloud reads a lane: each line onto the hash before it, a gap by its own word. */
  const replay = (before: string): string =>
    store.peek('events', 0, 1_000).reduce((hash, { line }) => {
      const gap = gapLine.safeParse(JSON.parse(line));
      return gap.success ? gap.data.gap.hash : extendChain(hash, line);
    }, before);

  test('rows are numbered and chained as they are written', () => {
    append(3);
    expect(store.peek('events', 0, 10).map(({ line }) => line)).toEqual([
      '{"seq":1,"at":0,"body":{"index":0}}',
      '{"seq":2,"at":1,"body":{"index":1}}',
      '{"seq":3,"at":2,"body":{"index":2}}',
    ]);
    expect(store.hashAt('events', 3)).toBe(replay(chainStart));
    expect(store.hashAt('events', 4)).toBeNull();
    expect(store.backlog('metrics')).toEqual({ rows: 0, bytes: 0, oldestAt: null });
  });

  test('what is confirmed is forgotten, and the chain goes on from it', () => {
    append(5);
    const hash = store.hashAt('events', 3) ?? '';
    store.confirm('events', 3, hash, 99);
    append(1);
    expect(store.peek('events', 0, 10).map(({ seq }) => seq)).toEqual([4, 5, 6]);
    expect(store.hashAt('events', 3)).toBe(hash);
    expect(store.head('events')).toMatchObject({
      ackedSeq: 3,
      ackedAt: 99,
      lastSeq: 6,
      lastHash: replay(hash),
    });
    expect(store.backlog('events')).toMatchObject({ rows: 3, oldestAt: 3 });
  });

  test('rows given up become one gap line that keeps the chain, and gaps merge', () => {
    append(10);
    const last = store.head('events').lastHash;
    expect(store.giveUp('events', 4, 'dropped-at-cap', 7)).toBe(4);
    expect(store.giveUp('events', 6, 'dropped-at-cap', 8)).toBe(3);
    const rows = store.peek('events', 0, 10);
    expect(rows.map(({ firstSeq, seq }) => [firstSeq, seq])).toEqual([
      [1, 6],
      [7, 7],
      [8, 8],
      [9, 9],
      [10, 10],
    ]);
    expect(JSON.parse(rows[0]?.line ?? '')).toMatchObject({
      gap: { from: 1, to: 6, reason: 'dropped-at-cap', hash: store.hashAt('events', 6) },
    });
    expect(replay(chainStart)).toBe(last);
    expect(store.backlog('events').rows).toBe(5);
  });

  test('a new epoch numbers what is left from one, gaps included, and chains it anew', () => {
    append(10);
    store.confirm('events', 2, store.hashAt('events', 2) ?? '', 0);
    store.giveUp('events', 5, 'dropped-at-cap', 7);
    const before = store.head('events');
    store.renumber('events');
    const after = store.head('events');
    expect(after.epoch).not.toBe(before.epoch);
    expect(after).toMatchObject({ ackedSeq: 0, lastSeq: 8, lastHash: replay(chainStart) });
    const rows = store.peek('events', 0, 20);
    expect(rows.map(({ firstSeq, seq }) => [firstSeq, seq])).toEqual([
      [1, 3],
      [4, 4],
      [5, 5],
      [6, 6],
      [7, 7],
      [8, 8],
    ]);
    expect(JSON.parse(rows[1]?.line ?? '')).toEqual({ seq: 4, at: 5, body: { index: 5 } });
  });

  test('a cloud that lost confirmed rows is told so by a gap that ends where the device was', () => {
    append(8);
    const lost = store.hashAt('events', 6) ?? '';
    store.confirm('events', 6, lost, 0);
    store.noteLoss('events', 4, 'a'.repeat(32), 1);
    expect(store.head('events')).toMatchObject({
      ackedSeq: 4,
      ackedHash: 'a'.repeat(32),
      lastSeq: 8,
    });
    expect(store.peek('events', 0, 10).map(({ firstSeq, seq }) => [firstSeq, seq])).toEqual([
      [5, 6],
      [7, 7],
      [8, 8],
    ]);
    expect(replay('a'.repeat(32))).toBe(store.head('events').lastHash);
  });

  test('an act that is rolled back with its decision leaves neither row nor figure', () => {
    append(2);
    expect(() =>
      under.together(() => {
        append(1);
        throw new Error('the decision failed');
      }),
    ).toThrow();
    expect(store.head('events').lastSeq).toBe(2);
    expect(store.backlog('events').rows).toBe(2);
    append(1);
    expect(store.backlog('events').rows).toBe(3);
  });

  test('opening again keeps the epoch', () => {
    append(1);
    const { epoch } = store.head('events');
    expect(under.reopen().head('events')).toMatchObject({ epoch, lastSeq: 1 });
  });
};
