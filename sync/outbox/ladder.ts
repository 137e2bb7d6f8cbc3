/**
 * The metrics ladder: what a device that is cut off for long keeps of its samples. Raw ones first;
 * when room runs short the oldest are summed up over 1 minute, then 15, then an hour, keeping
 * minimum, maximum, sum and count, so that nothing a chart shows is invented. Pure: it says which
 * rows to sum up or give up; the store does it. Rows that a frame may hold are never summed up:
 * the cloud could have them already, and would count them twice.
 */

/** A sample as it was taken; a reading that could not be had is null. */
export type Sample = { at: number; figures: Readonly<Record<string, number | null>> };

export type Summary = { min: number; max: number; sum: number; count: number };

/** All samples of `stepMs` from `at` on, column by column; a column without a reading is left out. */
export type Thinned = {
  at: number;
  stepMs: number;
  columns: Readonly<Record<string, Summary>>;
};

export const ladderStepsMs = [60_000, 900_000, 3_600_000] as const;

/** Null on the last rung. */
export const nextStepMs = (stepMs: number): number | null =>
  ladderStepsMs.find((each) => each > stepMs) ?? null;

const summaryOf = (value: number): Summary => ({ min: value, max: value, sum: value, count: 1 });

const joined = (left: Summary, right: Summary): Summary => ({
  min: Math.min(left.min, right.min),
  max: Math.max(left.max, right.max),
  sum: left.sum + right.sum,
  count: left.count + right.count,
});

const columnsOf = (row: Sample | Thinned): [string, Summary][] =>
  'columns' in row
    ? Object.entries(row.columns)
    : Object.entries(row.figures).flatMap(([name, value]) =>
        value === null ? [] : [[name, summaryOf(value)] as [string, Summary]],
      );

/** One row for each step of the device's clock, in the order in which the steps first appear. */
export const thin = (rows: readonly (Sample | Thinned)[], stepMs: number): Thinned[] => {
  const steps = new Map<number, Record<string, Summary>>();
  for (const row of rows) {
    const at = Math.floor(row.at / stepMs) * stepMs;
    const columns = steps.get(at) ?? {};
    for (const [name, summary] of columnsOf(row)) {
      const before = columns[name];
      columns[name] = before === undefined ? summary : joined(before, summary);
    }
    steps.set(at, columns);
  }
  return [...steps].map(([at, columns]) => ({ at, stepMs, columns }));
};

/** Up to the first rung that halves the rows at least; null when no rung is left. */
export const climb = (rows: readonly (Sample | Thinned)[], stepMs: number): Thinned[] | null => {
  const next = nextStepMs(stepMs);
  if (next === null) return null;
  const thinned = thin(rows, next);
  if (thinned.length * 2 <= rows.length || nextStepMs(next) === null) return thinned;
  return climb(rows, next);
};

export type Room = {
  capBytes: number;
  /** Both lanes together. */
  bytes: number;
  /** Rows of `metrics` that no frame ever held, but for the newest ones. */
  rawRows: number;
  /** The first rows of `backfill` that no frame ever held and that have a rung left; 0 when none. */
  coarsenableRows: number;
  backfillRows: number;
};

export type RoomStep =
  | { kind: 'none' }
  | { kind: 'thin'; lane: 'metrics' | 'backfill'; rowsMax: number }
  | { kind: 'drop'; lane: 'metrics' | 'backfill' };

/** Summing up begins before the cap, so that dropping is the last resort. */
const thinFrom = 0.7;
/** One commit's worth: about 80 ms of a small processor, and flash pages that are written once. */
const blockRowsMax = 4_000;
const blockShare = 1 / 16;
/** An hour of samples; fewer wait for more, because each block leaves a gap line behind. */
const rawBlockRows = 240;
const rawRowsMin = 16;

export const isShort = ({ bytes, capBytes }: Pick<Room, 'bytes' | 'capBytes'>): boolean =>
  bytes > capBytes * thinFrom;

/** Finest first: an hour of raw samples, then what was summed up before, then whatever is raw. */
export const planRoom = (room: Room): RoomStep => {
  const { rawRows, coarsenableRows } = room;
  const thinRaw = (rowsMax: number): RoomStep => ({
    kind: 'thin',
    lane: 'metrics',
    rowsMax: Math.min(blockRowsMax, rowsMax, rawRows),
  });
  if (!isShort(room)) return { kind: 'none' };
  if (rawRows >= rawBlockRows) {
    return thinRaw(Math.max(rawBlockRows, Math.ceil(rawRows * blockShare)));
  }
  if (coarsenableRows > 0) {
    return { kind: 'thin', lane: 'backfill', rowsMax: Math.min(blockRowsMax, coarsenableRows) };
  }
  if (rawRows >= rawRowsMin) return thinRaw(rawRows);
  if (room.bytes <= room.capBytes) return { kind: 'none' };
  return { kind: 'drop', lane: room.backfillRows > 1 ? 'backfill' : 'metrics' };
};

/** What stays in `metrics` when the link is back: about 15 minutes, one frame, shown at once. */
export const newestRows = 60;
/** Fewer than an hour's rows are not worth moving: in order they arrive within seconds. */
const moveRowsMin = 240;
export const moveBlockRows = 2_000;

/**
 * The link is back: how many of the oldest never-sent rows move to `backfill`, so that the newest
 * samples need not wait for weeks of history. 0 when they may go in order.
 */
export const rowsToMove = (neverSentRows: number): number =>
  neverSentRows < moveRowsMin + newestRows ? 0 : neverSentRows - newestRows;
