/**
 * Podman's API service with storage, configuration and runtime folders of its own: nothing in
 * /etc or /var/lib/containers is read or touched. It uses runc because crun refuses hybrid
 * cgroups, cgroupfs because no systemd need run, and a subnet of its own.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { findCommand, searchPath } from '../machine/commands.ts';
import { type Child, startChild, waitUntilReady } from './child.ts';
import { shortSocketPath } from './docker.ts';
import { endConmons, removeBridge, unmountBelow } from './kernel.ts';
import { answersHttp } from './unix-http.ts';

export type Podman = {
  socketPath: string;
  graphRoot: string;
  pid: number;
  exited: Child['exited'];
  /** For `podman` on the command line against the same storage. */
  environment: Readonly<Record<string, string>>;
  /** Stops its containers and the service, unmounts. Data stays. */
  stop: () => Promise<void>;
};

/**
 * No `static_dir`: the command that conmon runs when a container ends is told the storage root alone
 * and looks for Podman's database there. Elsewhere it finds none, and no container ever ends.
 */
const containersConf = (dir: string) => {
  const network = networkOf(dir);
  return `[containers]
default_ulimits = ["nofile=4096:4096", "nproc=4096:4096"]
log_driver = "k8s-file"

[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
tmp_dir = ${JSON.stringify(join(dir, 'run/tmp'))}
volume_path = ${JSON.stringify(join(dir, 'volumes'))}
lock_type = "file"

[network]
network_backend = "netavark"
network_config_dir = ${JSON.stringify(join(dir, 'networks'))}
default_network = "${network.name}"
`;
};

/**
 * A network with a name, a bridge and a subnet of its own: two installations on one host that both
 * call theirs `podman` share a bridge and firewall chains, and the one that stops tears down both.
 */
const networkOf = (dir: string) => {
  const hash = createHash('sha256').update(resolve(dir)).digest();
  const subnet = `10.214.${hash[0] ?? 0}`;
  const name = `sbp${hash.toString('hex', 0, 5)}`;
  return {
    name,
    id: createHash('sha256').update(name).digest('hex'),
    driver: 'bridge',
    network_interface: name,
    created: '2026-01-01T00:00:00Z',
    subnets: [{ subnet: `${subnet}.0/24`, gateway: `${subnet}.1` }],
    ipv6_enabled: false,
    internal: false,
    dns_enabled: false,
    ipam_options: { driver: 'host-local' },
  };
};

const storageConf = (dir: string) => `[storage]
driver = "overlay"
graphroot = ${JSON.stringify(join(dir, 'graph'))}
runroot = ${JSON.stringify(join(dir, 'run'))}
`;

const policy = '{"default":[{"type":"insecureAcceptAnything"}]}';

const prepare = (dir: string): Record<string, string> => {
  for (const name of ['graph', 'run/tmp', 'volumes', 'networks', 'home/.config/containers']) {
    mkdirSync(join(dir, name), { recursive: true });
  }
  const home = join(dir, 'home');
  writeFileSync(join(dir, 'containers.conf'), containersConf(dir));
  writeFileSync(join(dir, 'storage.conf'), storageConf(dir));
  const network = networkOf(dir);
  writeFileSync(join(dir, 'networks', `${network.name}.json`), JSON.stringify(network));
  writeFileSync(join(dir, 'registries.conf'), 'unqualified-search-registries = []\n');
  writeFileSync(join(home, '.config/containers/policy.json'), policy);
  return {
    PATH: searchPath(),
    HOME: home,
    CONTAINERS_CONF: join(dir, 'containers.conf'),
    CONTAINERS_STORAGE_CONF: join(dir, 'storage.conf'),
    CONTAINERS_REGISTRIES_CONF: join(dir, 'registries.conf'),
  };
};

export const startPodman = async (options: { dir: string }): Promise<Podman> => {
  const environment = prepare(options.dir);
  const command = findCommand('podman');
  const socketPath = shortSocketPath(options.dir, 'podman.sock');
  rmSync(socketPath, { force: true });
  const child = startChild({
    name: 'podman',
    command,
    args: ['system', 'service', '--time=0', `unix://${socketPath}`],
    logFile: join(options.dir, 'podman.log'),
    env: environment,
  });
  await waitUntilReady(child, () => answersHttp(socketPath, '/v4.0.0/libpod/_ping'), 60_000);
  return {
    socketPath,
    graphRoot: join(options.dir, 'graph'),
    pid: child.pid,
    exited: child.exited,
    environment,
    stop: async () => {
      // Containers of Podman outlive the service: conmon holds them.
      try {
        execFileSync(command, ['stop', '--all', '--time', '1'], {
          env: environment,
          stdio: 'ignore',
        });
      } catch {
        // A storage that is broken is unmounted all the same.
      }
      await child.stop();
      endConmons(join(options.dir, 'graph'));
      unmountBelow(options.dir);
      removeBridge(networkOf(options.dir).name);
      rmSync(socketPath, { force: true });
    },
  };
};
