/**
 * What happened, as one running hash: two runs of a seed must end with the same. The text of it is
 * kept only when somebody wants to read it. Words are hashed once and remembered.
 */
export type Trace = {
  note(what: string, who: number, detail: number): void;
  /** Hash of everything noted so far, 16 hex digits. */
  hash(): string;
  lines: readonly string[];
  last(count: number): string[];
};

export const createTrace = (options: { now: () => number; keep: boolean }): Trace => {
  let high = 0x9e3779b9 | 0;
  let low = 0x243f6a88 | 0;
  const words = new Map<string, number>();
  const lines: string[] = [];
  const wordOf = (text: string): number => {
    const known = words.get(text);
    if (known !== undefined) return known;
    let hash = 2_166_136_261;
    for (let index = 0; index < text.length; index += 1) {
      hash = Math.imul(hash ^ text.charCodeAt(index), 16_777_619);
    }
    words.set(text, hash);
    return hash;
  };
  const mix = (value: number): void => {
    low = Math.imul(low ^ value, 0x85ebca6b);
    low ^= low >>> 13;
    high = Math.imul(high ^ low, 0xc2b2ae35) + value;
    high ^= high >>> 16;
  };
  return {
    lines,
    note: (what, who, detail) => {
      const now = options.now();
      mix(wordOf(what) ^ who);
      mix((now * 1_000) | 0);
      mix(detail | 0);
      if (options.keep)
        lines.push(`${(now / 1_000).toFixed(3).padStart(12)} ${what} ${who} ${detail}`);
    },
    hash: () =>
      (high >>> 0).toString(16).padStart(8, '0') + (low >>> 0).toString(16).padStart(8, '0'),
    last: (count) => lines.slice(-count),
  };
};
