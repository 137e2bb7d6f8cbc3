/** Where in a query its fault is: the query's text with carets below the part. */
import { fitTo, widthOf } from './text.ts';

export type Fault = { message: string; start?: number | undefined; end?: number | undefined };

const lineWidth = 76;

/** Two lines; `start` and `end` are in UTF-16 units, as the API says them. */
export const markFault = (query: string, { message, start = 0, end = start }: Fault): string[] => {
  const text = query.replaceAll(/\s/g, ' ');
  // A long query is shown from a little before the fault.
  const from = start > lineWidth - 20 ? start - 20 : 0;
  const lead = from > 0 ? '…' : '';
  const before = lead.length + widthOf(text.slice(from, start));
  const marked = Math.max(1, widthOf(text.slice(start, end)));
  return [
    lead + fitTo(text.slice(from), lineWidth),
    `${' '.repeat(before)}${'^'.repeat(Math.min(marked, lineWidth))} ${message}`,
  ];
};
