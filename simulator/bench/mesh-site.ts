/**
 * The largest site that is promised, 200 members: how soon it comes together, how soon a record and
 * a crash are known to all, deaths that were none, and what each member sends and computes. Members
 * are real shells on real sockets of loopback, many in a process, so memory is not measured; lost
 * datagrams are dropped where they arrive, and TCP loses none.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createDeviceKey } from '@signalbeam/sync/wire/nkey';
import { cpuMsOf, loadAverage, quantile, rounded } from './cloud.suite.ts';
import { type FromMember, meshPort, type ToMember } from './mesh-member.suite.ts';

const memberFile = join(import.meta.dirname, 'mesh-member.suite.ts');
const patienceMs = 300_000;
const recordBytes = { small: 700, large: 4_000 };

type Effort = {
  members: number;
  processes: number;
  idleMs: number;
  records: number;
  crashes: number;
};
type Death = { by: string; device: string; at: number };
type Sights = {
  alive: Map<string, Set<string>>;
  holders: Map<number, Map<string, number>>;
  deaths: Death[];
};
type Site = ReturnType<typeof openSite>;

const until = async (what: string, isSo: () => boolean): Promise<void> => {
  const giveUpAt = performance.now() + patienceMs;
  while (!isSo()) {
    if (performance.now() > giveUpAt) throw new Error(`not ${what} in time`);
    await sleep(50);
  }
};

const take = ({ alive, holders, deaths }: Sights, message: FromMember): void => {
  if (message.kind === 'holds') {
    const seen = holders.get(message.version) ?? new Map<string, number>();
    holders.set(message.version, seen.set(message.by, message.at));
  }
  if (message.kind !== 'changed') return;
  const seen = alive.get(message.by) ?? new Set<string>();
  alive.set(message.by, seen);
  if (message.to === 'alive') seen.add(message.device);
  if (message.to !== 'dead') return;
  seen.delete(message.device);
  deaths.push(message);
};

const openSite = ({ members, processes }: Effort, loss: number) => {
  const devices = Array.from({ length: members }, (_, index) => ({
    ...{ device: randomUUID() as string, ...createDeviceKey() },
    host: `127.1.${index >> 7}.${1 + (index & 127)}`,
  }));
  const siteKey = randomBytes(32).toString('hex');
  const roster = devices.map(({ device, nkey }) => ({ deviceId: device, publicKey: nkey }));
  const hints = devices.slice(0, 2).map(({ host }) => `${host}:${meshPort}`);
  const sights: Sights = { alive: new Map(), holders: new Map(), deaths: [] };
  const children = Array.from({ length: processes }, (): ChildProcess => {
    // Without what this process was started with: a program of its command line, when it is a bench.
    const env = { ...process.env, SIGNALBEAM_BENCH_MEMBER: '1' };
    const child = fork(memberFile, { env, execArgv: [] });
    return child.on('message', (message: FromMember) => take(sights, message));
  });
  const childOf = (device: string): ChildProcess =>
    children[devices.findIndex((each) => each.device === device) % processes] as ChildProcess;
  return {
    ...{ sights, children },
    /** Those that were not crashed. */
    running: new Set(devices.map(({ device }) => device)),
    tell: (message: Extract<ToMember, { device: string }>): void =>
      void childOf(message.device).send(message),
    startAll: (): void => {
      for (const { device, seed, host } of devices) {
        const told = { device, seed, host, siteKey, roster, hints, loss };
        childOf(device).send({ kind: 'start', ...told } satisfies ToMember);
      }
    },
    sentBytes: async (): Promise<number> => {
      const answers = children.map(
        (child) =>
          new Promise<number>((resolve) => {
            const hear = (message: FromMember): void => {
              if (message.kind !== 'counted') return;
              child.off('message', hear);
              resolve(message.sentBytes);
            };
            child.on('message', hear).send({ kind: 'count' } satisfies ToMember);
          }),
      );
      return (await Promise.all(answers)).reduce((sum, each) => sum + each, 0);
    },
  };
};

const isWhole = ({ sights, running }: Site): boolean =>
  [...running].every((by) => (sights.alive.get(by)?.size ?? 0) >= running.size - 1);

const tellRecord = async (site: Site, version: number, bytes: number): Promise<number> => {
  const writers = [...site.running];
  const device = writers[version % writers.length] ?? '';
  site.tell({ kind: 'write', device, version, bytes });
  const told = () => site.sights.holders.get(version) ?? new Map<string, number>();
  await until('told', () => told().size >= site.running.size);
  return Math.max(...told().values()) - Math.min(...told().values());
};

