/**
 * Finds samples that no frame ever held: all that came after the lane was held. Rows that were
 * looked at and have no use are passed for good, so looking costs what is new. It changes nothing.
 */
import type { BackfillBody } from '@signalbeam/sync/wire/rows';
import type { LaneRow } from './lane-statements.ts';
import type { LaneStore } from './lanes.ts';

export type SampleLane = 'metrics' | 'backfill';
export type SampleRow = { seq: number; at: number; body: BackfillBody };

/** Rows looked at for one question: about 100 ms of a small processor. */
const lookedMax = 8_000;

const isGap = ({ line }: LaneRow): boolean => line.startsWith('{"gap":');

/** 0 for a sample as it was taken. */
export const stepOf = ({ body }: SampleRow): number => ('stepMs' in body ? body.stepMs : 0);

export const createNeverSent = (queue: LaneStore) => {
  const passed: Record<SampleLane, number> = { metrics: 0, backfill: 0 };

  /** Null while every row may be in a frame. */
  const startOf = (lane: SampleLane): number | null => {
    const { releasedSeq, ackedSeq } = queue.head(lane);
    return releasedSeq === null ? null : Math.max(passed[lane], releasedSeq, ackedSeq);
  };

  /** The first row that `wanted` takes and those of the same step right after it; at most `rowsMax`. */
  const run = (
    lane: SampleLane,
    rowsMax: number,
    wanted: (row: SampleRow) => boolean,
  ): SampleRow[] => {
    for (let looked = 0; looked < lookedMax; looked += rowsMax) {
      const from = startOf(lane);
      const rows = from === null ? [] : queue.peek(lane, from, rowsMax);
      const last = rows.at(-1);
      if (from === null || last === undefined) return [];
      const read = rows.map((row) =>
        isGap(row) || row.firstSeq <= from ? null : (JSON.parse(row.line) as SampleRow),
      );
      const start = read.findIndex((row) => row !== null && wanted(row));
      const first = read[start];
      if (start === 0 && first != null) return sameStep(read, stepOf(first));
      passed[lane] = first == null ? last.seq : (rows[start - 1]?.seq ?? from);
    }
    return [];
  };

  return {
    run,
    /** Raw rows never sent: they are contiguous up to the lane's end. */
    rawRows: (): number => {
      const [first] = run('metrics', 64, () => true);
      return first === undefined ? 0 : queue.head('metrics').lastSeq - first.seq + 1;
    },
    /** The lanes were numbered anew. */
    forget: (): void => {
      passed.metrics = 0;
      passed.backfill = 0;
    },
  };
};

const sameStep = (rows: readonly (SampleRow | null)[], stepMs: number): SampleRow[] => {
  const end = rows.findIndex((row) => row === null || stepOf(row) !== stepMs);
  return rows.slice(0, end === -1 ? undefined : end) as SampleRow[];
};
