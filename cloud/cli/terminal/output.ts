/**
 * How answers are printed: for people as tables and sentences, for programs as the API's own JSON on
 * standard output and nothing else there. Hints and progress go to standard error.
 */
import { styleText } from 'node:util';
import { type Column, type Paint, type Tone, tableLines } from '../core/table.ts';
import { harmless } from '../core/text.ts';
import type { Surroundings } from '../surroundings.ts';

export type OutputFlags = { json?: boolean | undefined; jsonl?: boolean | undefined };
type Style = Parameters<typeof styleText>[0];

const styles: Readonly<Record<Tone | 'title', Style | null>> = {
  plain: null,
  good: 'green',
  bad: 'red',
  waiting: 'yellow',
  faint: 'dim',
  title: 'bold',
};

/** https://no-color.org: set and not empty means none. */
const hasColour = ({ reads, environment }: Surroundings): boolean =>
  reads && (environment['NO_COLOR'] ?? '') === '' && environment['TERM'] !== 'dumb';

export type Output = ReturnType<typeof createOutput>;

export const createOutput = (flags: OutputFlags, surroundings: Surroundings) => {
  const { out, err, columns, reads } = surroundings;
  const colour = hasColour(surroundings);
  const paint: Paint = (text, tone) => {
    const style = styles[tone];
    return colour && style !== null ? styleText(style, text, { validateStream: false }) : text;
  };
  const forPrograms = flags.json === true || flags.jsonl === true;
  const width = reads ? (columns ?? 80) : null;
  const table = <Row>(shown: readonly Column<Row>[], rows: readonly Row[], titles = true): void => {
    for (const line of tableLines(shown, rows, { width, paint, titles })) out(`${line}\n`);
  };
  return {
    forPrograms,
    reads,
    paint,
    table,
    /** To people only: what a program would read instead is in the answer. */
    say: (sentence: string): void => {
      if (!forPrograms) out(`${sentence}\n`);
    },
    hint: (sentence: string): void => {
      if (!forPrograms) err(`${sentence}\n`);
    },
    /** One thing: its JSON, or `lines` of name and value. */
    one: (value: unknown, lines: readonly (readonly [string, string])[]): void => {
      if (forPrograms) {
        out(`${JSON.stringify(value, null, flags.json === true ? 2 : 0)}\n`);
        return;
      }
      const widest = Math.max(0, ...lines.map(([name]) => name.length));
      for (const [name, text] of lines) {
        out(`${paint(name.padEnd(widest), 'title')}  ${harmless(text)}\n`.trimStart());
      }
    },
    /** Pages as they come; JSON waits for all of them, as it is one document. */
    list: async <Row>(
      shown: readonly Column<Row>[],
      pages: AsyncIterable<readonly Row[]>,
      none: string,
    ): Promise<void> => {
      const all: Row[] = [];
      let count = 0;
      for await (const page of pages) {
        if (flags.json === true) all.push(...page);
        else if (flags.jsonl === true) for (const row of page) out(`${JSON.stringify(row)}\n`);
        else if (page.length > 0) table(shown, page, count === 0);
        count += page.length;
      }
      if (flags.json === true) out(`${JSON.stringify(all, null, 2)}\n`);
      else if (count === 0 && flags.jsonl !== true) err(`${none}\n`);
    },
  };
};
