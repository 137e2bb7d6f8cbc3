/**
 * What engines leave in the kernel and in its tables: bridges and mounts. Linux only, as root.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { resolve, sep } from 'node:path';
import { findCommand } from '../machine/commands.ts';

const run = (command: string, args: readonly string[]): string =>
  execFileSync(findCommand(command), args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

const tryRun = (command: string, args: readonly string[]): boolean => {
  try {
    run(command, args);
    return true;
  } catch {
    return false;
  }
};

/** A bridge named after the folder that uses it, on a /24 of 10.213.0.0/16 that is free here. */
export const ensureBridge = (dir: string): { name: string; subnet: string } => {
  const digest = createHash('sha256').update(resolve(dir)).digest();
  const name = `sb${digest.toString('hex').slice(0, 10)}`;
  const existing = run('ip', ['-o', '-4', 'address']);
  const own = existing.split('\n').find((line) => line.includes(` ${name} `));
  const known = own?.match(/inet (\d+\.\d+\.\d+)\./)?.[1];
  if (known !== undefined) return { name, subnet: `${known}.0/24` };
  tryRun('ip', ['link', 'add', name, 'type', 'bridge']);
  const start = digest[31] ?? 0;
  for (let offset = 0; offset < 256; offset += 1) {
    const net = `10.213.${(start + offset) % 256}`;
    if (existing.includes(`${net}.`)) continue;
    run('ip', ['address', 'add', `${net}.1/24`, 'dev', name]);
    run('ip', ['link', 'set', name, 'up']);
    return { name, subnet: `${net}.0/24` };
  }
  throw new Error('All of 10.213.0.0/16 is in use.');
};

export const removeBridge = (name: string): void => {
  if (networkInterfaces()[name] !== undefined || tryRun('ip', ['link', 'show', name])) {
    tryRun('ip', ['link', 'delete', name]);
  }
};

/** Firewall rules that name an interface which is gone would pile up, one set per run. */
export const removeFirewallRules = (name: string): void => {
  for (const table of ['filter', 'nat']) {
    let rules = '';
    try {
      rules = run('iptables', ['-t', table, '-S']);
    } catch {
      continue;
    }
    for (const rule of rules.split('\n')) {
      const words = rule.split(' ');
      if (words[0] !== '-A' || !words.includes(name)) continue;
      tryRun('iptables', ['-t', table, '-D', ...words.slice(1)]);
    }
  }
};

/** Unmounts all below a folder, deepest first: overlay mounts, network namespaces, shm. */
export const unmountBelow = (dir: string): void => {
  const prefix = resolve(dir) + sep;
  const targets = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[4]?.replaceAll('\\040', ' ') ?? '')
    .filter((target) => target.startsWith(prefix))
    .sort((a, b) => b.length - a.length);
  for (const target of targets) tryRun('umount', ['-l', target]);
};

/**
 * Podman leaves a conmon behind for five minutes after each exec, which then cleans up in a
 * storage that may be gone. Those that name this storage are ended.
 */
export const endConmons = (graphRoot: string): void => {
  const marker = `${resolve(graphRoot)}${sep}`;
  for (const name of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    try {
      const [program = '', ...args] = readFileSync(`/proc/${name}/cmdline`, 'utf8').split('\0');
      const ours = program.endsWith('/conmon') && args.some((arg) => arg.startsWith(marker));
      if (ours) process.kill(Number(name), 'SIGKILL');
    } catch {
      // It ended while we looked.
    }
  }
};
