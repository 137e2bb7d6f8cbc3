/**
 * Everything any device ever wrote, by name: `(device, lane, epoch, seq)` and the line it stands for.
 * It is what the checks hold against what Postgres has. It sees all and decides nothing.
 */
export type Ledger = {
  /** False when the name already stands for another line. */
  write(key: string, seq: number, line: string): boolean;
  /** Whether some device wrote exactly this under this name. */
  wrote(key: string, seq: number, line: string): boolean;
  /** Highest sequence ever written in this epoch. */
  last(key: string): number;
  rows(): number;
};

export const createLedger = (): Ledger => {
  const epochs = new Map<string, (string | string[])[]>();
  let rows = 0;
  return {
    write: (key, seq, line) => {
      let lines = epochs.get(key);
      if (lines === undefined) {
        lines = [];
        epochs.set(key, lines);
      }
      rows += 1;
      const known = lines[seq];
      if (known === undefined) {
        lines[seq] = line;
        return true;
      }
      if (known === line || (Array.isArray(known) && known.includes(line))) return true;
      lines[seq] = Array.isArray(known) ? [...known, line] : [known, line];
      return false;
    },
    wrote: (key, seq, line) => {
      const known = epochs.get(key)?.[seq];
      return known === line || (Array.isArray(known) && known.includes(line));
    },
    last: (key) => (epochs.get(key)?.length ?? 1) - 1,
    rows: () => rows,
  };
};
