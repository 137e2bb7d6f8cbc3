/**
 * A Docker daemon of our own: own socket, data, bridge and containerd, beside whatever else the
 * machine runs. It writes no firewall rules (published ports go through its userland proxy), so
 * several daemons and Podman don't undo one another's. Containers therefore have no way out to
 * the internet unless `firewall` is on.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { findCommand, searchPath } from '../machine/commands.ts';
import { type Child, startChild, waitUntilReady } from './child.ts';
import { ensureBridge, removeBridge, removeFirewallRules, unmountBelow } from './kernel.ts';
import { answersHttp } from './unix-http.ts';

export type Docker = {
  socketPath: string;
  dataDir: string;
  pid: number;
  exited: Child['exited'];
  /** Stops the daemon (its containers too), unmounts, removes its bridge. Data stays. */
  stop: () => Promise<void>;
};

export type DockerOptions = {
  dir: string;
  /** Let Docker write its firewall rules, so that containers get out: for a machine's only daemon. */
  firewall?: boolean;
  /** Unix sockets have a limit of 107 bytes: a deep `dir` needs a short path here. */
  socketPath?: string;
};

/** The machine's root may lack CAP_SYS_RESOURCE: limits above its own would fail every container. */
const ulimits = ['nofile=4096:4096', 'nproc=4096:4096'];
const socketPathBytesMax = 107;

export const shortSocketPath = (dir: string, name: string): string => {
  const path = join(dir, name);
  if (Buffer.byteLength(path) <= socketPathBytesMax) return path;
  const hash = createHash('sha256').update(path).digest('hex').slice(0, 12);
  return `/run/signalbeam-${hash}-${name}`;
};

export const startDocker = async (options: DockerOptions): Promise<Docker> => {
  const dataDir = join(options.dir, 'data');
  const execDir = join(options.dir, 'exec');
  mkdirSync(dataDir, { recursive: true });
  mkdirSync(execDir, { recursive: true });
  const pidFile = join(options.dir, 'docker.pid');
  const socketPath = options.socketPath ?? shortSocketPath(options.dir, 'docker.sock');
  rmSync(pidFile, { force: true });
  rmSync(socketPath, { force: true });
  const bridge = ensureBridge(options.dir);
  const rules =
    options.firewall === true ? [] : ['--iptables=false', '--ip-masq=false', '--ip-forward=false'];
  const child = startChild({
    name: 'dockerd',
    command: findCommand('dockerd'),
    args: [
      ...['-H', `unix://${socketPath}`, '--data-root', dataDir, '--exec-root', execDir],
      ...['--pidfile', pidFile, '--bridge', bridge.name, ...rules],
      ...ulimits.flatMap((limit) => ['--default-ulimit', limit]),
    ],
    logFile: join(options.dir, 'dockerd.log'),
    env: { ...process.env, PATH: searchPath() },
  });
  await waitUntilReady(child, () => answersHttp(socketPath, '/_ping'), 60_000);
  return {
    socketPath,
    dataDir,
    pid: child.pid,
    exited: child.exited,
    stop: async () => {
      await child.stop({ graceMs: 30_000 });
      unmountBelow(options.dir);
      if (options.firewall === true) removeFirewallRules(bridge.name);
      removeBridge(bridge.name);
      rmSync(socketPath, { force: true });
    },
  };
};
