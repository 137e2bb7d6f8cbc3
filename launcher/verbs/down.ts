/**
 * `signalbeam down`: stops what `up` started. Containers stay unless asked for: an agent that is
 * gone must not take its site down with it. `--wipe` deletes all data, and the containers too,
 * because nobody could manage them any more.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { demoDeviceIds, removeContainers } from '../demo/containers.ts';
import { wipePostgres } from '../infra/postgres.ts';
import { findEngine } from '../machine/engines.ts';
import { showStep } from '../machine/progress.ts';
import { workDir } from '../places.ts';
import { readChoices } from '../supervisor/choices.ts';
import { isAlive, type Run, readRun } from '../supervisor/run-state.ts';
import { parseFlags, UsageError } from './usage.ts';

/** All that belongs to a run. The Node that was brought and the rig of tests are not among it. */
const data = [
  ...[
    'postgres',
    'hub',
    'blobs',
    'blobs-uploads',
    'site',
    'engine',
    'log',
    'kek',
    'admin.json',
    'demo.json',
  ],
  ...['ports.json', 'choices.json', 'run.json', 'up.lock'],
];

const confirm = async (question: string): Promise<boolean> => {
  if (process.stdin.isTTY !== true) {
    throw new UsageError('down --wipe asks first; without a terminal say --yes.');
  }
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(es)?$/i.test((await terminal.question(question)).trim());
  } finally {
    terminal.close();
  }
};

const stopRun = (run: Run, containers: boolean): Promise<void> =>
  showStep('Stopping', async (step) => {
    // The supervisor removes them itself: after its agents, before an engine of its own.
    if (containers) process.kill(run.pid, 'SIGUSR2');
    process.kill(run.pid, 'SIGTERM');
    while (isAlive(run.pid)) {
      const phase = readRun()?.phase;
      if (phase !== undefined) step.say(phase);
      await sleep(100);
    }
  });

const removeWithoutRun = async (): Promise<void> => {
  const { engine, socket } = readChoices();
  const found = await findEngine(engine === 'none' ? 'auto' : engine, socket, process.env);
  const ids = demoDeviceIds();
  if (ids.length === 0) return;
  if (found === undefined) {
    console.log('No container engine answers: its containers, if any, were left alone.');
    return;
  }
  console.log(`Containers removed: ${await removeContainers(found.socket, ids)}`);
};

const wipe = () => {
  wipePostgres(join(workDir, 'postgres'));
  for (const name of data) rmSync(join(workDir, name), { recursive: true, force: true });
  console.log('All data is deleted.');
};

const options = {
  containers: { type: 'boolean' },
  wipe: { type: 'boolean' },
  yes: { type: 'boolean' },
} as const;

export const down = async (args: readonly string[]): Promise<number> => {
  const { values } = parseFlags('down', args, options);
  const wiping = values.wipe === true;
  const containers = wiping || values.containers === true;
  const question = 'Delete the database, keys, devices, images and containers of the demo? [y/N] ';
  if (wiping && values.yes !== true && !(await confirm(question))) {
    console.log('Nothing was stopped or deleted.');
    return 1;
  }
  const run = readRun();
  if (run === undefined) {
    console.log('Nothing runs.');
    if (containers) await removeWithoutRun();
  } else {
    await stopRun(run, containers);
    if (containers && run.engine !== null) console.log("The demo's containers are removed.");
    const ownEngine = run.processes.some(({ name }) => name === run.engine?.kind);
    if (!containers && run.engine !== null) {
      console.log(
        ownEngine
          ? `The engine stopped too, and its containers with it; the next \`up\` starts them again.`
          : `Containers go on running on ${run.engine.kind}; \`down --containers\` removes them.`,
      );
    }
  }
  if (wiping) wipe();
  else console.log('The data is kept: `./signalbeam up` goes on where it was.');
  return 0;
};
