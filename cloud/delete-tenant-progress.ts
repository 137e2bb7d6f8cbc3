/**
 * How far a deletion is, in lines for who waits for it: a line for each part that had something, with how many went and how
 * fast, and one every few seconds while a part takes long. Pure: it is given the time. Not a promise of how long it takes.
 */
export type Going = { of: string; rows: number };

const everyMs = 5_000;

/** `of` null: nothing has gone yet, or the last part was told. */
export type Told = { of: string | null; rows: number; sinceMs: number; toldMs: number };
export const nothingTold: Told = { of: null, rows: 0, sinceMs: 0, toldMs: 0 };

const count = (rows: number): string => Math.round(rows).toLocaleString('en');

const wordsOf = ({ of, rows, sinceMs }: Told, nowMs: number, more = ''): string => {
  const seconds = (nowMs - sinceMs) / 1_000;
  const pace = seconds < 1 ? '' : `, ${count(rows / seconds)} a second`;
  return `${of}: ${count(rows)} deleted${more} in ${seconds.toFixed(1)} s${pace}`;
};

/** The line for what was told of last, when that is over. */
export const endOf = (told: Told, nowMs: number): string[] =>
  told.of === null ? [] : [wordsOf(told, nowMs)];

/** Something more is gone; `beganMs` is when nothing of its part was. */
export const hear = (
  told: Told,
  { of, rows }: Going,
  { beganMs, nowMs }: { beganMs: number; nowMs: number },
): { told: Told; lines: string[] } => {
  const isSame = told.of === of;
  const lines = isSame ? [] : endOf(told, beganMs);
  const now: Told = isSame
    ? { ...told, rows: told.rows + rows }
    : { of, rows, sinceMs: beganMs, toldMs: beganMs };
  if (nowMs - now.toldMs < everyMs) return { told: now, lines };
  return { told: { ...now, toldMs: nowMs }, lines: [...lines, wordsOf(now, nowMs, ' so far')] };
};
