/**
 * What `./signalbeam` runs: one verb per run, each loaded only when asked for. This is the
 * launcher's composition root; failures end here as a sentence, the next step and an exit code
 * (1 for failures, 2 for a wrong command line).
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { FleetError } from '@signalbeam/sync/core/errors';
import { repositoryDir } from './places.ts';
import { helpText, UsageError, unknownVerb, verbUsage } from './verbs/usage.ts';

type Verb = (args: readonly string[]) => Promise<number>;

/** The operator's commands: not of this machine, and loaded only when one of them is asked for. */
const operator = async () => {
  const { nouns, operatorHelp, run } = await import('@signalbeam/cli/run');
  const { processSurroundings } = await import('@signalbeam/cli/surroundings');
  const runHere = (args: readonly string[]) =>
    run(args, processSurroundings(process, './signalbeam', process.env));
  return { nouns, operatorHelp, run: runHere };
};

const printHelp: Verb = async ([verb]) => {
  if (verb === undefined) console.log(helpText((await operator()).operatorHelp()));
  else if (verbUsage[verb] === undefined) {
    const { nouns, run } = await operator();
    if (nouns.has(verb)) return run([verb, '--help']);
    throw unknownVerb(verb, nouns);
  } else console.log(`Usage: ./signalbeam ${verbUsage[verb]}`);
  return 0;
};

const printVersion: Verb = async () => {
  const text = readFileSync(join(repositoryDir, 'package.json'), 'utf8');
  console.log(
    `signalbeam ${/"version": "([^"]+)"/.exec(text)?.[1]} (Node ${process.versions.node})`,
  );
  return 0;
};

const verbs: Readonly<Record<string, Verb>> = {
  up: async (args) => (await import('./verbs/up.ts')).up(args),
  down: async (args) => (await import('./verbs/down.ts')).down(args),
  status: async (args) => (await import('./verbs/status.ts')).status(args),
  test: async (args) => (await import('./verbs/test.ts')).runTests(args),
  check: async (args) => (await import('./verbs/check.ts')).check(args),
  bench: async (args) => (await import('./verbs/bench.ts')).bench(args),
  fleet: async (args) => (await import('./verbs/fleet.ts')).fleet(args),
  generate: async (args) => (await import('./verbs/generate.ts')).generate(args),
  keys: async (args) => (await import('./verbs/keys.ts')).keys(args),
  sim: async (args) => (await import('./verbs/sim.ts')).sim(args),
  help: printHelp,
  version: printVersion,
};

const aliases: Readonly<Record<string, string>> = {
  '--help': 'help',
  '-h': 'help',
  '--version': 'version',
  '-v': 'version',
};

const main = async (argv: readonly string[]): Promise<number> => {
  const [word = 'help', ...args] = argv;
  const verb = verbs[aliases[word] ?? word];
  if (verb === undefined) {
    const { nouns, run } = await operator();
    if (nouns.has(word) || word === '__complete') return run(argv);
    throw unknownVerb(word, nouns);
  }
  if (args.includes('--help') && !args.includes('--')) return printHelp([aliases[word] ?? word]);
  return verb(args);
};

const explain = (error: unknown): number => {
  if (error instanceof UsageError) {
    console.error(`signalbeam: ${error.message}`);
    return 2;
  }
  if (error instanceof FleetError) {
    const [sentence = '', ...more] = error.message.split('\n');
    console.error([`signalbeam: ${sentence} (${error.code})`, ...more].join('\n'));
    if (error.next !== undefined) console.error(`  ${error.next}`);
    return 1;
  }
  throw error;
};

process.exitCode = await main(process.argv.slice(2)).catch(explain);
