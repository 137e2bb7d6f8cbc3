/**
 * A command as people see it: its name, what it takes, and examples that work. Help, usage and
 * completion are made from this alone; what a command does is beside it (../command.ts).
 */
export type FlagSpec = {
  type: 'string' | 'boolean';
  about: string;
  /** What stands for the value in help: `URL`, `KEY=VALUE`. */
  value?: string;
  multiple?: boolean;
  choices?: readonly string[];
};

export type WordSpec = {
  name: string;
  about: string;
  optional?: boolean;
  many?: boolean;
  choices?: readonly string[];
};

export type Described = {
  /** `devices list`, or `login`. */
  name: string;
  summary: string;
  words: readonly WordSpec[];
  flags: Readonly<Record<string, FlagSpec>>;
  /** Whole command lines without the program's name. */
  examples: readonly string[];
};

/** What every command takes. */
export const commonFlags = {
  url: { type: 'string', value: 'URL', about: "the cloud, if not the profile's" },
  profile: { type: 'string', value: 'NAME', about: 'whose sign-in to use' },
  json: { type: 'boolean', about: 'print JSON as the API gives it' },
  jsonl: { type: 'boolean', about: 'print one JSON document a line, as they arrive' },
  help: { type: 'boolean', about: 'print how to use this' },
} as const satisfies Record<string, FlagSpec>;

/** What every list takes. */
export const listFlags = {
  limit: { type: 'string', value: 'N', about: 'at most so many (100)' },
  all: { type: 'boolean', about: 'all of them, however many' },
} as const satisfies Record<string, FlagSpec>;

export const nounOf = (name: string): string => name.split(' ')[0] ?? name;
