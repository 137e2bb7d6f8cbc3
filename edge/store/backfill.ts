/**
 * The two lanes of samples in `queue.db` as one queue: what `sync/outbox/ladder` decides is done
 * here. Invariant: only rows that no frame ever held are moved or summed up, in one commit with the
 * gap line that says so, so no sample reaches the cloud twice. Not the sender.
 */
import {
  climb,
  isShort,
  moveBlockRows,
  newestRows,
  nextStepMs,
  planRoom,
  rowsToMove,
  type Sample,
  type Thinned,
} from '@signalbeam/sync/outbox/ladder';
import { metricNames, type ThinnedBody } from '@signalbeam/sync/wire/rows';
import type { LaneStore, NewRow } from './lanes.ts';
import { createNeverSent, type SampleLane, type SampleRow, stepOf } from './never-sent.ts';

const coarsenableRowsMax = 4_000;
/** Sums of readings with one decimal collect noise in the fifteenth digit, which does not compress. */
const rounded = (value: number): number => Math.round(value * 1_000) / 1_000;

const toLadder = ({ at, body }: SampleRow): Sample | Thinned => {
  if (!('stepMs' in body)) return { at, figures: body };
  const columns = body.columns.flatMap((column, index) => {
    const name = metricNames[index];
    if (column === null || name === undefined) return [];
    const [min, max, sum, count] = column;
    return [[name, { min, max, sum, count }] as const];
  });
  return { at, stepMs: body.stepMs, columns: Object.fromEntries(columns) };
};

const fromLadder = ({ at, stepMs, columns }: Thinned): NewRow => {
  const body: ThinnedBody = {
    stepMs: stepMs as ThinnedBody['stepMs'],
    columns: metricNames.map((name) => {
      const column = columns[name];
      if (column === undefined) return null;
      return [column.min, column.max, rounded(column.sum), column.count];
    }),
  };
  return { at, body };
};

const isCoarsenable = (row: SampleRow): boolean => nextStepMs(stepOf(row)) !== null;
const always = (): boolean => true;

export const createBackfill = (
  queue: LaneStore,
  now: () => number,
  { capBytes, soon }: { capBytes: number; soon: (run: () => void) => unknown },
) => {
  const nextTurn = (): Promise<void> => new Promise((resolve) => void soon(resolve));
  const neverSent = createNeverSent(queue);
  let open = false;

  const replace = (
    lane: SampleLane,
    rows: readonly SampleRow[],
    into: readonly NewRow[],
    reason: 'moved' | 'thinned',
  ): void => {
    const [first, last] = [rows[0], rows.at(-1)];
    if (first === undefined || last === undefined) return;
    queue.giveUpBetween(lane, { fromSeq: first.seq, toSeq: last.seq }, reason, now());
    queue.append('backfill', into);
  };
  const thinBlock = (lane: SampleLane, rowsMax: number): void => {
    const rows = neverSent.run(lane, rowsMax, lane === 'metrics' ? always : isCoarsenable);
    const [first] = rows;
    const thinned = first === undefined ? null : climb(rows.map(toLadder), stepOf(first));
    if (thinned !== null) replace(lane, rows, thinned.map(fromLadder), 'thinned');
  };

  return {
    closed: (): void => {
      open = false;
    },
    /** Part of the commit that adds rows: while the link is cut, these are in no frame. */
    holdIfCut: (): void => {
      if (open) return;
      queue.hold('metrics');
      queue.hold('backfill');
    },
    /** Part of the same commit. Names the lane whose oldest rows have to go, if nothing else helps. */
    makeRoom: (): SampleLane | null => {
      const { bytes: backfillBytes, rows: backfillRows } = queue.backlog('backfill');
      const bytes = backfillBytes + queue.backlog('metrics').bytes;
      if (!isShort({ bytes, capBytes })) return null;
      const rawRows = Math.max(0, neverSent.rawRows() - newestRows);
      const coarsenable = neverSent.run('backfill', coarsenableRowsMax, isCoarsenable);
      const coarsenableRows = coarsenable.length;
      const step = planRoom({ capBytes, bytes, rawRows, coarsenableRows, backfillRows });
      if (step.kind === 'thin') thinBlock(step.lane, step.rowsMax);
      return step.kind === 'drop' ? step.lane : null;
    },
    /**
     * The link is back: history makes way for the newest rows, a block at a time so that nothing
     * else has to wait, then every row may go. It stops where it is when the link is lost again.
     */
    opened: async (): Promise<void> => {
      open = true;
      let left = rowsToMove(neverSent.rawRows());
      while (left > 0 && open) {
        const rows = neverSent.run('metrics', Math.min(left, moveBlockRows), always);
        if (rows.length === 0) break;
        const moved = rows.map(({ at, body }) => ({ at, body }));
        queue.group(() => replace('metrics', rows, moved, 'moved'));
        left -= rows.length;
        await nextTurn();
      }
      if (!open) return;
      queue.release('metrics');
      queue.release('backfill');
    },
    renumbered: neverSent.forget,
  };
};
