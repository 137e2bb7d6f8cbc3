/**
 * What the benches of single devices stand on: a cloud with a durable Postgres, a Docker daemon of
 * their own, registered devices, and the agent as it is shipped, started by the same program as
 * `up` starts. The first device's line to the hub is counted. All is stopped and removed by `stop`.
 */
import { execFile } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { eventually, startTestCloud } from '@signalbeam/edge/link/cloud.fixture';
import { type Child, startChild, waitUntilReady } from '@signalbeam/launcher/infra/child';
import { startDocker } from '@signalbeam/launcher/infra/docker';
import { answersTcp, freePort } from '@signalbeam/launcher/infra/ports';
import { startPostgres } from '@signalbeam/launcher/infra/postgres';
import { startProxy } from '@signalbeam/launcher/infra/proxy';
import { agentProgram, ensureAgent } from '@signalbeam/launcher/machine/agent-build';

export type BenchDevice = Awaited<ReturnType<typeof openBenchDevice>>;
export type RunningAgent = { child: Child; console: string; readyMs: number; answeredMs: number };

const register = async (
  cloud: Awaited<ReturnType<typeof startTestCloud>>,
  { folder, name, site }: { folder: string; name: string; site: string },
): Promise<void> => {
  const { token } = (await cloud.ask('POST', '/api/registration-tokens', {
    site,
    autoApprove: true,
  })) as { token: string };
  const args = ['register', '--url', cloud.url, '--state', folder, '--name', name];
  await promisify(execFile)(agentProgram, args, {
    env: { ...agentEnvironment(), SIGNALBEAM_TOKEN: token },
  });
};

const agentEnvironment = () => ({
  PATH: process.env['PATH'] ?? '',
  SIGNALBEAM_NODE: process.execPath,
});

const readLink = async (url: string): Promise<{ state: string }> =>
  (await (await fetch(`${url}/api/local/link`)).json()) as { state: string };

/** `folder`: where the first device keeps its state, if not beside everything else. */
export const openBenchDevice = async (folder?: string) => {
  const dir = mkdtempSync(join(tmpdir(), 'device-bench-'));
  chmodSync(dir, 0o711);
  await ensureAgent();
  const postgres = await startPostgres({ dir: join(dir, 'postgres') });
  const docker = await startDocker({ dir: join(dir, 'docker') });
  const cloud = await startTestCloud(postgres.url);
  const wire = await startProxy({ to: { port: Number(new URL(cloud.hubUrl).port) } });
  const first = folder ?? join(dir, 'device');
  await register(cloud, { folder: first, name: 'bench', site: 'plant-7' });

  const agents: Child[] = [];
  const spawnAgent = async (state: string, args: readonly string[]) => {
    const port = await freePort();
    const startedAt = performance.now();
    const child = startChild({
      name: 'agent',
      command: agentProgram,
      args: [
        ...['run', '--state', state, '--console', `127.0.0.1:${port}`, '--quiet'],
        ...['--engine', 'docker', '--engine-socket', docker.socketPath, ...args],
      ],
      env: { ...agentEnvironment(), NODE_COMPILE_CACHE: join(dir, 'cache') },
      logFile: join(dir, 'agent.log'),
    });
    agents.push(child);
    while (!(await answersTcp(port))) await sleep(2);
    const readyMs = performance.now() - startedAt;
    await waitUntilReady(child, () => answersTcp(port), 10_000);
    return { child, console: `http://127.0.0.1:${port}`, startedAt, readyMs };
  };

  return {
    cloud,
    docker,
    wire,
    /**
     * Ready is when its local console takes connections, answered when the first request has its
     * reply; returns when it is connected.
     */
    startAgent: async (): Promise<RunningAgent> => {
      const leaf = ['--leaf', `nats://127.0.0.1:${wire.port}`];
      const { startedAt, ...agent } = await spawnAgent(first, leaf);
      await (await fetch(`${agent.console}/api/local/device`)).json();
      const answeredMs = performance.now() - startedAt;
      const link = () => readLink(agent.console);
      await eventually(link, ({ state }) => state === 'connected');
      return { ...agent, answeredMs };
    },
    /** As most agents are: nobody has ever asked its console anything. */
    startUntouched: async (): Promise<Child> => {
      const { child } = await spawnAgent(first, ['--leaf', `nats://127.0.0.1:${wire.port}`]);
      return child;
    },
    /** Devices of one site in a mesh, all on this host; nobody opens their consoles here. */
    startSite: async (devices: number): Promise<{ child: Child; console: string }[]> => {
      const addresses: string[] = [];
      for (let each = 0; each < devices; each += 1) addresses.push(`127.0.0.1:${await freePort()}`);
      const members: { child: Child; console: string }[] = [];
      for (const [at, address] of addresses.entries()) {
        const member = { folder: join(dir, `member-${at}`), name: `m${at}`, site: 'plant-8' };
        await register(cloud, member);
        const mesh = ['--mesh', address, '--mesh-peers', addresses.join(',')];
        members.push(await spawnAgent(member.folder, mesh));
      }
      return members;
    },
    stop: async () => {
      await Promise.all(agents.map((agent) => agent.stop()));
      await wire.stop();
      await cloud.stop();
      await docker.stop();
      await postgres.stop();
      rmSync(dir, { recursive: true, force: true });
    },
  };
};
