/**
 * What an idle agent costs: memory, processor, flash, wire, and the time until it is ready. The
 * bundle that is shipped runs as its own process with Docker's adapter, the link and the host's
 * metrics loaded, against a real cloud; the kernel counts, the agent's child processes included. Its
 * state is on an ext4 of its own, so that the block device counts what the file system adds. Beside
 * it idle the members of a mesh, and one agent whose console somebody used and left.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createDisk, type Disk } from '@signalbeam/launcher/infra/loop-disk';
import { loadAverage, quantile, rounded } from './cloud.suite.ts';
import { openBenchDevice } from './device.suite.ts';
import { visitConsole } from './visitor.suite.ts';

const daySeconds = 86_400;
/** One tick of /proc/PID/stat on Linux. */
const tickMs = 10;
/** The first start fills the compile cache. */
const sizes = {
  smoke: { starts: 2, warmUpSeconds: 1, visitSeconds: 1, windowSeconds: 3, members: 2 },
  canonical: { starts: 8, warmUpSeconds: 60, visitSeconds: 180, windowSeconds: 600, members: 3 },
};
const lookEverySeconds = 15;
const stateDisk = { sizeMib: 256, blockBytes: 4_096 };

type Usage = {
  cpuMs: number;
  childrenCpuMs: number;
  writtenBytes: number;
  deviceWrittenBytes: number;
  wireBytes: number;
};
type Memory = ReturnType<typeof memoryIn>;

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

const memoryOf = ({ pid }: { pid: number }): Memory =>
  memoryIn(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'));

const usageOf = (
  { pid }: { pid: number },
  disk: Disk,
  wire: () => { up: number; down: number },
): Usage => {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  const ticks = (first: number): number => Number(fields[first]) + Number(fields[first + 1]);
  const { up, down } = wire();
  return {
    cpuMs: ticks(11) * tickMs,
    childrenCpuMs: ticks(13) * tickMs,
    writtenBytes: numberIn(readFileSync(`/proc/${pid}/io`, 'utf8'), 'write_bytes'),
    deviceWrittenBytes: disk.writtenBytes(),
    wireBytes: up + down,
  };
};

/** It breathes: garbage collects and is collected. The mean is what it costs, the most what it needs. */
const watchMemory = async (child: { pid: number }, forSeconds: number) => {
  const until = performance.now() + forSeconds * 1_000;
  const seen: Memory[] = [memoryOf(child)];
  for (;;) {
    const leftMs = until - performance.now();
    if (leftMs <= 0) break;
    await sleep(Math.min(leftMs, lookEverySeconds * 1_000));
    seen.push(memoryOf(child));
  }
  const all = (name: keyof Memory): number[] => seen.map((each) => each[name]);
  const mean = (name: keyof Memory): number =>
    rounded(all(name).reduce((sum, each) => sum + each, 0) / seen.length);
  const most = (name: keyof Memory): number => rounded(Math.max(...all(name)));
  return {
    residentMb: mean('residentMb'),
    residentMostMb: most('residentMb'),
    anonymousMb: mean('anonymousMb'),
    anonymousMostMb: most('anonymousMb'),
  };
};

const named = (suffix: string, memory: Awaited<ReturnType<typeof watchMemory>>) =>
  Object.fromEntries(
    Object.entries(memory).map(([name, value]) => [name.replace(/Mb$/, `${suffix}Mb`), value]),
  );

type Device = Awaited<ReturnType<typeof openBenchDevice>>;
type Size = (typeof sizes)['smoke'];

/** The first start of a bundle fills its compile cache and is not counted. */
const timeStarts = async (device: Device, starts: number) => {
  const [readyMs, answeredMs]: [number[], number[]] = [[], []];
  for (let start = 0; start < starts; start += 1) {
    const agent = await device.startAgent();
    await agent.child.stop();
    if (start === 0) continue;
    readyMs.push(agent.readyMs);
    answeredMs.push(agent.answeredMs);
  }
  return {
    readyP50Ms: Math.round(quantile(readyMs, 0.5)),
    readyMaxMs: Math.round(quantile(readyMs, 1)),
    firstAnswerP50Ms: Math.round(quantile(answeredMs, 0.5)),
  };
};

const measure = async (device: Device, disk: Disk, size: Size) => {
  const { warmUpSeconds, visitSeconds, windowSeconds } = size;
  const figures = await timeStarts(device, size.starts);
  const child = await device.startUntouched();
  const loadBefore = loadAverage();
  const [member, ...others] = await device.startSite(size.members);
  const visited = others.at(-1);
  if (member === undefined || visited === undefined) throw new Error('a site has two devices');
  await Promise.all([
    sleep(warmUpSeconds * 1_000),
    visitConsole(visited.console, visitSeconds * 1_000),
  ]);
  const before = usageOf(child, disk, device.wire.bytes);
  const watch = (of: { pid: number }) => watchMemory(of, windowSeconds);
  const [idle, inMesh, afterVisit] = await Promise.all([
    watch(child),
    watch(member.child),
    watch(visited.child),
  ]);
  const after = usageOf(child, disk, device.wire.bytes);
  const perDay = (name: keyof Usage): number =>
    ((after[name] - before[name]) / windowSeconds) * daySeconds;
  const percentOfCore = (name: 'cpuMs' | 'childrenCpuMs'): number =>
    rounded(((after[name] - before[name]) / (windowSeconds * 1_000)) * 100, 3);
  return {
    ...idle,
    ...named('WithMesh', inMesh),
    ...named('WithMeshAfterVisit', afterVisit),
    cpuPercentOfCore: percentOfCore('cpuMs'),
    childrenCpuPercentOfCore: percentOfCore('childrenCpuMs'),
    ...figures,
    writtenMbPerDay: rounded(perDay('writtenBytes') / 1e6, 2),
    deviceWrittenMbPerDay: rounded(perDay('deviceWrittenBytes') / 1e6, 2),
    wireKbPerDay: Math.round(perDay('wireBytes') / 1e3),
    windowSeconds,
    machineLoadBefore: loadBefore,
    machineLoad: loadAverage(),
  };
};

export const run = async ({ smoke }: { smoke: boolean }) => {
  const disk = createDisk(stateDisk.sizeMib, stateDisk.blockBytes);
  try {
    const device = await openBenchDevice(join(disk.mountPoint, 'device'));
    try {
      const figures = await measure(device, disk, smoke ? sizes.smoke : sizes.canonical);
      const bare = bareNode();
      return {
        name: 'agent idle',
        figures: {
          ...figures,
          bareNodeResidentMb: rounded(bare.residentMb),
          bareNodeAnonymousMb: rounded(bare.anonymousMb),
        },
      };
    } finally {
      await device.stop();
    }
  } finally {
    disk.remove();
  }
};
