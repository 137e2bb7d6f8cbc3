/**
 * One rig for many test runs: `node launcher/rig/main.ts start | stop | status`. It runs detached
 * and writes `.signalbeam/rig.json`, which the tests' global setup finds by itself.
 */
import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { logTail } from '../infra/child.ts';
import { repositoryDir } from '../places.ts';
import { findRunningRig, readRigFile, rigFile } from './running.ts';
import { startRig } from './servers.ts';

const logFile = join(repositoryDir, '.signalbeam/rig.log');
const startTimeoutMs = 120_000;

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

/** Runs until it is told to stop. */
const serve = async (): Promise<void> => {
  const rig = await startRig();
  const unfinished = `${rigFile}.${process.pid}`;
  const content = { pid: process.pid, dir: rig.dir, provided: rig.provided };
  writeFileSync(unfinished, JSON.stringify(content, null, 2), { mode: 0o600 });
  renameSync(unfinished, rigFile);
  await new Promise<void>((resolve) => {
    const stayAwake = setInterval(() => undefined, 60_000);
    const leave = () => {
      clearInterval(stayAwake);
      resolve();
    };
    process.once('SIGTERM', leave);
    process.once('SIGINT', leave);
  });
  if (readRigFile()?.pid === process.pid) rmSync(rigFile, { force: true });
  await rig.stop();
};

const start = async (): Promise<number> => {
  if ((await findRunningRig(undefined)) !== undefined) {
    console.log(`The rig already runs: ${rigFile}`);
    return 0;
  }
  mkdirSync(dirname(logFile), { recursive: true });
  const log = openSync(logFile, 'w', 0o600);
  const child = spawn(process.execPath, [import.meta.filename, 'serve'], {
    detached: true,
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  child.unref();
  const deadline = performance.now() + startTimeoutMs;
  while (readRigFile()?.pid !== child.pid && performance.now() < deadline) {
    if (child.exitCode !== null) {
      console.error(`The rig did not start.\n${logTail(logFile)}`);
      return 1;
    }
    await sleep(50);
  }
  console.log(`The rig runs (process ${child.pid}): ${rigFile}`);
  return 0;
};

const stop = async (): Promise<number> => {
  const rig = readRigFile();
  if (rig === undefined || !isAlive(rig.pid)) {
    rmSync(rigFile, { force: true });
    console.log('No rig runs.');
    return 0;
  }
  process.kill(rig.pid, 'SIGTERM');
  while (isAlive(rig.pid)) await sleep(50);
  console.log('The rig is stopped.');
  return 0;
};

const status = async (): Promise<number> => {
  const provided = await findRunningRig(undefined);
  console.log(provided === undefined ? 'No rig answers.' : `The rig answers: ${rigFile}`);
  return provided === undefined ? 1 : 0;
};

const verbs: Record<string, () => Promise<number>> = {
  start,
  stop,
  status,
  serve: async () => {
    await serve();
    return 0;
  },
};

const verb = verbs[process.argv[2] ?? ''];
if (verb === undefined) {
  console.error('Usage: node launcher/rig/main.ts start | stop | status');
  process.exitCode = 2;
} else {
  process.exitCode = await verb();
}
