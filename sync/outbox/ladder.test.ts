/** Summing up loses the moments, never the totals; and what is thinned first is the oldest. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { climb, ladderStepsMs, planRoom, rowsToMove, type Sample, thin } from './ladder.ts';

const sample = fc.record({
  at: fc.integer({ min: 0, max: 10_000_000 }),
  figures: fc.record({
    load: fc.option(fc.integer({ min: -1_000, max: 1_000 })),
    heat: fc.option(fc.integer({ min: 0, max: 100 })),
  }),
});

const totals = (rows: readonly Sample[]) => {
  const values = rows.flatMap(({ figures }) => (figures['load'] == null ? [] : [figures['load']]));
  return {
    count: values.length,
    sum: values.reduce((sum, value) => sum + value, 0),
    min: values.length === 0 ? null : Math.min(...values),
    max: values.length === 0 ? null : Math.max(...values),
  };
};
const thinnedTotals = (rows: ReturnType<typeof thin>) => {
  const loads = rows.flatMap(({ columns }) => columns['load'] ?? []);
  return {
    count: loads.reduce((sum, { count }) => sum + count, 0),
    sum: loads.reduce((total, { sum }) => total + sum, 0),
    min: loads.length === 0 ? null : Math.min(...loads.map(({ min }) => min)),
    max: loads.length === 0 ? null : Math.max(...loads.map(({ max }) => max)),
  };
};

describe('the ladder', () => {
  it('keeps count, sum, minimum and maximum on every rung, climbed in any way', () => {
    fc.assert(
      fc.property(fc.array(sample, { maxLength: 200 }), (rows) => {
        const [minute, quarter, hour] = ladderStepsMs;
        for (const thinned of [
          thin(rows, minute),
          thin(thin(rows, minute), quarter),
          thin(thin(thin(rows, minute), quarter), hour),
        ]) {
          expect(thinnedTotals(thinned)).toEqual(totals(rows));
        }
        const direct = thin(rows, hour);
        const sorted = (each: ReturnType<typeof thin>) => each.toSorted((a, b) => a.at - b.at);
        expect(sorted(thin(thin(rows, quarter), hour))).toEqual(sorted(direct));
      }),
    );
  });

  it('gives one row for each step, in order', () => {
    const rows = [0, 15_000, 30_000, 60_000, 75_000].map((at, index) => ({
      at,
      figures: { load: index, heat: null },
    }));
    expect(thin(rows, 60_000)).toEqual([
      { at: 0, stepMs: 60_000, columns: { load: { min: 0, max: 2, sum: 3, count: 3 } } },
      { at: 60_000, stepMs: 60_000, columns: { load: { min: 3, max: 4, sum: 7, count: 2 } } },
    ]);
  });

  it('skips a rung that would save nothing, and ends at the hour', () => {
    const everyMinute = Array.from({ length: 30 }, (_, index) => ({
      at: index * 60_000,
      figures: { load: 1 },
    }));
    expect(climb(everyMinute, 0)?.map(({ stepMs }) => stepMs)).toEqual([900_000, 900_000]);
    const hours = thin(everyMinute, 3_600_000);
    expect(climb(hours, 3_600_000)).toBeNull();
  });
});

describe('room', () => {
  const room = { capBytes: 1_000, bytes: 0, rawRows: 0, coarsenableRows: 0, backfillRows: 0 };

  it('leaves everything alone until it runs short', () => {
    expect(planRoom({ ...room, bytes: 700, rawRows: 5_000 })).toEqual({ kind: 'none' });
  });

  it('thins an hour of raw rows first, then coarser ones, then the rest, and drops last', () => {
    const short = { ...room, bytes: 900, rawRows: 500, coarsenableRows: 500, backfillRows: 500 };
    expect(planRoom(short)).toMatchObject({ kind: 'thin', lane: 'metrics', rowsMax: 240 });
    expect(planRoom({ ...short, rawRows: 30 })).toMatchObject({ kind: 'thin', lane: 'backfill' });
    expect(planRoom({ ...short, rawRows: 30, coarsenableRows: 0 })).toEqual({
      kind: 'thin',
      lane: 'metrics',
      rowsMax: 30,
    });
    const coarsest = { ...short, rawRows: 3, coarsenableRows: 0 };
    expect(planRoom(coarsest)).toEqual({ kind: 'none' });
    const full = { ...coarsest, bytes: 1_001 };
    expect(planRoom(full)).toEqual({ kind: 'drop', lane: 'backfill' });
    expect(planRoom({ ...full, backfillRows: 0 })).toEqual({ kind: 'drop', lane: 'metrics' });
  });

  it('never thins more than there is', () => {
    fc.assert(
      fc.property(fc.nat(100_000), fc.nat(100_000), (rawRows, coarsenableRows) => {
        const step = planRoom({ ...room, bytes: 1_001, rawRows, coarsenableRows });
        if (step.kind !== 'thin') return;
        expect(step.rowsMax).toBeLessThanOrEqual(
          step.lane === 'metrics' ? rawRows : coarsenableRows,
        );
      }),
    );
  });
});

it('moves history out of the way only when there is much of it', () => {
  expect([0, 60, 299].map(rowsToMove)).toEqual([0, 0, 0]);
  expect([300, 17_280].map(rowsToMove)).toEqual([240, 17_220]);
});
