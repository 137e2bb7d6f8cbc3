/**
 * What may stand next on a command line that is being written: nouns, verbs, flags, and the values
 * of those that have few. The shells ask this (../commands/completion.ts); it knows nothing of them.
 */
import { commonFlags, type Described, type FlagSpec, nounOf } from './described.ts';

const starting = (candidates: readonly string[], begun: string): string[] =>
  [...new Set(candidates)].filter((candidate) => candidate.startsWith(begun));

/** The longest name that the words begin with. */
const commandOf = (all: readonly Described[], words: readonly string[]): Described | undefined =>
  all.find(({ name }) => name === words.slice(0, 2).join(' ')) ??
  all.find(({ name }) => name === words[0]);

/** `words` are those after the program's name; the last one is being written and may be empty. */
export const complete = (all: readonly Described[], words: readonly string[]): string[] => {
  const begun = words.at(-1) ?? '';
  const before = words.slice(0, -1);
  const command = commandOf(all, before);
  if (command === undefined) {
    const [noun] = before;
    if (noun === undefined)
      return starting(
        all.map(({ name }) => nounOf(name)),
        begun,
      );
    const own = all.filter(({ name }) => nounOf(name) === noun);
    return before.length > 1
      ? []
      : starting(
          own.map(({ name }) => name.split(' ')[1] ?? ''),
          begun,
        );
  }
  const flags: Readonly<Record<string, FlagSpec>> = { ...command.flags, ...commonFlags };
  const last = before.at(-1) ?? '';
  const asked = last.startsWith('--') ? flags[last.slice(2)] : undefined;
  if (asked?.type === 'string') return starting(asked.choices ?? [], begun);
  if (begun.startsWith('-')) {
    return starting(
      Object.keys(flags).map((name) => `--${name}`),
      begun,
    );
  }
  return starting(
    command.words.flatMap(({ choices }) => choices ?? []),
    begun,
  );
};
