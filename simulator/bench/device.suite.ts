/**
 * What the benches of one device stand on: a cloud with a durable Postgres, a Docker daemon of
 * their own, a registered device, and the agent as it is shipped, started by the same program as
 * `up` starts. Its line to the hub is counted. Everything is stopped and removed by `stop`.
 */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { agentCommand, eventually, startTestCloud } from '@signalbeam/edge/link/cloud.fixture';
import { type Child, startChild, waitUntilReady } from '@signalbeam/launcher/infra/child';
import { startDocker } from '@signalbeam/launcher/infra/docker';
import { answersTcp, freePort } from '@signalbeam/launcher/infra/ports';
import { startPostgres } from '@signalbeam/launcher/infra/postgres';
import { startProxy } from '@signalbeam/launcher/infra/proxy';
import { agentProgram, ensureAgent } from '@signalbeam/launcher/machine/agent-build';

const site = 'plant-7';

export type BenchDevice = Awaited<ReturnType<typeof openBenchDevice>>;
export type RunningAgent = { child: Child; readyMs: number; answeredMs: number };

const register = async (
  cloud: Awaited<ReturnType<typeof startTestCloud>>,
  folder: string,
): Promise<void> => {
  const { token } = (await cloud.ask('POST', '/api/registration-tokens', {
    site,
    autoApprove: true,
  })) as { token: string };
  const args = ['register', '--url', cloud.url, '--state', folder, '--name', 'bench'];
  const registered = await agentCommand(args, { SIGNALBEAM_TOKEN: token });
  if (registered.code !== 0) throw new Error(registered.stderr);
};

export const openBenchDevice = async () => {
  const dir = mkdtempSync(join(tmpdir(), 'device-bench-'));
  chmodSync(dir, 0o711);
  await ensureAgent();
  const postgres = await startPostgres({ dir: join(dir, 'postgres') });
  const docker = await startDocker({ dir: join(dir, 'docker') });
  const cloud = await startTestCloud(postgres.url);
  const wire = await startProxy({ to: { port: Number(new URL(cloud.hubUrl).port) } });
  const folder = join(dir, 'device');
  await register(cloud, folder);

  /**
   * Ready is when its local console takes connections, answered when the first request has its
   * reply; returns when it is connected.
   */
  const startAgent = async (): Promise<RunningAgent> => {
    const port = await freePort();
    const startedAt = performance.now();
    const child = startChild({
      name: 'agent',
      command: agentProgram,
      args: [
        ...['run', '--state', folder, '--console', `127.0.0.1:${port}`, '--quiet'],
        ...['--leaf', `nats://127.0.0.1:${wire.port}`],
        ...['--engine', 'docker', '--engine-socket', docker.socketPath],
      ],
      env: {
        PATH: process.env['PATH'] ?? '',
        SIGNALBEAM_NODE: process.execPath,
        NODE_COMPILE_CACHE: join(dir, 'cache'),
      },
      logFile: join(dir, 'agent.log'),
    });
    while (!(await answersTcp(port))) await sleep(2);
    const readyMs = performance.now() - startedAt;
    await (await fetch(`http://127.0.0.1:${port}/api/local/device`)).json();
    const answeredMs = performance.now() - startedAt;
    await waitUntilReady(child, () => answersTcp(port), 10_000);
    const link = async () =>
      (await (await fetch(`http://127.0.0.1:${port}/api/local/link`)).json()) as { state: string };
    await eventually(link, ({ state }) => state === 'connected');
    return { child, readyMs, answeredMs };
  };

  return {
    cloud,
    docker,
    wire,
    startAgent,
    stop: async () => {
      await wire.stop();
      await cloud.stop();
      await docker.stop();
      await postgres.stop();
      rmSync(dir, { recursive: true, force: true });
    },
  };
};
