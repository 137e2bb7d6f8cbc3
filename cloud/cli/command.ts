/**
 * What a command is: how it is described, and what it does with what was given. The table of all of
 * them is ./commands/all.ts; a new one is added there and nowhere else.
 */
import { parseArgs } from 'node:util';
import type { Client } from '@signalbeam/client';
import { commonFlags, type Described, type FlagSpec } from './core/described.ts';
import { type ExitCode, UsageError } from './exit.ts';
import type { Session } from './session/session.ts';
import type { Surroundings } from './surroundings.ts';
import type { Output } from './terminal/output.ts';

export type Context = {
  surroundings: Surroundings;
  session: Session;
  output: Output;
  /** Signed in, or it throws. */
  client: () => Client;
  /** Refuses without a terminal unless `yes`; throws when the person says no. */
  confirm: (what: string, yes: boolean | undefined) => Promise<void>;
};

type Flags = Readonly<Record<string, FlagSpec>>;
type ValueOf<Spec extends FlagSpec> = Spec extends { type: 'boolean' }
  ? boolean
  : Spec extends { multiple: true }
    ? string[]
    : string;
export type Values<F extends Flags> = { [Name in keyof F]?: ValueOf<F[Name]> };

export type Command = Described & {
  run: (context: Context, words: string[], values: never) => Promise<ExitCode> | Promise<void>;
};

type Given<F extends Flags> = Omit<Described, 'flags' | 'words'> & {
  words?: Described['words'];
  flags?: F;
  run: (context: Context, words: string[], values: Values<F>) => Promise<ExitCode> | Promise<void>;
};

export const command = <const F extends Flags>(given: Given<F>): Command => ({
  words: [],
  flags: {},
  ...(given as unknown as Omit<Command, 'words' | 'flags'>),
});

const checkWords = ({ name, words }: Described, count: number): void => {
  const needed = words.filter(({ optional }) => optional !== true);
  const missing = needed[count];
  if (missing !== undefined) throw new UsageError(`${name}: ${missing.name} is missing.`);
  const open = words.some(({ many }) => many === true);
  if (!open && count > words.length) throw new UsageError(`${name}: there is a word too many.`);
};

const checkChoices = (values: Record<string, unknown>, flags: Flags): void => {
  for (const [name, { choices }] of Object.entries(flags)) {
    const value = values[name];
    if (choices === undefined || value === undefined) continue;
    const wrong = [value].flat().find((each) => !choices.includes(String(each)));
    if (wrong === undefined) continue;
    throw new UsageError(`--${name} is one of ${choices.join(', ')}, not \`${wrong}\`.`);
  }
};

/** Strict: whatever is unknown, missing or too much is named. */
export const parseCommand = (described: Described, args: readonly string[]) => {
  const flags: Flags = { ...described.flags, ...commonFlags };
  const options = Object.fromEntries(
    Object.entries(flags).map(([name, { type, multiple }]) => [
      name,
      { type, multiple: multiple === true },
    ]),
  );
  let parsed: { values: Record<string, unknown>; positionals: string[] };
  try {
    parsed = parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
  } catch (error) {
    const reason = error instanceof Error ? (error.message.split('. ')[0] ?? '') : String(error);
    throw new UsageError(`${described.name}: ${reason}.`);
  }
  if (parsed.values['help'] !== true) checkWords(described, parsed.positionals.length);
  checkChoices(parsed.values, flags);
  return { words: parsed.positionals, values: parsed.values as Values<typeof commonFlags> };
};
