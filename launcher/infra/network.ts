/**
 * Several hosts on one machine: network namespaces with addresses of their own, a LAN between them
 * and a WAN to this process, whose links can be cut as real ones are. Linux, as root. A world bears
 * the number of the process that made it, so that worlds run side by side, and what a killed
 * process left behind is removed by the next one.
 */
import { execFile, execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { findCommand } from '../machine/commands.ts';
import { type Child, type ChildOptions, startChild } from './child.ts';

/**
 * `unplugged`: the interface is down, both ends know. `reset`: connections break and none is made.
 * `silent`: nothing passes and nobody is told. `deaf`, `mute`: the same for one direction only.
 */
export type WanCut = 'unplugged' | 'reset' | 'silent' | 'deaf' | 'mute';

export type NetworkHost = {
  name: string;
  /** On the LAN. */
  address: string;
  start(options: ChildOptions): Child;
  /** What to spawn on this machine so that it runs there, for who needs its pipes. */
  within(command: string, args: readonly string[]): { command: string; args: readonly string[] };
  /** One command inside, run to its end; gives what it printed. */
  run(command: string, args: readonly string[]): Promise<string>;
  /** Reads from a server on the host's own loopback. */
  get(url: string): Promise<string>;
  cutWan(how: WanCut): void;
  healWan(): void;
  /** Drops what comes from these hosts' LAN addresses; the other direction stays. */
  ignore(others: readonly NetworkHost[]): void;
  /** This share of what arrives on the LAN is lost. */
  lose(share: number): void;
  healLan(): void;
  /** Nothing leaves or reaches it any more on either side, and nobody is told. */
  vanish(): void;
  /** Ends every process on it. Alone it is a crash: the host says that their connections ended. */
  killAll(): void;
  lanBytes(): { received: number; sent: number; sentPackets: number };
};

export type Network = {
  hosts: readonly NetworkHost[];
  /** This process as the hosts see it across the WAN. */
  wanAddress: string;
  /** Hosts hear only those of their own group. */
  split(groups: readonly (readonly NetworkHost[])[]): void;
  heal(): void;
  stop(): void;
};

const run = (command: string, ...args: readonly string[]): string =>
  execFileSync(findCommand(command), args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

const tryRun = (command: string, ...args: readonly string[]): boolean => {
  try {
    run(command, ...args);
    return true;
  } catch {
    return false;
  }
};

const namespaces = /^sb-(\d+)-\S+/;
const bridges = /^sbw\d+$/;
const lanNet = '192.168.77';
let worlds = 0;

export const createNetwork = (options: {
  hosts: readonly string[];
  /** Those with an uplink of their own. */
  wan: readonly string[];
}): Network => {
  sweep();
  makeRoomForNeighbours(options.hosts.length);
  worlds += 1;
  const prefix = `sb-${process.pid}-${worlds}`;
  const wan = claimWan();
  const ports = options.hosts.map((_, index) => wanPort(index + 2));
  const stop = (): void => {
    process.off('exit', stop);
    for (const host of ['lan', ...options.hosts]) removeNamespace(`${prefix}-${host}`);
    for (const port of ports) tryRun('ip', 'link', 'delete', port);
    tryRun('ip', 'link', 'delete', wan.bridge);
  };
  process.on('exit', stop);
  try {
    const lan = `${prefix}-lan`;
    addNamespace(lan);
    run('ip', '-n', lan, 'link', 'add', 'switch', 'type', 'bridge');
    run('ip', '-n', lan, 'link', 'set', 'switch', 'up');
    const hosts = options.hosts.map((name, index) => {
      const namespace = `${prefix}-${name}`;
      addNamespace(namespace);
      plugLan(namespace, lan, index + 1);
      if (options.wan.includes(name)) plugWan(namespace, wan, index + 2);
      return hostIn(namespace, name, `${lanNet}.${index + 1}`);
    });
    return {
      hosts,
      wanAddress: `${wan.net}.1`,
      split: (groups) => {
        for (const group of groups) {
          const others = groups.filter((each) => each !== group).flat();
          for (const host of group) host.ignore(others);
        }
      },
      heal: () => {
        for (const host of hosts) {
          host.healLan();
          host.healWan();
        }
      },
      stop,
    };
  } catch (cause) {
    stop();
    throw cause;
  }
};

const neighboursFile = '/proc/sys/net/ipv4/neigh/default/gc_thresh3';

/**
 * All namespaces share one limit of neighbours (1,024 as a rule): 36 hosts that all talk to each
 * other fill it, and whoever comes later reaches nobody. Raised where a world needs it, never lowered.
 */
const makeRoomForNeighbours = (hosts: number): void => {
  const wanted = 8 * hosts * hosts;
  if (Number(readFileSync(neighboursFile, 'utf8')) < wanted) {
    writeFileSync(neighboursFile, String(wanted));
  }
};

const addNamespace = (name: string): void => {
  run('ip', 'netns', 'add', name);
  run('ip', '-n', name, 'link', 'set', 'lo', 'up');
};

const plugLan = (namespace: string, lan: string, number: number): void => {
  const port = `port${number}`;
  const peer = ['peer', 'name', port, 'netns', lan];
  run('ip', 'link', 'add', 'lan0', 'netns', namespace, 'type', 'veth', ...peer);
  run('ip', '-n', lan, 'link', 'set', port, 'master', 'switch', 'up');
  const address = [`${lanNet}.${number}/24`, 'broadcast', `${lanNet}.255`];
  run('ip', '-n', namespace, 'address', 'add', ...address, 'dev', 'lan0');
  run('ip', '-n', namespace, 'link', 'set', 'lan0', 'up');
};

/** Bears the process's number: the kernel takes its time to forget one whose namespace is gone. */
const wanPort = (number: number): string => `sb${process.pid.toString(36)}x${worlds}n${number}`;

const plugWan = (namespace: string, wan: { bridge: string; net: string }, number: number): void => {
  const port = wanPort(number);
  run('ip', 'link', 'add', port, 'type', 'veth', 'peer', 'name', 'wan0', 'netns', namespace);
  run('ip', 'link', 'set', port, 'master', wan.bridge, 'up');
  run('ip', '-n', namespace, 'address', 'add', `${wan.net}.${number}/24`, 'dev', 'wan0');
  run('ip', '-n', namespace, 'link', 'set', 'wan0', 'up');
};

/** The bridge's name is the claim on its subnet: the kernel lets one process make it. */
const claimWan = (): { bridge: string; net: string } => {
  for (let number = 0; number < 250; number += 1) {
    const bridge = `sbw${number}`;
    if (!tryRun('ip', 'link', 'add', bridge, 'type', 'bridge')) continue;
    run('ip', 'link', 'set', bridge, 'alias', String(process.pid));
    run('ip', 'address', 'add', `10.214.${number}.1/24`, 'dev', bridge);
    run('ip', 'link', 'set', bridge, 'up');
    return { bridge, net: `10.214.${number}` };
  }
  throw new Error('No network namespace world can be made: not root, or 10.214.0.0/16 is in use.');
};

/** A program's start and all it does, while the machine runs other things too. */
const runMs = 60_000;
const loopback = ['--source', '127.0.0.0/8', '--jump', 'DROP'];

const hostIn = (namespace: string, name: string, address: string): NetworkHost => {
  const inside = (command: string, args: readonly string[]) =>
    [
      'netns',
      'exec',
      namespace,
      command.includes('/') ? command : findCommand(command),
      ...args,
    ] as const;
  const firewall = (...args: readonly string[]): void =>
    void run('ip', ...inside('iptables', ['--wait', ...args]));
  const chain = (which: 'LAN' | 'WAN') => {
    firewall('--new-chain', which);
    firewall('--append', 'INPUT', '--jump', which);
    firewall('--append', 'OUTPUT', '--jump', which);
  };
  chain('LAN');
  chain('WAN');
  const execute = async (command: string, args: readonly string[]): Promise<string> =>
    (await promisify(execFile)(findCommand('ip'), inside(command, args), { timeout: runMs }))
      .stdout;
  const drop = (direction: 'in' | 'out', target: readonly string[] = ['DROP']): void =>
    firewall('--append', 'WAN', `--${direction}-interface`, 'wan0', '--jump', ...target);
  return {
    name,
    address,
    start: (options) =>
      startChild({
        ...options,
        command: findCommand('ip'),
        args: ['netns', 'exec', namespace, options.command, ...options.args],
      }),
    within: (command, args) => ({ command: findCommand('ip'), args: inside(command, args) }),
    run: execute,
    get: (url) => execute('busybox', ['wget', '-q', '-O', '-', url]),
    cutWan: (how) => {
      const rules: Record<WanCut, () => void> = {
        unplugged: () => run('ip', '-n', namespace, 'link', 'set', 'wan0', 'down'),
        reset: () => {
          const reject = ['REJECT', '--reject-with', 'tcp-reset'];
          firewall('--append', 'WAN', '--out-interface', 'wan0', '-p', 'tcp', '--jump', ...reject);
        },
        silent: () => {
          drop('in');
          drop('out');
        },
        deaf: () => drop('in'),
        mute: () => drop('out'),
      };
      rules[how]();
    },
    healWan: () => {
      firewall('--flush', 'WAN');
      tryRun('ip', '-n', namespace, 'link', 'set', 'wan0', 'up');
    },
    ignore: (others) => {
      for (const other of others)
        firewall('--append', 'LAN', '--source', other.address, '--jump', 'DROP');
    },
    lose: (share) => {
      const match = ['--match', 'statistic', '--mode', 'random', '--probability', String(share)];
      firewall('--append', 'LAN', '--in-interface', 'lan0', ...match, '--jump', 'DROP');
    },
    healLan: () => firewall('--flush', 'LAN'),
    vanish: () => {
      for (const chain of ['LAN', 'WAN']) firewall('--insert', chain, '!', ...loopback);
    },
    killAll: () => killWithin(namespace),
    lanBytes: () => {
      const counters = run('ip', '-n', namespace, '-json', '-stats', 'link', 'show', 'lan0');
      const [link] = JSON.parse(counters) as [
        { stats64: Record<'rx' | 'tx', { bytes: number; packets: number }> },
      ];
      const { rx, tx } = link.stats64;
      return { received: rx.bytes, sent: tx.bytes, sentPackets: tx.packets };
    },
  };
};

const removeNamespace = (name: string): void => {
  if (!readNamespaces().includes(name)) return;
  killWithin(name);
  tryRun('ip', 'netns', 'delete', name);
};

const killWithin = (namespace: string): void => {
  const pids = run('ip', 'netns', 'pids', namespace).split('\n').filter(Boolean);
  for (const pid of pids) tryKill(Number(pid));
};

const tryKill = (pid: number): void => {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It ended by itself in the meantime.
  }
};

const readNamespaces = (): string[] =>
  run('ip', 'netns', 'list')
    .split('\n')
    .flatMap((line) => line.match(namespaces)?.[0] ?? []);

const isGone = (pid: string): boolean => {
  try {
    process.kill(Number(pid), 0);
    return false;
  } catch (cause) {
    return cause instanceof Error && 'code' in cause && cause.code === 'ESRCH';
  }
};

const sweep = (): void => {
  for (const name of readNamespaces()) {
    const owner = name.match(namespaces)?.[1];
    if (owner !== undefined && isGone(owner)) removeNamespace(name);
  }
  for (const bridge of readdirSync('/sys/class/net').filter((name) => bridges.test(name))) {
    const owner = readAlias(bridge);
    if (owner !== '' && isGone(owner)) tryRun('ip', 'link', 'delete', bridge);
  }
};

const readAlias = (link: string): string => {
  try {
    return readFileSync(`/sys/class/net/${link}/ifalias`, 'utf8').trim();
  } catch {
    return '';
  }
};