const crash = async (site: Site): Promise<number> => {
  const device = [...site.running].at(-1) ?? '';
  site.running.delete(device);
  const at = Date.now();
  site.tell({ kind: 'crash', device });
  const known = () => site.sights.deaths.filter((death) => death.device === device);
  await until('known', () => new Set(known().map(({ by }) => by)).size >= site.running.size);
  return Math.max(...known().map((death) => death.at)) - at;
};

const idle = async (site: Site, { idleMs, members }: Effort): Promise<Record<string, number>> => {
  const cpuMs = () => site.children.reduce((sum, { pid }) => sum + cpuMsOf(pid ?? 0), 0);
  const [bytes, cpu, from] = [await site.sentBytes(), cpuMs(), performance.now()];
  await sleep(idleMs);
  const seconds = (performance.now() - from) / 1_000;
  return {
    IdleKbitPerSecond: rounded(((await site.sentBytes()) - bytes) / 125 / seconds / members, 2),
    IdleCpuPercent: rounded((cpuMs() - cpu) / 10 / seconds / members, 2),
  };
};

const spreadOf = (what: string, times: readonly number[]): Record<string, number> => ({
  [`${what}MsP50`]: quantile(times, 0.5),
  [`${what}MsMax`]: Math.max(...times),
});

const measure = async (effort: Effort, loss: number): Promise<Record<string, number>> => {
  const load = loadAverage();
  const site = openSite(effort, loss);
  const everybody = new Set(site.running);
  try {
    const from = performance.now();
    site.startAll();
    await until('whole', () => isWhole(site));
    const wholeMs = Math.round(performance.now() - from);
    const wholeAt = Date.now();
    // What coming together still sends is not idling.
    await sleep(Math.min(20_000, effort.idleMs));
    const idling = await idle(site, effort);
    const idledAt = Date.now();
    const [small, large, crashes]: [number[], number[], number[]] = [[], [], []];
    for (let version = 1; version <= 2 * effort.records; version += 2) {
      small.push(await tellRecord(site, version, recordBytes.small));
      await sleep(1_000);
      large.push(await tellRecord(site, version + 1, recordBytes.large));
      await sleep(1_000);
    }
    const toldAt = Date.now();
    for (let round = 0; round < effort.crashes; round += 1) {
      crashes.push(await crash(site));
      await sleep(1_000);
    }
    const falseDeaths = site.sights.deaths.filter(({ device }) => site.running.has(device));
    // Of so many: while it came together, idled, was told records, and lost members.
    const countBetween = (after: number, before: number): number =>
      falseDeaths.filter(({ at }) => at >= after && at < before).length;
    const figures = {
      WholeMs: wholeMs,
      ...spreadOf('RecordToAll', small),
      ...spreadOf('LargeRecordToAll', large),
      ...spreadOf('CrashToAll', crashes),
      FalseDeaths: falseDeaths.length,
      FalseDeathsForming: countBetween(0, wholeAt),
      FalseDeathsIdle: countBetween(wholeAt, idledAt),
      FalseDeathsTold: countBetween(idledAt, toldAt),
      FalseDeathsCrashing: countBetween(toldAt, Number.POSITIVE_INFINITY),
      FalselyDead: new Set(falseDeaths.map(({ device }) => device)).size,
      WatchedMinutes: rounded((performance.now() - from) / 60_000),
      ...idling,
      LoadBefore: load,
      LoadAfter: loadAverage(),
    };
    const prefix = `members${everybody.size}Loss${loss * 100}`;
    return Object.fromEntries(
      Object.entries(figures).map(([name, value]) => [`${prefix}${name}`, value]),
    );
  } finally {
    for (const child of site.children) child.kill('SIGKILL');
  }
};

/** Smoke: a dozen members for seconds. Canonical: some eight minutes. */
export const run = async ({ smoke }: { smoke: boolean }) => {
  const effort: Effort = smoke
    ? { members: 12, processes: 2, idleMs: 2_000, records: 1, crashes: 1 }
    : { members: 200, processes: 8, idleMs: 120_000, records: 10, crashes: 5 };
  const figures: Record<string, number> = {};
  for (const loss of smoke ? [0.2] : [0, 0.2]) Object.assign(figures, await measure(effort, loss));
  return { name: 'mesh-site', figures };
};
