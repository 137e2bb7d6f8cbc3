/**
 * The commands in this process, for tests against a real cloud: standard streams as texts, a home of
 * their own, a person who answers, or nobody.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './run.ts';
import type { Surroundings } from './surroundings.ts';

export type Ran = { code: number; out: string; err: string };

export type Here = {
  answers?: readonly string[];
  input?: string;
  columns?: number;
  environment?: Record<string, string>;
  stopped?: AbortSignal;
};

/** Lines of a document's shell blocks that call the program. */
export const linesOf = (file: string): string[] =>
  [
    ...readFileSync(join(import.meta.dirname, '../..', file), 'utf8').matchAll(
      /^```sh\n([\s\S]*?)^```/gm,
    ),
  ]
    .flatMap(([, block = '']) => block.split('\n'))
    .filter((line) => line.startsWith('signalbeam '));

export const runHere = async (
  home: string,
  args: readonly string[],
  here: Here = {},
): Promise<Ran> => {
  const told = { out: '', err: '' };
  const left = [...(here.answers ?? [])];
  const answer = async (question: string): Promise<string> => {
    told.err += question;
    return left.shift() ?? '';
  };
  const surroundings: Surroundings = {
    program: 'signalbeam',
    environment: { HOME: home, ...here.environment },
    out: (text) => {
      told.out += text;
    },
    err: (text) => {
      told.err += text;
    },
    reads: here.columns !== undefined,
    columns: here.columns ?? null,
    answers: here.answers !== undefined,
    ask: answer,
    askSecret: answer,
    input: async () => here.input ?? '',
    now: Date.now,
    stopped: here.stopped ?? new AbortController().signal,
  };
  return { code: await run(args, surroundings), ...told };
};
