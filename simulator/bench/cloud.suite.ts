/**
 * What the benches of the cloud stand on: a durable Postgres and a hub of their own, and the cloud
 * as `up` runs it, all services in one process. Everything is stopped and removed by `close`.
 */
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Child, startChild, waitUntilReady } from '@signalbeam/launcher/infra/child';
import { freePort } from '@signalbeam/launcher/infra/ports';
import { startPostgres } from '@signalbeam/launcher/infra/postgres';
import type { Pool } from '@signalbeam/platform/postgres/pool';
import { openTestPlatform, type TestPlatform } from '@signalbeam/platform/rig.suite';
import { openOwner } from '@signalbeam/telemetry-processor/rig.suite';

const root = join(import.meta.dirname, '..', '..');
/** One tick of /proc/PID/stat on Linux. */
const tickMs = 10;

export type BenchCloud = {
  test: TestPlatform;
  owner: Pool;
  /** Where the cloud's REST API answers. */
  url: string;
  cloudPid: number;
  postgresPid: number;
  /** Where its files lie. */
  postgresDir: string;
  stop: () => Promise<void>;
};

const startCloud = async (
  dir: string,
  environment: Record<string, string>,
): Promise<{ child: Child; url: string }> => {
  const port = await freePort();
  const child = startChild({
    name: 'cloud',
    command: process.execPath,
    args: [join(root, 'cloud/main.ts')],
    cwd: root,
    logFile: join(dir, 'cloud.log'),
    env: {
      ...environment,
      PATH: '/usr/bin:/bin',
      PORT: String(port),
      SIGNALBEAM_POOL_MAX: '10',
      SIGNALBEAM_LOG_LEVEL: 'warn',
    },
  });
  const url = `http://127.0.0.1:${port}`;
  const answers = async (): Promise<boolean> => {
    const response = await fetch(`${url}/readyz`).catch(() => null);
    await response?.body?.cancel();
    return response?.ok === true;
  };
  await waitUntilReady(child, answers, 60_000);
  return { child, url };
};

/** `settings`: of Postgres, beside those of `up`. */
export const openBenchCloud = async (
  environment: Record<string, string> = {},
  settings: Record<string, string | number> = {},
): Promise<BenchCloud> => {
  const dir = mkdtempSync(join(tmpdir(), 'cloud-bench-'));
  chmodSync(dir, 0o711);
  const postgres = await startPostgres({ dir: join(dir, 'postgres'), settings });
  const test = await openTestPlatform(postgres.url);
  const owner = openOwner(test.world.databaseUrl);
  const { child, url } = await startCloud(dir, {
    ...test.world.environment,
    ...environment,
  });
  return {
    test,
    owner,
    url,
    cloudPid: child.pid,
    postgresPid: postgres.pid,
    postgresDir: postgres.dataDir,
    stop: async () => {
      await child.stop();
      await owner.end();
      await test.close();
      await postgres.stop();
      rmSync(dir, { recursive: true, force: true });
    },
  };
};

/** In ticks: its own user and system time, then those of its children that ended. */
const ticksOf = (pid: number | string): number[] =>
  (readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [])
    .slice(11, 15)
    .map(Number);

/** Processor time that a process has used so far, its threads included. */
export const cpuMsOf = (pid: number): number => {
  const [user = 0, system = 0] = ticksOf(pid);
  return (user + system) * tickMs;
};

/** The same of one that works in processes of its own, as Postgres does: with those that ended. */
export const cpuMsOfFamily = (pid: number): number => {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ');
  const running = children.filter((child) => existsSync(`/proc/${child}/stat`));
  const own = ticksOf(pid).reduce((sum, ticks) => sum + ticks, 0) * tickMs;
  return running.reduce((sum, child) => sum + cpuMsOf(Number(child)), own);
};

export const residentMbOf = (pid: number): number =>
  Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1_024;

/** What else the machine was doing: a figure is worth little without it. */
export const loadAverage = (): number =>
  Number(readFileSync('/proc/loadavg', 'utf8').split(' ')[0]);

/** The value below which `share` of the values lie. */
export const quantile = (values: readonly number[], share: number): number => {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
};

export const rounded = (value: number, digits = 1): number =>
  Math.round(value * 10 ** digits) / 10 ** digits;
