/**
 * What an idle agent costs: memory, processor, flash, wire, and the time until it is ready. The
 * bundle that is shipped runs as its own process with Docker's adapter and the link loaded, against
 * a real cloud; the kernel counts.
 */
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { agentCommand, eventually, startTestCloud } from '@signalbeam/edge/link/cloud.fixture';
import { startChild, waitUntilReady } from '@signalbeam/launcher/infra/child';
import { startDocker } from '@signalbeam/launcher/infra/docker';
import { answersTcp, freePort } from '@signalbeam/launcher/infra/ports';
import { startPostgres } from '@signalbeam/launcher/infra/postgres';
import { startProxy } from '@signalbeam/launcher/infra/proxy';
import { agentProgram, ensureAgent } from '@signalbeam/launcher/machine/agent-build';

const daySeconds = 86_400;
/** One tick of /proc/PID/stat on Linux. */
const tickMs = 10;

type Usage = { cpuMs: number; writtenBytes: number; wireBytes: number };

const numberIn = (text: string, name: string): number =>
  Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(text)?.[1] ?? Number.NaN);

const memoryOf = (pid: number) => {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  return {
    residentMb: numberIn(text, 'Rss') / 1_024,
    anonymousMb: numberIn(text, 'Anonymous') / 1_024,
  };
};

const usageOf = (pid: number, wire: () => { up: number; down: number }): Usage => {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  const { up, down } = wire();
  return {
    cpuMs: (Number(fields[11]) + Number(fields[12])) * tickMs,
    writtenBytes: numberIn(readFileSync(`/proc/${pid}/io`, 'utf8'), 'write_bytes'),
    wireBytes: up + down,
  };
};

const rounded = (value: number): number => Math.round(value * 1_000) / 1_000;

export const run = async ({ smoke, seconds }: { smoke: boolean; seconds?: number }) => {
  const windowSeconds = seconds ?? (smoke ? 10 : 600);
  const warmUpSeconds = smoke ? 3 : 60;
  const dir = mkdtempSync(join(tmpdir(), 'agent-bench-'));
  chmodSync(dir, 0o711);
  await ensureAgent();
  const postgres = await startPostgres({ dir: join(dir, 'postgres'), durability: 'throwaway' });
  const docker = await startDocker({ dir: join(dir, 'docker') });
  const cloud = await startTestCloud(postgres.url);
  const wire = await startProxy({ to: { port: Number(new URL(cloud.hubUrl).port) } });
  try {
    const folder = join(dir, 'device');
    const token = (await cloud.ask('POST', '/api/registration-tokens', {
      site: 'plant-7',
      autoApprove: true,
    })) as { token: string };
    const registered = await agentCommand(
      ['register', '--url', cloud.url, '--state', folder, '--name', 'idle'],
      { SIGNALBEAM_TOKEN: token.token },
    );
    if (registered.code !== 0) throw new Error(registered.stderr);
    const port = await freePort();
    const startedAt = performance.now();
    const agent = startChild({
      name: 'agent',
      command: agentProgram,
      args: [
        'run',
        '--state',
        folder,
        '--console',
        `127.0.0.1:${port}`,
        '--leaf',
        `nats://127.0.0.1:${wire.port}`,
        '--engine',
        'docker',
        '--engine-socket',
        docker.socketPath,
        '--quiet',
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
    await waitUntilReady(agent, () => answersTcp(port), 10_000);
    const link = async () =>
      (await (await fetch(`http://127.0.0.1:${port}/api/local/link`)).json()) as { state: string };
    await eventually(link, ({ state }) => state === 'connected');
    await sleep(warmUpSeconds * 1_000);
    const before = usageOf(agent.pid, wire.bytes);
    await sleep(windowSeconds * 1_000);
    const after = usageOf(agent.pid, wire.bytes);
    const memory = memoryOf(agent.pid);
    await agent.stop();
    const perDay = (bytes: number): number => (bytes / windowSeconds) * daySeconds;
    return {
      name: 'agent idle',
      figures: {
        residentMb: rounded(memory.residentMb),
        anonymousMb: rounded(memory.anonymousMb),
        cpuPercentOfCore: rounded(((after.cpuMs - before.cpuMs) / (windowSeconds * 1_000)) * 100),
        readyMs: Math.round(readyMs),
        writtenMbPerDay: rounded(perDay(after.writtenBytes - before.writtenBytes) / 1e6),
        wireKbPerDay: Math.round(perDay(after.wireBytes - before.wireBytes) / 1e3),
        windowSeconds,
      },
    };
  } finally {
    await wire.stop();
    await cloud.stop();
    await docker.stop();
    await postgres.stop();
    rmSync(dir, { recursive: true, force: true });
  }
};
