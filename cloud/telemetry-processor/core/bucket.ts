/**
 * How wide the points of a chart are: the narrowest of a list of round widths that gives at most
 * `maxPoints` over the range. Round widths keep points in place while a chart scrolls. Pure.
 */
const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

const widthsMs = [
  ...[1, 5, 10, 15, 30].map((count) => count * second),
  ...[1, 2, 5, 10, 15, 30].map((count) => count * minute),
  ...[1, 2, 3, 6, 12].map((count) => count * hour),
];

export const bucketMsOf = (fromMs: number, toMs: number, maxPoints: number): number => {
  // One more than the range needs: its ends may cut a bucket each.
  const narrowest = (toMs - fromMs) / Math.max(1, maxPoints - 1);
  const round = widthsMs.find((width) => width >= narrowest);
  return round ?? Math.ceil(narrowest / day) * day;
};
