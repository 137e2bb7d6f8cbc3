/** The words of help, from the table of commands: what there is, how each is used, by example. */
import { commonFlags, type Described, type FlagSpec, nounOf } from './described.ts';

const columns = (rows: readonly (readonly [string, string])[]): string => {
  const width = Math.max(0, ...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`.trimEnd()).join('\n');
};

const usageOf = ({ name, words, flags }: Described): string =>
  [
    name,
    ...words.map((word) => {
      const shown = word.many === true ? `${word.name}…` : word.name;
      return word.optional === true ? `[${shown}]` : shown;
    }),
    ...(Object.keys(flags).length > 0 ? ['[flags]'] : []),
  ].join(' ');

const flagRow = ([name, flag]: [string, FlagSpec]): readonly [string, string] => {
  const choices = flag.choices === undefined ? '' : `: ${flag.choices.join(', ')}`;
  const repeated = flag.multiple === true ? '; may be repeated' : '';
  const value = flag.type === 'string' ? ` ${flag.value ?? 'TEXT'}` : '';
  return [`--${name}${value}`, `${flag.about}${choices}${repeated}`];
};

const exampleLines = (program: string, examples: readonly string[]): string =>
  examples.map((example) => `  ${program} ${example}`).join('\n');

export const commandHelp = (program: string, command: Described): string =>
  [
    `${command.summary}.`,
    `Usage: ${program} ${usageOf(command)}`,
    ...(command.words.length === 0
      ? []
      : [columns(command.words.map(({ name, about }) => [name, about] as const))]),
    ...(Object.keys(command.flags).length === 0
      ? []
      : [`Flags:\n${columns(Object.entries(command.flags).map(flagRow))}`]),
    `With every command:\n${columns(Object.entries(commonFlags).map(flagRow))}`,
    `Examples:\n${exampleLines(program, command.examples)}`,
  ].join('\n\n');

/** Of a noun such as `devices`: its verbs, and three examples that show most of them. */
export const nounHelp = (program: string, noun: string, all: readonly Described[]): string => {
  const own = all.filter(({ name }) => nounOf(name) === noun);
  const examples = own.flatMap(({ examples: [first] }) => first ?? []).slice(0, 3);
  return [
    `Usage: ${program} ${noun} <verb> [flags]`,
    columns(own.map(({ name, summary }) => [name, summary] as const)),
    `Examples:\n${exampleLines(program, examples)}`,
    `\`${program} ${own[0]?.name} --help\` shows one of them whole.`,
  ].join('\n\n');
};

/** Each noun once, with the verbs that it has. */
export const nounLines = (all: readonly Described[]): string => {
  const nouns = new Map<string, string[]>();
  for (const { name, summary } of all) {
    const [noun = name, verb] = name.split(' ');
    const verbs = nouns.get(noun) ?? [];
    nouns.set(noun, [...verbs, verb ?? summary]);
  }
  return columns([...nouns].map(([noun, verbs]) => [noun, verbs.join(', ')] as const));
};
