/** What all lists share: how many are shown, and the word that there are more. */
import type { Context } from '../command.ts';
import type { Column } from '../core/table.ts';
import { UsageError } from '../exit.ts';

type ListValues = { limit?: string; all?: boolean };

const limitDefault = 100;
/** The most that the API gives at once. */
const pageSize = 200;

export const wholeNumber = (text: string, flag: string, max = 1_000_000): number => {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= 1 && value <= max) return value;
  throw new UsageError(`--${flag} is a whole number from 1 to ${max}, not \`${text}\`.`);
};

const wanted = ({ limit, all }: ListValues): number => {
  if (all === true && limit !== undefined) throw new UsageError('Say --limit or --all, not both.');
  if (all === true) return Number.POSITIVE_INFINITY;
  return limit === undefined ? limitDefault : wholeNumber(limit, 'limit');
};

async function* upTo<Row>(
  pages: AsyncIterable<Row[]>,
  max: number,
  onMore: () => void,
): AsyncGenerator<Row[]> {
  let left = max;
  for await (const page of pages) {
    if (left === 0) {
      if (page.length > 0) onMore();
      return;
    }
    yield page.slice(0, left);
    if (page.length > left) {
      onMore();
      return;
    }
    left -= page.length;
  }
}

/** The page size to ask for: one more than wanted tells whether there are more. */
export const pageLimit = (values: ListValues): number => Math.min(pageSize, wanted(values) + 1);

export const printList = <Row>(
  { output }: Context,
  values: ListValues,
  list: { columns: readonly Column<Row>[]; pages: AsyncIterable<Row[]>; none: string },
): Promise<void> => {
  const max = wanted(values);
  const more = () => output.hint(`These are the first ${max}; --limit N or --all for more.`);
  return output.list(list.columns, upTo(list.pages, max, more), list.none);
};
