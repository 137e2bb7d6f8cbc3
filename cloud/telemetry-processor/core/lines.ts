/**
 * Walks the lines of a frame in order: numbers each, follows the running hash, and tells gap lines
 * from rows. A row that its reader does not take still counts, because its device wrote and hashed
 * it. Pure: how lines are read and hashed is handed in.
 */
export type Gap<Reason extends string> = { from: number; to: number; reason: Reason; hash: string };
export type ReadGap<Reason extends string> =
  | { kind: 'parsed'; value: { gap: Gap<Reason> } }
  | { kind: 'refused'; reason: string };

export type LineReader<Reason extends string> = {
  readGap: (line: string) => ReadGap<Reason>;
  onGap: (index: number, gap: Gap<Reason>) => void;
  onRow: (index: number, line: string, seq: number) => void;
  extend: (before: string, line: string) => string;
};

export type WalkedLines =
  | { kind: 'walked'; ends: number[]; hashes: string[] }
  | { kind: 'refused'; reason: string };

export const walkLines = <Reason extends string>(
  header: { firstSeq: number; lastSeq: number; before: string },
  lines: readonly string[],
  reader: LineReader<Reason>,
): WalkedLines => {
  const ends: number[] = [];
  const hashes: string[] = [];
  let hash = header.before;
  let due = header.firstSeq;
  for (const [index, line] of lines.entries()) {
    if (line.startsWith('{"gap":')) {
      const read = reader.readGap(line);
      if (read.kind === 'refused') {
        return { kind: 'refused', reason: `gap line ${index}: ${read.reason}` };
      }
      const { gap } = read.value;
      if (gap.from !== due || gap.to < gap.from) {
        return { kind: 'refused', reason: `gap line ${index} is out of order` };
      }
      reader.onGap(index, gap);
      due = gap.to;
      hash = gap.hash;
    } else {
      reader.onRow(index, line, due);
      hash = reader.extend(hash, line);
    }
    ends.push(due);
    hashes.push(hash);
    due += 1;
  }
  if (due !== header.lastSeq + 1) {
    const reason = `it says it ends at ${header.lastSeq} and ends at ${due - 1}`;
    return { kind: 'refused', reason };
  }
  return { kind: 'walked', ends, hashes };
};
