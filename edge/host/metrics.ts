/**
 * Samples of the host, read by systeminformation, which is loaded with the first sample: an agent
 * that is ready has not paid for it yet. On Linux `mem` reads a file; `currentLoad` and
 * `networkStats` start a shell each time (a rate needs every reading); `fsSize` and
 * `cpuTemperature` start several processes for what moves slowly, so they are asked once a minute
 * and hold their value meanwhile. What can't be read is null, never a guess.
 */
import { stat } from 'node:fs/promises';
import { loadavg, networkInterfaces, uptime } from 'node:os';
import type { MetricsBody } from '@signalbeam/sync/wire/rows';

export type MetricsSampler = { sample(): Promise<MetricsBody> };

type HostReader = typeof import('systeminformation');
type Disk = Pick<MetricsBody, 'diskPercent' | 'diskUsedBytes'>;
type Network = Pick<MetricsBody, 'networkReceivedBytes' | 'networkSentBytes'>;

const slowEveryMs = 60_000;
/** `df` waits for ever on a network disk that is gone. */
const readTimeoutMs = 5_000;
const noDisk: Disk = { diskPercent: null, diskUsedBytes: null };
/** Each costs a shell and seven processes; more than a gateway has. */
const interfacesMax = 8;
const noNetwork: Network = { networkReceivedBytes: null, networkSentBytes: null };

/** `path` lies on the disk whose fill matters: where the agent and its images live. */
export const createMetricsSampler = (path: string, now: () => number): MetricsSampler => {
  let slow = { disk: noDisk, temperatureCelsius: null as number | null };
  let slowAt = Number.NEGATIVE_INFINITY;
  const disk = oneAtATime((host) => diskOf(host, path), noDisk);
  const network = oneAtATime(networkOf, noNetwork);
  const temperature = oneAtATime(temperatureOf, null);
  return {
    sample: async () => {
      const host = await import('systeminformation');
      const memory = await host.mem();
      const { currentLoad } = await host.currentLoad();
      const traffic = await network(host);
      // A clock that was set back must not silence them.
      if (Math.abs(now() - slowAt) >= slowEveryMs) {
        slowAt = now();
        slow = { disk: await disk(host), temperatureCelsius: await temperature(host) };
      }
      return {
        cpuPercent: within(currentLoad, 0, 100),
        memoryPercent: within((memory.active / memory.total) * 100, 0, 100),
        memoryUsedBytes: memory.active,
        ...slow.disk,
        ...traffic,
        loadAverage: rounded(loadavg()[0] ?? 0),
        temperatureCelsius: slow.temperatureCelsius,
        uptimeSeconds: Math.floor(uptime()),
      };
    },
  };
};

/** One decimal: more digits are noise, and noise does not compress. */
const rounded = (value: number): number => Math.round(value * 10) / 10;

const within = (value: number, low: number, high: number): number | null =>
  Number.isFinite(value) ? rounded(Math.min(high, Math.max(low, value))) : null;

/** A reading that hangs is given up, and not begun again before it ends: no heap of processes. */
const oneAtATime = <T>(read: (host: HostReader) => Promise<T>, unknown: T) => {
  let reading = false;
  return async (host: HostReader): Promise<T> => {
    if (reading) return unknown;
    reading = true;
    const result = read(host)
      .catch(() => unknown)
      .finally(() => {
        reading = false;
      });
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<T>((resolve) => {
      timer = setTimeout(() => resolve(unknown), readTimeoutMs);
    });
    return Promise.race([result, late]).finally(() => clearTimeout(timer));
  };
};

/** The mount on the same device as the folder; a longer path alone may name another disk. */
const diskOf = async (host: HostReader, path: string): Promise<Disk> => {
  const { dev } = await stat(path);
  for (const { mount, used, available } of await host.fsSize()) {
    const device = await stat(mount).catch(() => null);
    if (device?.dev !== dev) continue;
    return { diskPercent: within((used / (used + available)) * 100, 0, 100), diskUsedBytes: used };
  }
  return noDisk;
};

/** Loopback and the engines' own bridges would count the same bytes twice. */
const notCounted = /^(?:lo|docker\d*|podman\d*|br-|veth|cni|virbr|sb[0-9a-f]{10})/;

const networkOf = async (host: HostReader): Promise<Network> => {
  const names = Object.keys(networkInterfaces())
    .filter((name) => !notCounted.test(name))
    .slice(0, interfacesMax);
  if (names.length === 0) return noNetwork;
  const all = await host.networkStats(names.join(','));
  const sum = (pick: 'rx_bytes' | 'tx_bytes') => all.reduce((total, each) => total + each[pick], 0);
  return { networkReceivedBytes: sum('rx_bytes'), networkSentBytes: sum('tx_bytes') };
};

const temperatureOf = async (host: HostReader): Promise<number | null> => {
  const { main } = await host.cpuTemperature();
  return main !== null && main >= -100 && main <= 200 ? rounded(main) : null;
};
