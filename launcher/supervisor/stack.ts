/**
 * The cloud on this machine, each part kept running: Postgres, the hub, the services. What the
 * environment names (DATABASE_URL, NATS_URL) is used instead of a server of our own. Children get
 * a small environment: secrets travel in it or in files, never on a command line.
 */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { FleetError } from '@signalbeam/sync/core/errors';
import { startChild, waitUntilReady } from '../infra/child.ts';
import { startHub } from '../infra/hub.ts';
import { startPostgres } from '../infra/postgres.ts';
import { searchPath } from '../machine/commands.ts';
import { logDir, repositoryDir, workDir } from '../places.ts';
import { type KeepOptions, type Kept, keep } from './keep.ts';
import type { Ports } from './kept-ports.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

export type StackOptions = {
  ports: Ports;
  env: Environment;
  say: (phase: string) => void;
  note: (text: string) => void;
  onChange: () => void;
  /** Called as soon as each part runs, so that a failure further on can stop it. */
  started: (kept: Kept) => void;
};

export type Stack = { url: string; cloudEnv: Record<string, string> };

const cloudMain = join(repositoryDir, 'cloud/main.ts');
export const consoleDir = join(repositoryDir, 'console/dist/operator');
const kekFile = join(workDir, 'kek');
const startTimeoutMs = 60_000;

const ensureKek = () => {
  if (existsSync(kekFile)) return;
  writeFileSync(kekFile, `${randomBytes(32).toString('base64')}\n`, { mode: 0o600, flag: 'wx' });
};

/** What every child may know of the environment. */
export const baseEnv = (env: Environment): Record<string, string> => ({
  PATH: searchPath(env['PATH']),
  HOME: env['HOME'] ?? workDir,
  LANG: env['LANG'] ?? 'C.UTF-8',
  NODE_COMPILE_CACHE: join(workDir, 'compile-cache'),
  ...(env['TZ'] === undefined ? {} : { TZ: env['TZ'] }),
  ...(env['SIGNALBEAM_LOG_LEVEL'] === undefined
    ? {}
    : { SIGNALBEAM_LOG_LEVEL: env['SIGNALBEAM_LOG_LEVEL'] }),
});

const logOf = (name: string) => join(logDir, `${name}.log`);

const keeping = (options: StackOptions, name: string, start: KeepOptions['start']) =>
  keep({ name, start, logFile: logOf(name), onChange: options.onChange, now: Date.now });

const startDatabase = async (options: StackOptions): Promise<string> => {
  const given = options.env['DATABASE_URL'];
  if (given !== undefined && given !== '') return given;
  options.say('Starting Postgres');
  const dir = join(workDir, 'postgres');
  let url = '';
  const kept = await keeping(options, 'postgres', async () => {
    const postgres = await startPostgres({
      dir,
      port: options.ports.postgres,
      logFile: logOf('postgres'),
    });
    url = postgres.url;
    for (const text of postgres.notes) options.note(text);
    return postgres;
  });
  options.started(kept);
  return url;
};

/** One run of cloud/main.ts that answers and ends, such as `hub-config` or `create-tenant`. */
export const runCloud = async (
  args: readonly string[],
  env: Record<string, string>,
  input = '',
): Promise<string> => {
  const running = promisify(execFile)(process.execPath, [cloudMain, ...args], {
    cwd: repositoryDir,
    env,
    timeout: startTimeoutMs,
    maxBuffer: 4 * 1024 * 1024,
  });
  running.child.stdin?.end(input);
  try {
    return (await running).stdout;
  } catch (cause) {
    const output = cause instanceof Error && 'stderr' in cause ? String(cause.stderr).trim() : '';
    throw new FleetError(
      'cloud-command-failed',
      `cloud ${args[0]} failed.\n${output.slice(-2_000)}`,
      {
        cause,
        next: `Read the files in ${logDir}.`,
      },
    );
  }
};

const startBroker = async (options: StackOptions, env: Record<string, string>): Promise<void> => {
  const given = options.env['NATS_URL'];
  if (given !== undefined && given !== '') return;
  options.say('Preparing the database and the hub');
  const dir = join(workDir, 'hub');
  mkdirSync(dir, { recursive: true });
  const { ports } = options;
  const config = await runCloud(
    [
      ...['hub-config', '--dir', dir, '--port', String(ports.hub)],
      ...['--leaf-port', String(ports.leaf), '--monitor-port', String(ports['hub-monitor'])],
    ],
    env,
  );
  options.say('Starting the hub');
  const kept = await keeping(options, 'hub', () =>
    startHub({
      dir,
      config,
      port: ports.hub,
      monitorPort: ports['hub-monitor'],
      logFile: logOf('hub'),
    }),
  );
  options.started(kept);
};

const isReady = async (url: string): Promise<boolean> => {
  try {
    const response = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(3_000) });
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
};

const startCloud = async (options: StackOptions, url: string, env: Record<string, string>) => {
  options.say('Starting the services');
  const kept = await keeping(options, 'cloud', async () => {
    const child = startChild({
      name: 'cloud',
      command: process.execPath,
      args: [cloudMain],
      cwd: repositoryDir,
      env,
      logFile: logOf('cloud'),
    });
    await waitUntilReady(child, () => isReady(url), startTimeoutMs);
    return child;
  });
  options.started(kept);
};

export const startStack = async (options: StackOptions): Promise<Stack> => {
  const { ports, env } = options;
  ensureKek();
  const databaseUrl = await startDatabase(options);
  const url = `http://127.0.0.1:${ports.api}`;
  const hubUrl = env['NATS_URL'] ?? `nats://127.0.0.1:${ports.hub}`;
  const passedOn = ['REDIS_URL', 'AZURE_STORAGE_CONNECTION_STRING'].flatMap((name) => {
    const value = env[name];
    return value === undefined || value === '' ? [] : [[name, value] as const];
  });
  const cloudEnv: Record<string, string> = {
    ...baseEnv(env),
    DATABASE_URL: databaseUrl,
    NATS_URL: hubUrl,
    SIGNALBEAM_KEK_FILE: kekFile,
    SIGNALBEAM_BLOB_DIR: join(workDir, 'blobs'),
    SIGNALBEAM_CONSOLE_DIR: consoleDir,
    SIGNALBEAM_PUBLIC_URL: url,
    SIGNALBEAM_LEAF_URL: env['SIGNALBEAM_LEAF_URL'] ?? `nats-leaf://127.0.0.1:${ports.leaf}`,
    SIGNALBEAM_DEVICE_NATS_URL: env['SIGNALBEAM_DEVICE_NATS_URL'] ?? hubUrl,
    HOST: '127.0.0.1',
    PORT: String(ports.api),
    ...Object.fromEntries(passedOn),
  };
  await startBroker(options, cloudEnv);
  await startCloud(options, url, cloudEnv);
  return { url, cloudEnv };
};
