/**
 * Which programs of the machine each verb needs, and the Debian packages that hold them. On Debian
 * as root (or with sudo that asks nothing) what is missing is installed; elsewhere a person is
 * told exactly what to install. Nothing that is already there is upgraded.
 */
import { execFileSync, spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { FleetError } from '@signalbeam/sync/core/errors';
import { logTail } from '../infra/child.ts';
import { lookUpCommand } from './commands.ts';
import { showStep } from './progress.ts';

export type Need = 'up' | 'test' | 'bench' | 'docker' | 'podman' | 'shells' | 'oldest-postgres';

type Program = { command: string; package: string; brew?: string; for: readonly Need[] };

/** Where Debian 12 keeps the binaries of Postgres 15, the oldest that the cloud is to run on. */
export const oldestPostgres = '/usr/lib/postgresql/15/bin';

const programs: readonly Program[] = [
  {
    command: 'nats-server',
    package: 'nats-server',
    brew: 'nats-server',
    for: ['up', 'test', 'bench'],
  },
  {
    command: 'busybox',
    package: 'busybox-static',
    for: ['up', 'test', 'bench', 'docker', 'podman'],
  },
  { command: 'dockerd', package: 'docker.io', for: ['test', 'docker'] },
  { command: 'podman', package: 'podman', brew: 'podman', for: ['test', 'podman'] },
  { command: 'runc', package: 'runc', for: ['test', 'docker', 'podman'] },
  { command: 'netavark', package: 'netavark', for: ['test', 'podman'] },
  { command: 'aardvark-dns', package: 'aardvark-dns', for: ['test', 'podman'] },
  { command: 'iptables', package: 'iptables', for: ['test', 'bench', 'docker', 'podman'] },
  { command: 'ip', package: 'iproute2', for: ['test', 'bench', 'docker', 'podman'] },
  { command: 'redis-server', package: 'redis-server', brew: 'redis', for: ['test'] },
  { command: 'chromium', package: 'chromium', brew: 'chromium', for: ['test'] },
  { command: 'docker-registry', package: 'docker-registry', for: ['test'] },
  { command: 'serf', package: 'serf', for: ['test', 'bench'] },
  { command: 'faketime', package: 'faketime', for: ['test'] },
  { command: 'xfs_io', package: 'xfsprogs', for: ['test'] },
  { command: 'mkfs.ext4', package: 'e2fsprogs', for: ['test'] },
  { command: 'zsh', package: 'zsh', brew: 'zsh', for: ['shells'] },
  { command: 'fish', package: 'fish', brew: 'fish', for: ['shells'] },
  {
    command: join(oldestPostgres, 'postgres'),
    package: 'postgresql-15',
    for: ['oldest-postgres'],
  },
];

/** Elsewhere than on Linux what only Linux has is no loss to `up`, nor to most benches. */
const isWanted = (program: Program, need: Need, platform: NodeJS.Platform): boolean =>
  program.for.includes(need) &&
  (platform === 'linux' ||
    (program.command !== 'busybox' && (need !== 'bench' || program.brew !== undefined)));

export const missingPrograms = (
  need: Need,
  has: (command: string) => boolean = (command) => lookUpCommand(command) !== undefined,
  platform: NodeJS.Platform = process.platform,
): Program[] =>
  programs.filter((program) => isWanted(program, need, platform) && !has(program.command));

type Installer = { kind: 'apt'; sudo: readonly string[] } | { kind: 'by-hand' };

const sudoAsksNothing = (): boolean => {
  try {
    execFileSync('sudo', ['-n', 'true'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
};

const findInstaller = (): Installer => {
  const debian = process.platform === 'linux' && existsSync('/etc/debian_version');
  if (!debian || lookUpCommand('apt-get') === undefined) return { kind: 'by-hand' };
  if (process.getuid?.() === 0) return { kind: 'apt', sudo: [] };
  return sudoAsksNothing() ? { kind: 'apt', sudo: ['sudo', '-n'] } : { kind: 'by-hand' };
};

/** What a person has to type, for this kind of machine. */
export const instructions = (
  missing: readonly Pick<Program, 'command' | 'package' | 'brew'>[],
  platform: NodeJS.Platform = process.platform,
): string => {
  if (platform === 'darwin') {
    const formulas = missing.flatMap(({ brew }) => (brew === undefined ? [] : [brew]));
    const rest = missing.filter(({ brew }) => brew === undefined).map(({ command }) => command);
    const linuxOnly = rest.length === 0 ? '' : ` These need Linux: ${rest.join(', ')}.`;
    return `${formulas.length === 0 ? '' : `Install them: brew install ${formulas.join(' ')}`}${linuxOnly}`;
  }
  const packages = [...new Set(missing.map((program) => program.package))].join(' ');
  return `On Debian or Ubuntu: sudo apt-get install --no-install-recommends ${packages}`;
};

const run = (command: readonly string[], logFile: string): Promise<void> =>
  new Promise((resolve, reject) => {
    const log = openSync(logFile, 'a');
    const [program = '', ...args] = command;
    const child = spawn(program, args, { stdio: ['ignore', log, log] });
    closeSync(log);
    child.once('error', reject);
    child.once('exit', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`${command.join(' ')}: exit code ${code}\n${logTail(logFile)}`));
    });
  });

const policyFile = '/usr/sbin/policy-rc.d';

/** Debian starts servers as it installs them; ours are started by us, on ports of our own. */
const withoutStartingServers = async (work: () => Promise<void>): Promise<void> => {
  if (process.getuid?.() !== 0 || existsSync(policyFile)) return work();
  writeFileSync(policyFile, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    await work();
  } finally {
    rmSync(policyFile, { force: true });
  }
};

const aptInstall = async (sudo: readonly string[], names: readonly string[], logFile: string) => {
  mkdirSync(dirname(logFile), { recursive: true });
  // sudo drops the environment, so apt gets its own through env.
  const apt = [...sudo, 'env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get'];
  await showStep("Updating Debian's package lists", () => run([...apt, 'update'], logFile));
  const flags = ['install', '-y', '--no-install-recommends', '--no-upgrade'];
  await showStep(`Installing ${names.join(', ')} (Debian)`, () =>
    withoutStartingServers(() => run([...apt, ...flags, ...names], logFile)),
  );
};

/** Returns when all that `need` wants is there; throws with what to do when it can't be. */
export const ensurePrograms = async (need: Need, logFile: string): Promise<void> => {
  const missing = missingPrograms(need);
  if (missing.length === 0) return;
  const names = missing.map(({ command }) => command).join(', ');
  const installer = findInstaller();
  if (installer.kind === 'by-hand') {
    throw new FleetError('programs-missing', `Not installed on this machine: ${names}.`, {
      next: instructions(missing),
    });
  }
  try {
    const packages = [...new Set(missing.map((program) => program.package))];
    await aptInstall(installer.sudo, packages, logFile);
  } catch (cause) {
    throw new FleetError(
      'packages-not-installed',
      `Debian's packages were not installed. ${cause instanceof Error ? cause.message : ''}`,
      { cause, next: `Read ${logFile}, or by hand: ${instructions(missing)}` },
    );
  }
  const still = missingPrograms(need);
  if (still.length > 0) {
    throw new FleetError(
      'programs-missing',
      `Still missing after the install: ${still.map(({ command }) => command).join(', ')}.`,
      { next: instructions(still) },
    );
  }
};
