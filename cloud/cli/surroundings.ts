/**
 * What a run of the program stands in: streams, the terminal, the environment, the clock. Made of
 * the process by `processSurroundings`; a composition root hands it in.
 */
import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { text } from 'node:stream/consumers';

export type Surroundings = {
  /** How people call it: in usage and hints. */
  program: string;
  environment: Readonly<Record<string, string | undefined>>;
  out: (text: string) => void;
  err: (text: string) => void;
  /** Whether somebody reads standard output, or sits at standard input and error. */
  reads: boolean;
  answers: boolean;
  columns: number | null;
  ask: (question: string) => Promise<string>;
  /** Nothing of the answer is shown. */
  askSecret: (question: string) => Promise<string>;
  /** Standard input to its end. */
  input: () => Promise<string>;
  now: () => number;
  /** Ends when the person stops the program. */
  stopped: AbortSignal;
};

/** Of a password or a document on standard input. */
export const inputBytesMax = 1_048_576;

type Process = Pick<NodeJS.Process, 'stdin' | 'stdout' | 'stderr' | 'once'>;

const askOn = async ({ stdin, stderr }: Process, question: string, shown: boolean) => {
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  stderr.write(question);
  const lines = createInterface({ input: stdin, output: shown ? stderr : silent, terminal: true });
  try {
    return await lines.question('');
  } finally {
    lines.close();
    if (!shown) stderr.write('\n');
  }
};

export const processSurroundings = (
  process: Process,
  program: string,
  environment: Surroundings['environment'],
): Surroundings => {
  const { stdin, stdout, stderr } = process;
  const stop = new AbortController();
  process.once('SIGINT', () => stop.abort());
  return {
    program,
    environment,
    out: (line) => void stdout.write(line),
    err: (line) => void stderr.write(line),
    reads: stdout.isTTY === true,
    answers: stdin.isTTY === true && stderr.isTTY === true,
    columns: stdout.isTTY === true ? stdout.columns : null,
    ask: (question) => askOn(process, question, true),
    askSecret: (question) => askOn(process, question, false),
    input: async () => (await text(stdin)).slice(0, inputBytesMax),
    now: Date.now,
    stopped: stop.signal,
  };
};
