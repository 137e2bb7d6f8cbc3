/**
 * Everything any device ever wrote, by name: `(device, lane, epoch, seq)` and the line it stands for.
 * It is what the checks hold against what Postgres has. It sees all and decides nothing.
 */
export type Ledger = {
  /** False when the name already stands for another line. */
  write(key: string, seq: number, line: string): boolean;
  /** Whether some device wrote exactly this under this name. */
  wrote(key: string, seq: number, line: string): boolean;
  /** Postgres took this line; what a restore undoes later was taken all the same. */
  commit(key: string, seq: number, line: string): void;
  /** Whether Postgres ever took exactly this line under this name. */
  committed(key: string, seq: number, line: string): boolean;
  /** Highest sequence ever written in this epoch. */
  last(key: string): number;
  rows(): number;
};

/** By name and sequence: one line, or several where a disk was exchanged. */
type Book = Map<string, (string | string[])[]>;

/** False when the name already stands for another line. */
const enter = (book: Book, key: string, seq: number, line: string): boolean => {
  let lines = book.get(key);
  if (lines === undefined) {
    lines = [];
    book.set(key, lines);
  }
  const known = lines[seq];
  if (known === undefined) {
    lines[seq] = line;
    return true;
  }
  if (known === line || (Array.isArray(known) && known.includes(line))) return true;
  lines[seq] = Array.isArray(known) ? [...known, line] : [known, line];
  return false;
};

const holds = (book: Book, key: string, seq: number, line: string): boolean => {
  const known = book.get(key)?.[seq];
  return known === line || (Array.isArray(known) && known.includes(line));
};

export const createLedger = (): Ledger => {
  const written: Book = new Map();
  const taken: Book = new Map();
  let rows = 0;
  return {
    write: (key, seq, line) => {
      rows += 1;
      return enter(written, key, seq, line);
    },
    wrote: (key, seq, line) => holds(written, key, seq, line),
    commit: (key, seq, line) => void enter(taken, key, seq, line),
    committed: (key, seq, line) => holds(taken, key, seq, line),
    last: (key) => (written.get(key)?.length ?? 1) - 1,
    rows: () => rows,
  };
};
