/**
 * `signalbeam up`: sees that the programs, the console and (if wanted) an engine are there, starts
 * the supervisor detached, shows what it does, and ends by printing URLs and the sign-in. A second
 * `up` finds the first and prints the same.
 */
import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { FleetError } from '@signalbeam/sync/core/errors';
import { readAccount } from '../demo/account.ts';
import { logTail } from '../infra/child.ts';
import { ensureAgent } from '../machine/agent-build.ts';
import { ensureConsole } from '../machine/console-build.ts';
import { checkRoom } from '../machine/disk-space.ts';
import { chooseEngine } from '../machine/engine-choice.ts';
import { ensurePrograms } from '../machine/packages.ts';
import { seconds, showStep } from '../machine/progress.ts';
import { installLog, logDir, workDir } from '../places.ts';
import { isAlive, type Run, readLastRun, readRun, runFile } from '../supervisor/run-state.ts';
import { oneStartAtATime } from './one-start.ts';
import { parseFlags, UsageError } from './usage.ts';

const supervisorMain = join(import.meta.dirname, '../supervisor/main.ts');
const supervisorLog = join(logDir, 'supervisor.log');
const startTimeoutMs = 240_000;

/** Detached, so that it outlives this terminal. Its own failures are in supervisor.log. */
const startSupervisor = (): number => {
  mkdirSync(logDir, { recursive: true });
  rmSync(runFile, { force: true });
  const log = openSync(supervisorLog, 'w', 0o600);
  const child = spawn(process.execPath, [supervisorMain], {
    detached: true,
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  child.unref();
  if (child.pid === undefined) throw new Error('The supervisor could not be started.');
  return child.pid;
};

const whyNot = (pid: number): FleetError => {
  const last = readLastRun();
  if (last?.pid === pid && last.failure !== null) {
    return new FleetError('start-failed', last.failure.message, {
      next: last.failure.next ?? `Read the files in ${logDir}.`,
    });
  }
  return new FleetError('start-failed', `The start failed.\n${logTail(supervisorLog)}`, {
    next: `Read the files in ${logDir}.`,
  });
};

const follow = (pid: number): Promise<Run> =>
  showStep('Starting', async (step) => {
    const deadline = performance.now() + startTimeoutMs;
    while (performance.now() < deadline) {
      const run = readLastRun();
      if (run?.pid === pid) {
        if (run.state === 'ready') return run;
        step.say(run.phase);
      }
      if (!isAlive(pid) || run?.state === 'failed') throw whyNot(pid);
      await sleep(100);
    }
    throw new FleetError('start-slow', 'It still starts, but takes longer than it should.', {
      next: 'See ./signalbeam status.',
    });
  });

export const printRun = (run: Run): void => {
  const account = readAccount();
  const lines = [
    `Console     ${run.url}`,
    ...(account === undefined ? [] : [`Sign in     ${account.email}  ${account.password}`]),
    `API         ${run.url}/docs`,
    ...run.technicians.map(({ name, url }) => `Technician  ${url}  (${name})`),
    `Engine      ${run.engine === null ? 'none' : `${run.engine.kind} at ${run.engine.socket}`}`,
    ...run.notes.map((text) => `Note        ${text}`),
  ];
  console.log(
    `\n${lines.join('\n')}\n\n./signalbeam status tells how it is, ./signalbeam down stops it.`,
  );
};

const options = {
  engine: { type: 'string' },
  'engine-socket': { type: 'string' },
  'install-engine': { type: 'boolean' },
  yes: { type: 'boolean' },
} as const;

const engines = ['auto', 'docker', 'podman', 'none'] as const;
type WantedEngine = (typeof engines)[number];
const isWanted = (value: string): value is WantedEngine => engines.some((name) => name === value);

/** The supervisor is a process of its own: leaving this one does not stop it, and says so. */
const sayOnInterrupt = (): (() => void) => {
  const onInterrupt = () => {
    console.error(
      '\nIt goes on starting: ./signalbeam status tells how it is, ./signalbeam down stops it.',
    );
    process.exit(130);
  };
  process.once('SIGINT', onInterrupt);
  return () => process.off('SIGINT', onInterrupt);
};

const followToReady = (pid: number): Promise<Run> => {
  const forget = sayOnInterrupt();
  return follow(pid).finally(forget);
};

export const up = async (args: readonly string[]): Promise<number> => {
  const { values } = parseFlags('up', args, options, []);
  const wanted = values.engine;
  if (wanted !== undefined && !isWanted(wanted)) {
    throw new UsageError(`up: --engine takes ${engines.join(', ')}, not \`${wanted}\`.`);
  }
  return oneStartAtATime(() => start(args, values, wanted));
};

const start = async (
  args: readonly string[],
  values: { 'engine-socket'?: string; 'install-engine'?: boolean; yes?: boolean },
  wanted: WantedEngine | undefined,
): Promise<number> => {
  const began = performance.now();
  const running = readRun();
  if (running?.state === 'stopping') {
    throw new FleetError('stopping', 'It is just being stopped.', {
      next: 'Wait, then try again.',
    });
  }
  if (running !== undefined) {
    if (args.length > 0) console.error('It runs already: flags count from the next start on.');
    printRun(running.state === 'ready' ? running : await followToReady(running.pid));
    return 0;
  }
  const scarce = checkRoom(workDir);
  if (scarce !== null) console.error(scarce);
  await ensurePrograms('up', installLog);
  await chooseEngine({
    wanted,
    socket: values['engine-socket'],
    install: values['install-engine'] === true,
    ask: values.yes !== true && process.stdin.isTTY === true,
    env: process.env,
  });
  await ensureConsole();
  await ensureAgent();
  const run = await followToReady(startSupervisor());
  printRun(run);
  console.log(`Ready in ${seconds(performance.now() - began)}.`);
  return 0;
};
