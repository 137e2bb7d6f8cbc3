/**
 * In which hour a row counts. The device's clock says so, unless it cannot be right: ahead of ours,
 * or older than anything a device keeps. Such a row counts in the hour in which it arrived, as the
 * table shows for ever after: device time and received time are both kept. Pure;
 * `telemetry.placed_hour` in Postgres says the same, and a test holds the two together.
 */
const hourMs = 3_600_000;
/** A device's clock may run ahead of ours by so much and still be believed. */
export const aheadMsMax = 600_000;
/** Longer than any device keeps what it could not send. */
export const behindMsMax = 9_600 * hourMs;

export const isPlausible = (at: number, receivedAt: number): boolean =>
  at >= receivedAt - behindMsMax && at <= receivedAt + aheadMsMax;

export const placedHourOf = (at: number, receivedAt: number): number => {
  const placed = isPlausible(at, receivedAt) ? at : receivedAt;
  return placed - (placed % hourMs);
};

/** Rows of one frame that lie in one hour: what they are called, and between which device times. */
export type Mark = {
  hour: number;
  atFrom: number;
  atTo: number;
  fromSeq: number;
  toSeq: number;
};

/** Each row of a frame is in exactly one of its marks: the one of its hour. */
export const marksOf = (
  rows: Iterable<{ seq: number; at: number }>,
  receivedAt: number,
): Mark[] => {
  const marks = new Map<number, Mark>();
  for (const { seq, at } of rows) {
    const hour = placedHourOf(at, receivedAt);
    const mark = marks.get(hour);
    if (mark === undefined) {
      marks.set(hour, { hour, atFrom: at, atTo: at, fromSeq: seq, toSeq: seq });
      continue;
    }
    if (at < mark.atFrom) mark.atFrom = at;
    if (at > mark.atTo) mark.atTo = at;
    mark.toSeq = seq;
  }
  return [...marks.values()];
};
