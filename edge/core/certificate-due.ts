/**
 * When the device asks for its next certificate: when two thirds of the last one's life are over, by
 * the device's own clock. A clock that is wrong asks early or late, and never more than once a day.
 */
export type Life = { fromMs: number; toMs: number };

const dayMs = 86_400_000;

/** How long to wait from now; 0: it is due. `askedMs` is when it was last asked for, if ever. */
export const certificateDueInMs = (
  held: Life | null,
  nowMs: number,
  askedMs: number | null,
): number => {
  if (held === null) return 0;
  const dueMs = held.fromMs + ((held.toMs - held.fromMs) * 2) / 3;
  const soonestMs = askedMs === null ? nowMs : askedMs + dayMs;
  // Before its beginning: the clock has gone back, and says nothing of the certificate's age.
  if (nowMs < held.fromMs) return dayMs;
  return Math.max(0, Math.max(dueMs, soonestMs) - nowMs);
};
