#!/usr/bin/env node
/**
 * `signalbeam-agent`: one verb per run, each loaded only when asked for. Failures end here as a
 * sentence, the next step and an exit code (1 for failures, 2 for a wrong command line).
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { FleetError } from '@signalbeam/sync/core/errors';
import { config } from 'zod';
import { helpText } from './host/help.ts';
import { nearest } from './host/nearest.ts';
import { readOptions, usageError, type VerbName, verbOptions } from './host/options.ts';
import { agentVersion } from './host/version.ts';

/** Beside the bundle, or where the build of this repository puts the pages. */
const consoleFolders = ['console', '../console/dist/technician', '../../console/dist/technician'];
const findConsole = (): string | undefined =>
  consoleFolders
    .map((folder) => join(import.meta.dirname, folder))
    .find((folder) => existsSync(join(folder, 'index.html')));

/** Parsers that zod would write and compile cost more than they save who parses a few times a minute. */
config({ jitless: true });

type Verb = (args: readonly string[]) => Promise<number>;
const environment = process.env;
/** What is printed may go to a file on a full disk, or to nobody: no reason to die. */
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
const print = (text: string): void => void process.stdout.write(`${text}\n`);

const verbs: Record<VerbName | 'help', Verb> = {
  register: async (args) => {
    const { register } = await import('./host/register.ts');
    print(await register(readOptions('register', args, environment)));
    return 0;
  },
  run: async (args) => {
    const options = readOptions('run', args, environment);
    const controller = new AbortController();
    for (const name of ['SIGTERM', 'SIGINT'] as const) process.on(name, () => controller.abort());
    const { runAgent } = await import('./main.ts');
    const runtime = {
      dockerHost: environment['DOCKER_HOST'],
      runtimeDirectory: environment['XDG_RUNTIME_DIR'],
    };
    const pages = options['console-dir'] ?? findConsole();
    await runAgent({ ...options, 'console-dir': pages }, runtime, controller.signal);
    // All is closed and on disk: libraries' idle connections would hold the process for seconds.
    process.exit(0);
  },
  status: async (args) => {
    const { status } = await import('./host/status.ts');
    const { text, exitCode } = await status(readOptions('status', args, environment), Date.now);
    print(text);
    return exitCode;
  },
  logs: async (args) => {
    const { printLogs } = await import('./host/logs.ts');
    await printLogs(readOptions('logs', args, environment), print);
    return 0;
  },
  'console-code': async (args) => {
    const { createConsoleCode } = await import('./local-api/console-code.ts');
    const { code, validMinutes } = createConsoleCode(
      readOptions('console-code', args, environment).state,
      Date.now(),
    );
    print(
      `${code}\nSign in at the device's console with this code within ${validMinutes} minutes. It works once.`,
    );
    return 0;
  },
  hold: async (args) => {
    const { holdDevice } = await import('./host/hold-command.ts');
    print(holdDevice(readOptions('hold', args, environment), Date.now()));
    return 0;
  },
  version: async (args) => {
    readOptions('version', args, environment);
    print(`signalbeam-agent ${agentVersion} (Node ${process.versions.node})`);
    return 0;
  },
  help: async ([verb]) => {
    print(helpText(verb));
    return 0;
  },
};

const run = async ([verb = 'help', ...args]: readonly string[]): Promise<number> => {
  const named = verb.replace(/^--?(?=help$|version$)/, '');
  if (named in verbs) {
    const wantsHelp = args.includes('--help') || args.includes('-h');
    return wantsHelp ? verbs.help([named]) : verbs[named as VerbName](args);
  }
  const near = nearest(named, Object.keys(verbOptions));
  const next = near === null ? 'Run signalbeam-agent help.' : `Did you mean ${near}?`;
  throw usageError(`There is no command ${verb}.`, next);
};

const fail = (cause: unknown): void => {
  if (!(cause instanceof FleetError)) throw cause;
  process.stderr.write(
    `${cause.message} (${cause.code})\n${cause.next === undefined ? '' : `${cause.next}\n`}`,
  );
  // What had started before it failed holds the process no longer: whoever supervises starts it anew.
  process.exit(cause.code === 'usage' ? 2 : 1);
};

void run(process.argv.slice(2)).then((code) => {
  process.exitCode = code;
}, fail);
