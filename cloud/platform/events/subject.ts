/** NATS subjects and the filters that name some of them. Pure. */

/** `*` stands for one word, `>` at the end for one or more. */
export const matchesSubject = (subject: string, filter: string): boolean => {
  const given = subject.split('.');
  const wanted = filter.split('.');
  return (
    wanted.every((token, index) =>
      token === '>'
        ? given.length > index
        : token === '*'
          ? index in given
          : token === given[index],
    ) &&
    (wanted.at(-1) === '>' || wanted.length === given.length)
  );
};

/** How many words a filter says something about when what is behind them may be anything. */
const wordsBefore = (filter: string[], lengths: ReadonlySet<number>): number => {
  if (filter.at(-1) === '>') return filter.length - 1;
  return lengths.size === 1 ? filter.length : filter.length - 1;
};

/** The narrowest single filter that lets through whatever one of these does. */
export const filterOfAll = (filters: readonly string[]): string => {
  const words = filters.map((filter) => filter.split('.'));
  const isOpen = words.some((each) => each.at(-1) === '>');
  const lengths = new Set(words.map((each) => each.length));
  const count = Math.min(...words.map((each) => wordsBefore(each, lengths)));
  const common = (words[0] ?? []).slice(0, count).map((word, index) => {
    return words.every((each) => each[index] === word) ? word : '*';
  });
  return [...common, ...(isOpen || lengths.size > 1 ? ['>'] : [])].join('.');
};
