/**
 * The mesh beside Debian's serf: the same hosts, the same loss, the same minutes. How soon a record
 * reaches all, how soon a crash is known to all, deaths that were none, what idling costs on the
 * wire (as Ethernet frames, and without the heads of Ethernet, IP and UDP), in processor time and in memory. Both run at once, so that both meet
 * the same load; records and crashes are measured in turn. serf's "record" is a user event: it
 * carries its content in its gossip, where the mesh announces and each member fetches by HTTPS.
 */
import type { ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { createNetwork, type Network, type NetworkHost } from '@signalbeam/launcher/infra/network';
import { loadAverage, quantile, rounded } from './cloud.suite.ts';
import { type Kind, type Sight, serf, signalbeam, usageOf } from './mesh-cluster.suite.ts';

/** Ethernet, IP and UDP. */
const headBytes = 14 + 20 + 8;

type Scenario = { members: number; loss: number };
type Effort = { idleMs: number; records: number; crashes: number };

const startedAtOnce = 4;
const patienceMs = { whole: 300_000, record: 60_000, crash: 90_000 };

const openCluster = (network: Network, kindOf: (network: Network) => Kind) => {
  const kind = kindOf(network);
  const { hosts } = network;
  const children: ChildProcess[] = [];
  /** Who each member takes for alive. */
  const alive = hosts.map(() => new Set<number>());
  const holds = new Map<number, Map<number, number>>();
  const down = new Set<number>();
  const deaths: { observer: number; member: number; at: number }[] = [];
  let falseDeaths = 0;
  let version = 0;

  const take = (observer: number, sight: Sight): void => {
    if (sight.kind === 'holds') {
      const seen = holds.get(sight.version) ?? new Map<number, number>();
      holds.set(sight.version, seen.set(observer, sight.at));
    } else if (sight.kind === 'alive') alive[observer]?.add(sight.member);
    else {
      alive[observer]?.delete(sight.member);
      if (down.has(sight.member)) deaths.push({ observer, ...sight });
      else falseDeaths += 1;
    }
  };
  const begin = (index: number): void => {
    alive[index]?.clear();
    children[index] = kind.start(index, (sight) => take(index, sight));
  };
  const everyOther = (member: number): number[] =>
    hosts.map((_, index) => index).filter((index) => index !== member);
  const until = async (what: string, limitMs: number, isSo: () => boolean): Promise<void> => {
    const giveUpAt = performance.now() + limitMs;
    while (!isSo()) {
      if (performance.now() > giveUpAt) throw new Error(`${kind.name}: not ${what} in time`);
      await sleep(50);
    }
  };
  const whole = (): Promise<void> =>
    until('whole', patienceMs.whole, () =>
      alive.every((seen, index) => everyOther(index).every((other) => seen.has(other))),
    );
  return {
    name: kind.name,
    hosts,
    children,
    falseDeaths: () => falseDeaths,
    whole,
    start: async (): Promise<void> => {
      for (let index = 0; index < hosts.length; index += 1) {
        begin(index);
        if (index % startedAtOnce === startedAtOnce - 1) await sleep(500);
      }
      await whole();
    },
    /** From the writer's having it until the last has it. */
    record: async (writer: number): Promise<number> => {
      version += 1;
      const written = version;
      kind.write(writer, written, children[writer] as ChildProcess);
      await until('told', patienceMs.record, () => holds.get(written)?.size === hosts.length);
      const times = [...(holds.get(written)?.values() ?? [])];
      return Math.max(...times) - Math.min(...times);
    },
    crash: async (victim: number): Promise<number> => {
      deaths.length = 0;
      down.add(victim);
      const at = Date.now();
      children[victim]?.kill('SIGKILL');
      const know = () => new Set(deaths.map(({ observer }) => observer)).size;
      await until('known', patienceMs.crash, () => know() === hosts.length - 1);
      const tookMs = Math.max(...deaths.map((death) => death.at)) - at;
      begin(victim);
      await whole();
      down.delete(victim);
      return tookMs;
    },
    stop: (): void => {
      for (const child of children) child.kill('SIGKILL');
      network.stop();
    },
  };
};
type Cluster = ReturnType<typeof openCluster>;

const spent = ({ hosts, children }: Cluster) => {
  const usages = children.map(({ pid }) => usageOf(pid ?? 0));
  const lan = hosts.map((host: NetworkHost) => host.lanBytes());
  const sum = (of: (usage: (typeof usages)[number]) => number) =>
    usages.reduce((total, usage) => total + of(usage), 0);
  return {
    at: performance.now(),
    bytes: lan.reduce((total, { sent }) => total + sent, 0),
    packets: lan.reduce((total, { sentPackets }) => total + sentPackets, 0),
    cpuMs: sum(({ cpuMs }) => cpuMs),
    anonymousMb: sum(({ anonymousMb }) => anonymousMb),
    residentMb: sum(({ residentMb }) => residentMb),
  };
};

type Figures = Record<string, number>;

const measureIdle = async (clusters: readonly Cluster[], idleMs: number): Promise<Figures[]> => {
  const before = clusters.map(spent);
  await sleep(idleMs);
  return clusters.map((cluster, index) => {
    const [from, to] = [before[index] as ReturnType<typeof spent>, spent(cluster)];
    const members = cluster.hosts.length;
    const seconds = (to.at - from.at) / 1_000;
    const kbit = (bytes: number) => rounded((bytes * 8) / 1_000 / seconds / members, 2);
    const [bytes, packets] = [to.bytes - from.bytes, to.packets - from.packets];
    return {
      IdleFramesKbitPerSecond: kbit(bytes),
      IdlePayloadKbitPerSecond: kbit(bytes - packets * headBytes),
      IdleCpuPercent: rounded((to.cpuMs - from.cpuMs) / 10 / seconds / members, 2),
      ResidentMb: rounded(to.residentMb / members),
      AnonymousMb: rounded(to.anonymousMb / members),
    };
  });
};

const measure = async ({ members, loss }: Scenario, effort: Effort): Promise<Figures> => {
  const names = Array.from({ length: members }, (_, index) => `m${index}`);
  const open = (kindOf: (network: Network) => Kind): Cluster =>
    openCluster(createNetwork({ hosts: names, wan: [] }), kindOf);
  const clusters = [open(signalbeam), open(serf)];
  try {
    for (const cluster of clusters) await cluster.start();
    for (const host of clusters.flatMap(({ hosts }) => hosts)) if (loss > 0) host.lose(loss);
    // What starting and joining still sends is not idling.
    await sleep(Math.min(20_000, effort.idleMs));
    const idle = await measureIdle(clusters, effort.idleMs);
    const records = clusters.map((): number[] => []);
    const crashes = clusters.map((): number[] => []);
    for (let round = 0; round < effort.records; round += 1) {
      for (const [index, cluster] of clusters.entries()) {
        records[index]?.push(await cluster.record(round % members));
      }
      await sleep(1_000);
    }
    for (let round = 0; round < effort.crashes; round += 1) {
      for (const [index, cluster] of clusters.entries()) {
        crashes[index]?.push(await cluster.crash(2 + (round % (members - 2))));
      }
      await sleep(3_000);
    }
    return Object.fromEntries(
      clusters.flatMap((cluster, index) =>
        Object.entries({
          RecordToAllMsP50: quantile(records[index] ?? [], 0.5),
          RecordToAllMsMax: Math.max(...(records[index] ?? [])),
          CrashToAllMsP50: quantile(crashes[index] ?? [], 0.5),
          CrashToAllMsMax: Math.max(...(crashes[index] ?? [])),
          FalseDeaths: cluster.falseDeaths(),
          ...idle[index],
        }).map(([figure, value]) => [`${cluster.name}${members}Loss${loss * 100}${figure}`, value]),
      ),
    );
  } finally {
    for (const cluster of clusters) cluster.stop();
  }
};

const scenarios: readonly Scenario[] = [
  { members: 8, loss: 0 },
  { members: 8, loss: 0.2 },
  { members: 50, loss: 0 },
  { members: 50, loss: 0.2 },
];

/** Smoke: a small site for seconds. False deaths are counted over all the minutes of a scenario. */
export const run = async ({ smoke }: { smoke: boolean }) => {
  const effort: Effort = smoke
    ? { idleMs: 3_000, records: 2, crashes: 1 }
    : { idleMs: 300_000, records: 20, crashes: 8 };
  const figures: Figures = {};
  for (const scenario of smoke ? [{ members: 4, loss: 0.2 }] : scenarios) {
    const load = loadAverage();
    const measured = await measure(scenario, effort);
    // These take a quarter of an hour: what is known already is worth seeing.
    if (!smoke) console.log(JSON.stringify(measured));
    Object.assign(figures, measured);
    const prefix = `members${scenario.members}Loss${scenario.loss * 100}`;
    Object.assign(figures, {
      [`${prefix}LoadBefore`]: load,
      [`${prefix}LoadAfter`]: loadAverage(),
    });
  }
  return { name: 'mesh', figures };
};
