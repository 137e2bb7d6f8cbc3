/**
 * Whether the machine's clock is plainly wrong, and to what it may be raised: signed times are a
 * floor, so a clock far below them has stood still or begun anew. Pure. Nothing here ever sets a
 * clock back, and a clock that is ahead is no business of the floor's.
 */
export type Clock =
  | { kind: 'fine' }
  /** `raiseToMs` is null when the floor itself can't be believed so far. */
  | { kind: 'behind'; floorMs: number; raiseToMs: number | null };

/** A clock this far below what was signed already is no clock; less may be a wrong time zone. */
export const clockSlackMs = 24 * 3_600_000;
/** No device outlives its agent's build by more: whoever signs a later time has stolen a key. */
export const clockBeyondBuildMaxMs = 15 * 365 * 24 * 3_600_000;

export const isClockBehind = (nowMs: number, floorMs: number): boolean =>
  nowMs < floorMs - clockSlackMs;

export const judgeClock = (known: { nowMs: number; floorMs: number; builtAtMs: number }): Clock => {
  const { nowMs, floorMs, builtAtMs } = known;
  if (!isClockBehind(nowMs, floorMs)) return { kind: 'fine' };
  const raiseToMs = floorMs <= builtAtMs + clockBeyondBuildMaxMs ? floorMs : null;
  return { kind: 'behind', floorMs, raiseToMs };
};
