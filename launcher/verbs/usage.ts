/**
 * The words of the command line: which verbs there are, what each is for, and the nearest verb to
 * one that does not exist. A wrong command line is a `UsageError`, exit code 2.
 */
import { type ParseArgsConfig, parseArgs } from 'node:util';
import { nearest } from '@signalbeam/cli/core/nearest';

export class UsageError extends Error {}

export const verbLines: Readonly<Record<string, string>> = {
  up: 'start the cloud, the consoles and a demo site on this machine',
  down: 'stop them (the data and the containers stay)',
  status: 'what runs, since when, on which ports',
  test: 'run the tests: all, or one of unit, system, browser',
  check: 'format, lint, types, unused code, house rules',
  fleet: 'a simulated fleet of thousands of devices against any cloud',
  generate: 'make the typed client from the description of the API',
  keys: "make a tenant's root keys offline, sign with them, rotate keys",
  bench: 'run the benches, or one of them, and print the figures',
  sim: 'simulate a site and its cloud under every fault: one seed, many, or for a time',
  version: 'print the version',
  help: 'print this; `help <verb>` for its flags',
};

export const verbUsage: Readonly<Record<string, string>> = {
  up: `up [--engine docker|podman|none] [--install-engine] [--engine-socket PATH] [--yes]
  --engine          which engine the demo's agents use (default: whichever answers)
  --install-engine  if none answers, install and start one (Debian, as root) without asking
  --engine-socket   path of the engine's socket, if it is not an ordinary one
  --yes             take the default of every question`,
  down: `down [--containers] [--wipe] [--yes]
  --containers      also remove the demo's containers from the engine
  --wipe            also delete all data: database, keys, devices, images (asks first)
  --yes             don't ask`,
  status: 'status [--json]',
  test: `test [--full] [unit|system|browser] [-- vitest arguments]
  --full            also the long ones: hundreds of power cuts, thousands of seeds`,
  check: 'check',
  fleet: `fleet [--devices 5000] [flags]
  --devices N       how many (100); those that the folder does not hold are registered
  --site-size N     how many at a site (100)
  --prefix NAME     what sites and devices are called (fleet)
  --folder DIR      where their identities stay (.signalbeam/fleets/PREFIX)
  --seed N          who behaves how (1)
  --leave PERCENT   devices that go away and stay away
  --flap PERCENT    devices that come and go
  --bad-version PERCENT  devices on which a version turns out bad
  --beat SECONDS    between heartbeats (30)
  --sample-every SECONDS  between samples (60)
  --pace FACTOR     how long updates take (1)
  --for SECONDS     stop after so long; else at Ctrl-C
  --url, --profile  which cloud and sign-in, as with the operator's commands`,
  generate: 'generate',
  bench: `bench [name] [--smoke]
  --smoke           small sizes: does it run, not how fast`,
  keys: `keys show|init|sign|send|rotate [role] [flags]
  show   --url URL [--out FILE]   the root and the key set in force (needs SIGNALBEAM_TOKEN)
  init   --tenant FILE --dir DIR [--count 3] [--threshold 2] [--passphrase-file FILE]
         offline: makes the root keys, the next root and its key set; a root that is no
         development root signs its successor, too: --key FILE for each of its keys
  sign   --tenant FILE --dir DIR --key FILE [--key FILE] [--passphrase-file FILE]
         offline: signs the key set that is proposed, or adds signatures to the one in DIR
  send   --url URL --dir DIR      hands root and key set in (needs SIGNALBEAM_TOKEN)
  rotate release|director|ingest|membership --url URL [--withdraw-old] [--no-new]
         the next key of a role (needs SIGNALBEAM_TOKEN)`,
  sim: `sim [--seed N | --seeds A..B] [--budget 60s] [--faults a,b|none] [--bug NAME]
      [--events N] [--days N] [--trace]
  --seed            one seed; prints its trace's hash, and shrinks a failure
  --seeds           all of a range, on every processor
  --budget          fresh seeds (or those of the range) until the time is over; 60 s if nothing is said
  --faults          these instead of what the seed turns on
  --bug             with a planted bug (docs/simulation.md)
  --events          events of the safety phase (30000)
  --days            days of it at least, however many events they take
  --trace           with --seed: print what happened`,
  version: 'version',
  help: 'help [verb]',
};

export const helpText = (operator: string): string => {
  const width = Math.max(...Object.keys(verbLines).map((verb) => verb.length));
  const lines = Object.entries(verbLines).map(([verb, line]) => `  ${verb.padEnd(width)}  ${line}`);
  return `SignalBeam Edge on this machine.\n\nUsage: ./signalbeam <verb> [flags]\n\n${lines.join('\n')}\n\nThe operator's commands, against any cloud (docs/cli.md):\n\n${operator}\n`;
};

const suggestion = (word: string, known: readonly string[], prefix = ''): string => {
  const near = nearest(word, known);
  return near === undefined ? '' : ` Did you mean ${prefix}${near}?`;
};

/** `more`: what there is besides the verbs of this machine. */
export const unknownVerb = (verb: string, more: Iterable<string> = []): UsageError =>
  new UsageError(
    `There is no verb \`${verb}\`.${suggestion(verb, [...Object.keys(verbLines), ...more])} See ./signalbeam help.`,
  );

/** Strict: an unknown flag or a word too many is refused, with the nearest that exists. */
export const parseFlags = <Options extends NonNullable<ParseArgsConfig['options']>>(
  verb: string,
  args: readonly string[],
  options: Options,
  words: readonly string[] | 'any' = [],
) => {
  try {
    const parsed = parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
    const unknown =
      words === 'any' ? undefined : parsed.positionals.find((word) => !words.includes(word));
    if (unknown !== undefined && words.length === 0) {
      throw new UsageError(
        `${verb}: \`${unknown}\` is one word too many.\nUsage: ./signalbeam ${verbUsage[verb]}`,
      );
    }
    if (unknown !== undefined && words !== 'any') {
      throw new UsageError(
        `\`${unknown}\` is not one of ${words.join(', ')}.${suggestion(unknown, words)}`,
      );
    }
    return parsed;
  } catch (error) {
    if (error instanceof UsageError) throw error;
    const flag =
      /'(?:-\w, )?(--?[\w-]+)/.exec(error instanceof Error ? error.message : '')?.[1] ?? '';
    const near = suggestion(flag.replace(/^-+/, ''), Object.keys(options), '--');
    throw new UsageError(
      `${verb}: wrong flag ${flag}.${near}\nUsage: ./signalbeam ${verbUsage[verb]}`,
    );
  }
};
