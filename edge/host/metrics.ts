/**
 * Samples of the host. Counters and memory come straight from the kernel where it is Linux (a few
 * microseconds); systeminformation is loaded only for what has no such file and on other systems,
 * because its calls start processes. A reading that can't be had is null, never a guess.
 */
import { readFileSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { cpus, freemem, loadavg, totalmem, uptime } from 'node:os';
import type { MetricsBody } from '@signalbeam/sync/wire/rows';

/** Busy and total time of all processors since the start, in the same unit. */
type CpuTimes = { busy: number; total: number };

export type MetricsSampler = { sample(): Promise<MetricsBody> };

/** `path` lies on the disk whose fill matters: where the agent and its images live. */
export const createMetricsSampler = (path: string): MetricsSampler => {
  let before = cpuTimes();
  return {
    sample: async () => {
      const after = cpuTimes();
      const cpuPercent = share(after.busy - before.busy, after.total - before.total);
      before = after;
      const memory = memoryUse();
      const disk = await diskUse(path);
      const network = await networkBytes();
      return {
        cpuPercent,
        memoryPercent: share(memory.usedBytes, memory.totalBytes),
        memoryUsedBytes: memory.usedBytes,
        diskPercent: disk === null ? null : share(disk.usedBytes, disk.totalBytes),
        diskUsedBytes: disk?.usedBytes ?? null,
        networkReceivedBytes: network?.received ?? null,
        networkSentBytes: network?.sent ?? null,
        loadAverage: rounded(loadavg()[0] ?? 0),
        temperatureCelsius: temperature(),
        uptimeSeconds: Math.floor(uptime()),
      };
    },
  };
};

/** One decimal: more digits are noise, and noise does not compress. */
const rounded = (value: number): number => Math.round(value * 10) / 10;

const share = (part: number, whole: number): number | null =>
  whole > 0 ? rounded(Math.min(100, Math.max(0, (part / whole) * 100))) : null;

const readText = (path: string): string | null => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
};

const cpuTimes = (): CpuTimes => {
  const line = readText('/proc/stat')?.split('\n', 1)[0];
  if (line === undefined) return cpuTimesOfNode();
  const times = line.trim().split(/\s+/).slice(1, 9).map(Number);
  const total = times.reduce((sum, each) => sum + each, 0);
  return { busy: total - (times[3] ?? 0) - (times[4] ?? 0), total };
};

const cpuTimesOfNode = (): CpuTimes =>
  cpus().reduce(
    (sum, { times }) => {
      const total = times.user + times.nice + times.sys + times.idle + times.irq;
      return { busy: sum.busy + total - times.idle, total: sum.total + total };
    },
    { busy: 0, total: 0 },
  );

/** What the kernel would have to take from somebody: without the caches it can give back. */
const memoryUse = (): { usedBytes: number; totalBytes: number } => {
  const available = /^MemAvailable:\s+(\d+) kB$/m.exec(readText('/proc/meminfo') ?? '')?.[1];
  const totalBytes = totalmem();
  const availableBytes = available === undefined ? freemem() : Number(available) * 1024;
  return { usedBytes: Math.max(0, totalBytes - availableBytes), totalBytes };
};

const diskUse = async (path: string): Promise<{ usedBytes: number; totalBytes: number } | null> => {
  try {
    const { blocks, bfree, bavail, bsize } = await statfs(path);
    const usedBytes = (blocks - bfree) * bsize;
    return { usedBytes, totalBytes: usedBytes + bavail * bsize };
  } catch {
    return null;
  }
};

/** Loopback and the engines' own bridges would count the same bytes twice. */
const notCounted = /^(?:lo|docker\d*|podman\d*|br-|veth|cni|virbr)/;

const networkBytes = async (): Promise<{ received: number; sent: number } | null> => {
  const table = readText('/proc/net/dev');
  if (table === null) return networkBytesElsewhere();
  const lines = table
    .split('\n')
    .slice(2)
    .filter((line) => line.includes(':'));
  return lines.reduce(
    (sum, line) => {
      const [name = '', rest = ''] = line.split(':');
      if (notCounted.test(name.trim())) return sum;
      const fields = rest.trim().split(/\s+/).map(Number);
      return { received: sum.received + (fields[0] ?? 0), sent: sum.sent + (fields[8] ?? 0) };
    },
    { received: 0, sent: 0 },
  );
};

const networkBytesElsewhere = async (): Promise<{ received: number; sent: number } | null> => {
  try {
    const { networkStats } = await import('systeminformation');
    const all = (await networkStats()).filter(({ iface }) => !notCounted.test(iface));
    const sum = (pick: 'rx_bytes' | 'tx_bytes') =>
      all.reduce((total, each) => total + each[pick], 0);
    return { received: sum('rx_bytes'), sent: sum('tx_bytes') };
  } catch {
    return null;
  }
};

/** Of the first thermal zone, which on gateways is the processor. */
const temperature = (): number | null => {
  const text = readText('/sys/class/thermal/thermal_zone0/temp');
  const celsius = text === null ? Number.NaN : Number(text) / 1_000;
  return celsius >= -100 && celsius <= 200 ? rounded(celsius) : null;
};
