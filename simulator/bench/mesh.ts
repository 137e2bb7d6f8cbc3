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
type Effort = {
  idleMs: number;
  records: number;
  crashes: number;
  /** No crash begins after so long: a site of serf's that flaps takes minutes to be whole again. */
  crashesMs: number;
  /** False deaths are counted over so long at least. */
  watchedMs: number;
};

/** A signed halt, and a roster of a dozen devices; serf's events end at 512 bytes, as ours are pushed up to 1,000. */
const recordBytes = { small: 700, large: 4_000 };

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
    record: async (writer: number, bytes: number): Promise<number> => {
      version += 1;
      const written = version;
      kind.write(writer, { version, bytes }, children[writer] as ChildProcess);
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

const spreadOf = (what: string, times: readonly number[]): Figures =>
  times.length === 0
    ? {}
    : { [`${what}MsP50`]: quantile(times, 0.5), [`${what}MsMax`]: Math.max(...times) };

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

const measureRecords = async (clusters: readonly Cluster[], rounds: number): Promise<Figures[]> => {
  const small = clusters.map((): number[] => []);
  const large = clusters.map((): number[] => []);
  for (let round = 0; round < rounds; round += 1) {
    for (const [index, cluster] of clusters.entries()) {
      const writer = round % cluster.hosts.length;
      small[index]?.push(await cluster.record(writer, recordBytes.small));
      if (cluster.name === 'serf') continue;
      large[index]?.push(await cluster.record(writer, recordBytes.large));
    }
    await sleep(1_000);
  }
  return clusters.map((_, index) => ({
    ...spreadOf('RecordToAll', small[index] ?? []),
    ...spreadOf('LargeRecordToAll', large[index] ?? []),
  }));
};

/** Each time another member than the first two, who are the ones that all others were told of. */
const measureCrashes = async (
  clusters: readonly Cluster[],
  { crashes, crashesMs }: Effort,
): Promise<Figures[]> => {
  const times = clusters.map((): number[] => []);
  const until = performance.now() + crashesMs;
  for (let round = 0; round < crashes && performance.now() < until; round += 1) {
    const crashed = clusters.map((cluster) =>
      cluster.crash(2 + (round % (cluster.hosts.length - 2))),
    );
    for (const [index, tookMs] of (await Promise.all(crashed)).entries()) {
      times[index]?.push(tookMs);
    }
    await sleep(3_000);
  }
  return times.map((each) => ({ ...spreadOf('CrashToAll', each), Crashes: each.length }));
};

const measure = async ({ members, loss }: Scenario, effort: Effort): Promise<Figures> => {
  const names = Array.from({ length: members }, (_, index) => `m${index}`);
  const open = (kindOf: (network: Network) => Kind): Cluster =>
    openCluster(createNetwork({ hosts: names, wan: [] }), kindOf);
  const clusters = [open(signalbeam), open(serf)];
  const load = loadAverage();
  try {
    for (const cluster of clusters) await cluster.start();
    for (const host of clusters.flatMap(({ hosts }) => hosts)) if (loss > 0) host.lose(loss);
    const from = performance.now();
    // What starting and joining still sends is not idling.
    await sleep(Math.min(20_000, effort.idleMs));
    const parts = [
      await measureIdle(clusters, effort.idleMs),
      await measureRecords(clusters, effort.records),
      await measureCrashes(clusters, effort),
    ];
    await sleep(Math.max(0, from + effort.watchedMs - performance.now()));
    const watchedMinutes = rounded((performance.now() - from) / 60_000);
    const scenario = `${members}Loss${loss * 100}`;
    const figures = clusters.flatMap((cluster, index) =>
      Object.entries({
        ...parts[1]?.[index],
        ...parts[2]?.[index],
        FalseDeaths: cluster.falseDeaths(),
        ...parts[0]?.[index],
      }).map(([figure, value]) => [`${cluster.name}${scenario}${figure}`, value] as const),
    );
    return {
      ...Object.fromEntries(figures),
      [`members${scenario}WatchedMinutes`]: watchedMinutes,
      [`members${scenario}LoadBefore`]: load,
      [`members${scenario}LoadAfter`]: loadAverage(),
    };
  } finally {
    for (const cluster of clusters) cluster.stop();
  }
};

/** Small sites are measured side by side, large ones alone. */
const scenarios: readonly (readonly Scenario[])[] = [
  [
    { members: 8, loss: 0 },
    { members: 8, loss: 0.2 },
  ],
  [{ members: 50, loss: 0 }],
  [{ members: 50, loss: 0.2 }],
];

/** As the table in docs/benchmarks.md has it. */
const rowsOf = (figures: Figures, { members, loss }: Scenario): string[] =>
  ['signalbeam', 'serf'].map((name) => {
    const of = (figure: string) => figures[`${name}${members}Loss${loss * 100}${figure}`] ?? '–';
    const times = (what: string) => `${of(`${what}MsP50`)} / ${of(`${what}MsMax`)} ms`;
    const cells = [
      `${members}, ${loss * 100} %`,
      name,
      ...[times('RecordToAll'), times('LargeRecordToAll'), times('CrashToAll'), of('FalseDeaths')],
      `${of('IdlePayloadKbitPerSecond')} (${of('IdleFramesKbitPerSecond')})`,
      `${of('IdleCpuPercent')} %`,
      `${of('ResidentMb')} / ${of('AnonymousMb')} MB`,
    ];
    return `| ${cells.join(' | ')} |`;
  });

/**
 * Smoke: a small site for seconds. Canonical: some 35 minutes, each site for ten minutes and more,
 * over all of which false deaths are counted.
 */
export const run = async ({ smoke }: { smoke: boolean }) => {
  const effort: Effort = smoke
    ? { idleMs: 3_000, records: 2, crashes: 1, crashesMs: 60_000, watchedMs: 0 }
    : { idleMs: 240_000, records: 20, crashes: 8, crashesMs: 180_000, watchedMs: 600_000 };
  const figures: Figures = {};
  for (const together of smoke ? [[{ members: 4, loss: 0.2 }]] : scenarios) {
    const measured = await Promise.all(together.map((scenario) => measure(scenario, effort)));
    Object.assign(figures, ...measured);
    // What is known already is worth seeing.
    for (const row of together.flatMap((scenario) => rowsOf(figures, scenario))) console.log(row);
  }
  return { name: 'mesh', figures };
};
