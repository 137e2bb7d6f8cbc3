/**
 * What an idle agent costs: memory, processor, flash, wire, and the time until it is ready. The
 * bundle that is shipped runs as its own process with Docker's adapter, the link and the host's
 * metrics loaded, against a real cloud; the kernel counts, the agent's child processes included.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { loadAverage, quantile, rounded } from './cloud.suite.ts';
import { openBenchDevice } from './device.suite.ts';

const daySeconds = 86_400;
/** One tick of /proc/PID/stat on Linux. */
const tickMs = 10;
/** The first start fills the compile cache. */
const starts = { smoke: 2, canonical: 8 };

type Usage = { cpuMs: number; childrenCpuMs: number; writtenBytes: number; wireBytes: number };

const numberIn = (text: string, name: string): number =>
  Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(text)?.[1] ?? Number.NaN);

const memoryIn = (smapsRollup: string) => ({
  residentMb: numberIn(smapsRollup, 'Rss') / 1_024,
  anonymousMb: numberIn(smapsRollup, 'Anonymous') / 1_024,
});

/** What Node itself takes before it runs a line of ours. */
const bareNode = () =>
  memoryIn(
    execFileSync(
      process.execPath,
      ['-e', 'process.stdout.write(require("fs").readFileSync("/proc/self/smaps_rollup"))'],
      { encoding: 'utf8' },
    ),
  );

const usageOf = (pid: number, wire: () => { up: number; down: number }): Usage => {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  const ticks = (first: number): number => Number(fields[first]) + Number(fields[first + 1]);
  const { up, down } = wire();
  return {
    cpuMs: ticks(11) * tickMs,
    childrenCpuMs: ticks(13) * tickMs,
    writtenBytes: numberIn(readFileSync(`/proc/${pid}/io`, 'utf8'), 'write_bytes'),
    wireBytes: up + down,
  };
};

export const run = async ({ smoke }: { smoke: boolean }) => {
  const windowSeconds = smoke ? 10 : 600;
  const warmUpSeconds = smoke ? 3 : 60;
  const device = await openBenchDevice();
  try {
    const readyMs: number[] = [];
    const answeredMs: number[] = [];
    let agent = await device.startAgent();
    for (let start = 1; start < (smoke ? starts.smoke : starts.canonical); start += 1) {
      await agent.child.stop();
      agent = await device.startAgent();
      readyMs.push(agent.readyMs);
      answeredMs.push(agent.answeredMs);
    }
    await sleep(warmUpSeconds * 1_000);
    const { pid } = agent.child;
    const before = usageOf(pid, device.wire.bytes);
    await sleep(windowSeconds * 1_000);
    const after = usageOf(pid, device.wire.bytes);
    const memory = memoryIn(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'));
    await agent.child.stop();
    const bare = bareNode();
    const perDay = (name: keyof Usage): number =>
      ((after[name] - before[name]) / windowSeconds) * daySeconds;
    const percentOfCore = (name: 'cpuMs' | 'childrenCpuMs'): number =>
      rounded(((after[name] - before[name]) / (windowSeconds * 1_000)) * 100, 3);
    return {
      name: 'agent idle',
      figures: {
        residentMb: rounded(memory.residentMb),
        anonymousMb: rounded(memory.anonymousMb),
        bareNodeResidentMb: rounded(bare.residentMb),
        bareNodeAnonymousMb: rounded(bare.anonymousMb),
        cpuPercentOfCore: percentOfCore('cpuMs'),
        childrenCpuPercentOfCore: percentOfCore('childrenCpuMs'),
        readyP50Ms: Math.round(quantile(readyMs, 0.5)),
        firstAnswerP50Ms: Math.round(quantile(answeredMs, 0.5)),
        writtenMbPerDay: rounded(perDay('writtenBytes') / 1e6, 2),
        wireKbPerDay: Math.round(perDay('wireBytes') / 1e3),
        windowSeconds,
        machineLoad: loadAverage(),
      },
    };
  } finally {
    await device.stop();
  }
};
