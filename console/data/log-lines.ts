/**
 * The lines of a log that a page holds: bounded, the oldest leave first; filtered for the eye, and as
 * a file. Pure.
 */
export type LogEntry =
  | { at: string; output: 'stdout' | 'stderr'; text: string }
  | { leftOut: number }
  | { at: string; note: string };

export type LogLine = { id: number; entry: LogEntry };
export type LogLines = {
  lines: readonly LogLine[];
  nextId: number;
  /** Lines that left because there were too many. */
  gone: number;
};

/** More than a person scrolls through, and little memory. */
export const linesMax = 3_000;
/** How far back a line is looked for that a new stream tells again. */
const overlapMax = 1_000;

export const noLines: LogLines = { lines: [], nextId: 0, gone: 0 };

const sameText = (one: LogEntry, other: LogEntry): boolean =>
  'text' in one &&
  'text' in other &&
  one.at === other.at &&
  one.output === other.output &&
  one.text === other.text;

export const addEntries = (
  { lines, nextId, gone }: LogLines,
  entries: readonly LogEntry[],
  /** What was held when this stream was opened: its first lines were perhaps told before. */
  before: readonly LogLine[] = [],
): LogLines => {
  const recent = before.slice(-overlapMax);
  const fresh = entries.filter((entry) => !recent.some((line) => sameText(line.entry, entry)));
  const all = [...lines, ...fresh.map((entry, index) => ({ id: nextId + index, entry }))];
  const over = Math.max(0, all.length - linesMax);
  return { lines: all.slice(over), nextId: nextId + fresh.length, gone: gone + over };
};

const notes: Readonly<Record<string, string>> = {
  stopped: 'The container stopped.',
  started: 'The container started.',
  replaced: 'Another container took its place.',
  'engine-away': 'The container engine does not answer.',
};

export const noteOf = (entry: Exclude<LogEntry, { text: string }>): string =>
  'leftOut' in entry
    ? `${entry.leftOut} ${entry.leftOut === 1 ? 'line' : 'lines'} left out: they came faster than they can be shown.`
    : (notes[entry.note] ?? 'Something happened to the container.');

/** Those that hold all of the words, in any case; what is no line stays where it was. */
export const matching = (lines: readonly LogLine[], words: string): readonly LogLine[] => {
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
  if (wanted.length === 0) return lines;
  return lines.filter(
    ({ entry }) =>
      'text' in entry && wanted.every((word) => entry.text.toLowerCase().includes(word)),
  );
};

export const newestAt = ({ lines }: LogLines): string | null => {
  const newest = lines.findLast(({ entry }) => 'text' in entry)?.entry;
  return newest !== undefined && 'text' in newest ? newest.at : null;
};

export const asText = (lines: readonly LogLine[]): string =>
  lines
    .map(({ entry }) =>
      'text' in entry ? `${entry.at} ${entry.output} ${entry.text}\n` : `--- ${noteOf(entry)}\n`,
    )
    .join('');
