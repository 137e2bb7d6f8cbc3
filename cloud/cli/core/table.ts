/**
 * Rows of text as a table that fits a width: the widest columns give way first, none below what
 * still says something. Pure: what a cell looks like beyond its text is its tone.
 */
import { fitTo, harmless, padTo, widthOf } from './text.ts';

export type Tone = 'plain' | 'good' | 'bad' | 'waiting' | 'faint';
export type Cell = string | { text: string; tone: Tone };

export type Column<Row> = {
  title: string;
  of: (row: Row) => Cell;
  /** Never cut: an id that is cut is no id. */
  whole?: boolean;
};

export type Paint = (text: string, tone: Tone | 'title') => string;

const gap = '  ';
const cutWidthMin = 8;

const textOf = (cell: Cell): string => harmless(typeof cell === 'string' ? cell : cell.text);
const toneOf = (cell: Cell): Tone => (typeof cell === 'string' ? 'plain' : cell.tone);

/** Takes columns away one by one from the widest that may still give. */
export const fitWidths = (
  natural: readonly number[],
  mayGive: readonly boolean[],
  total: number,
): number[] => {
  const widths = [...natural];
  let over =
    widths.reduce((sum, width) => sum + width, 0) + gap.length * (widths.length - 1) - total;
  while (over > 0) {
    let widest = -1;
    for (const [index, width] of widths.entries()) {
      if (mayGive[index] !== true || width <= cutWidthMin) continue;
      if (widest === -1 || width > (widths[widest] ?? 0)) widest = index;
    }
    if (widest === -1) break;
    widths[widest] = (widths[widest] ?? 0) - 1;
    over -= 1;
  }
  return widths;
};

/** Lines of the table, its titles first; `width` null cuts nothing (a pipe, a file). */
export const tableLines = <Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  options: { width: number | null; paint: Paint; titles: boolean },
): string[] => {
  const cells = rows.map((row) => columns.map((column) => column.of(row)));
  const natural = columns.map(({ title }, index) =>
    Math.max(title.length, ...cells.map((line) => widthOf(textOf(line[index] ?? '')))),
  );
  const mayGive = columns.map(({ whole }) => whole !== true);
  const widths = options.width === null ? natural : fitWidths(natural, mayGive, options.width);
  const line = (parts: readonly { text: string; tone: Tone | 'title' }[]): string =>
    parts
      .map(({ text, tone }, index) => {
        const width = widths[index] ?? 0;
        const shown = fitTo(text, width);
        const padded = index === parts.length - 1 ? '' : padTo(shown, width).slice(shown.length);
        return options.paint(shown, tone) + padded;
      })
      .join(gap)
      .trimEnd();
  const titles = columns.map(({ title }) => ({ text: title, tone: 'title' as const }));
  return [
    ...(options.titles ? [line(titles)] : []),
    ...cells.map((row) => line(row.map((cell) => ({ text: textOf(cell), tone: toneOf(cell) })))),
  ];
};
