/**
 * One run of the program: finds the command, reads its line, does it, and says by its exit code how
 * that ended. Errors become a sentence, its code and the next step; a bug crashes.
 */
import { ProblemError } from '@signalbeam/client/problem';
import { FleetError } from '@signalbeam/sync/core/errors';
import { type Command, type Context, parseCommand } from './command.ts';
import { commands } from './commands/all.ts';
import { complete } from './core/complete.ts';
import { nounOf } from './core/described.ts';
import { commandHelp, nounHelp, nounLines } from './core/help.ts';
import { nearest } from './core/nearest.ts';
import { markFault } from './core/query-fault.ts';
import { harmless } from './core/text.ts';
import { type ExitCode, exitCodeOf, exitCodes, UsageError } from './exit.ts';
import { openSession } from './session/session.ts';
import type { Surroundings } from './surroundings.ts';
import { createOutput } from './terminal/output.ts';

/** The first words that this program has commands for. */
export const nouns: ReadonlySet<string> = new Set(commands.map(({ name }) => nounOf(name)));

export const operatorHelp = (): string => nounLines(commands);

const find = (args: readonly string[]): { command: Command; rest: string[] } | undefined => {
  for (const count of [2, 1]) {
    const name = args.slice(0, count).join(' ');
    const found = commands.find((each) => each.name === name);
    if (found !== undefined) return { command: found, rest: args.slice(count) };
  }
  return undefined;
};

const confirmIn =
  ({ answers, ask, err }: Surroundings): Context['confirm'] =>
  async (what, yes) => {
    if (yes === true) return;
    if (!answers) {
      throw new UsageError(`${what} There is nobody to ask: say --yes if it shall be done.`);
    }
    const answer = await ask(`${harmless(what)} Type yes to do it: `);
    if (answer.trim().toLowerCase() === 'yes') return;
    err('Nothing was done.\n');
    throw new FleetError('declined', 'It was not confirmed; nothing was done.');
  };

const problemLines = (error: ProblemError, query: string | undefined): string[] => {
  const { code, problem } = error;
  const faults = (problem.errors ?? []).flatMap((fault) =>
    fault.start !== undefined && query !== undefined
      ? markFault(query, fault)
      : [`${fault.path === '' ? '' : `${fault.path}: `}${fault.message}`],
  );
  const { next } = problem;
  return [`${error.message} (${code})`, ...faults, ...(next === undefined ? [] : [next])];
};

const explain = (error: unknown, query: string | undefined): string[] => {
  if (error instanceof ProblemError) return problemLines(error, query);
  if (error instanceof FleetError) {
    return [`${error.message} (${error.code})`, ...(error.next === undefined ? [] : [error.next])];
  }
  return [error instanceof Error ? error.message : String(error)];
};

const runCommand = async (
  command: Command,
  args: readonly string[],
  surroundings: Surroundings,
): Promise<ExitCode> => {
  const { words, values } = parseCommand(command, args);
  if (values.help === true) {
    surroundings.out(`${commandHelp(surroundings.program, command)}\n`);
    return exitCodes.ok;
  }
  const session = openSession(values, surroundings);
  const output = createOutput(values, surroundings);
  const confirm = confirmIn(surroundings);
  const context: Context = { surroundings, session, output, client: session.client, confirm };
  return (await command.run(context, words, values as never)) ?? exitCodes.ok;
};

const usageHint = ({ program }: Surroundings, args: readonly string[]): string => {
  const known = find(args)?.command.name ?? (nouns.has(args[0] ?? '') ? args[0] : undefined);
  return `See ${program} ${known === undefined ? 'help' : `${known} --help`}.`;
};

const unknown = (what: string, word: string, known: readonly string[]): UsageError => {
  const near = nearest(word, known);
  return new UsageError(
    `${what} \`${word}\`.${near === undefined ? '' : ` Did you mean ${near}?`}`,
  );
};

const start = async (args: readonly string[], surroundings: Surroundings): Promise<ExitCode> => {
  const [word = 'help'] = args;
  if (['help', '--help', '-h'].includes(word)) {
    surroundings.out(
      `SignalBeam Edge: the operator's commands.\n\nUsage: ${surroundings.program} <command> [flags]\n\n${operatorHelp()}\n\n\`${surroundings.program} devices --help\` shows what there is about devices, with examples.\n`,
    );
    return exitCodes.ok;
  }
  if (word === '__complete') {
    // The shells put `--` before the words, so that none of them is taken for a flag of this.
    for (const candidate of complete(commands, args.slice(2))) surroundings.out(`${candidate}\n`);
    return exitCodes.ok;
  }
  const found = find(args);
  if (found !== undefined) return runCommand(found.command, found.rest, surroundings);
  if (!nouns.has(word)) throw unknown('There is no command', word, [...nouns]);
  const [, verb] = args;
  if (verb === undefined || verb === '--help' || verb === '-h') {
    surroundings.out(`${nounHelp(surroundings.program, word, commands)}\n`);
    return verb === undefined ? exitCodes.usage : exitCodes.ok;
  }
  const verbs = commands.filter(({ name }) => nounOf(name) === word);
  throw unknown(
    `${word}: there is no verb`,
    verb,
    verbs.map(({ name }) => name.split(' ')[1] ?? ''),
  );
};

export const run = async (
  args: readonly string[],
  surroundings: Surroundings,
): Promise<ExitCode> => {
  try {
    return await start(args, surroundings);
  } catch (error) {
    const code = exitCodeOf(error);
    if (code === null) throw error;
    const found = find(args);
    const at = args.indexOf('--query');
    const query =
      at === -1 ? args.find((arg) => arg.startsWith('--query='))?.slice(8) : args[at + 1];
    const [first = '', ...more] = explain(error, found === undefined ? undefined : query);
    surroundings.err(`signalbeam: ${harmless(first)}\n`);
    for (const line of more) surroundings.err(`  ${harmless(line)}\n`);
    if (code === exitCodes.usage && error instanceof UsageError) {
      surroundings.err(`  ${usageHint(surroundings, args)}\n`);
    }
    return code;
  }
};
