/**
 * The pure mesh under virtual time: how soon a record reaches all (of 700 bytes, such as a halt, and of
 * 4 KB, which is fetched), how soon a crash is known to
 * all, deaths that were none in ten minutes, and what idling costs, at 8 and 50 members without
 * loss and with 20 %. Packets are counted as sent, with their sealing and without IP and UDP
 * (28 bytes each). Processes, sockets and real time are measured elsewhere.
 */
import { createSite } from '@signalbeam/sync/mesh/site.fixture';

type MeshFigures = {
  members: number;
  loss: number;
  recordToAllMs: { p50: number; max: number };
  largeRecordToAllMs: { p50: number; max: number };
  crashToAllMs: { p50: number; max: number };
  falseDeaths: number;
  idleKbitPerSecond: number;
  packetBytesMax: number;
};

const spreadOf = (values: readonly number[]) => {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number) => Math.round(sorted[Math.floor((sorted.length - 1) * share)] ?? 0);
  return { p50: at(0.5), max: at(1) };
};

const measureMesh = (
  { members, loss }: { members: number; loss: number },
  {
    records,
    crashes,
    idleMs,
    seed,
  }: { records: number; crashes: number; idleMs: number; seed: number },
): MeshFigures => {
  const recordBytes = (name: string): number => (name === 'small' ? 700 : 4_000);
  const site = createSite({ members, loss, seed, recordBytes });
  site.startAll();
  site.runFor(90_000);
  if (!site.agrees()) throw new Error('the site did not come together');
  site.network.bytes = 0;
  site.runFor(idleMs);
  const idleKbitPerSecond = Math.round((site.network.bytes * 8 * 100) / idleMs / members) / 100;
  const falseDeaths = site.deaths().length;

  const recordTimes: number[] = [];
  const largeTimes: number[] = [];
  for (let version = 1; version <= 2 * records; version += 1) {
    const [name, times] = version % 2 === 0 ? ['small', recordTimes] : ['large', largeTimes];
    const from = site.now();
    site.write(version % members, name, version);
    site.runFor(60_000, () =>
      site.processes.every((process) => process.records.get(name) === version),
    );
    times.push(site.now() - from);
    site.runFor(2_000 + site.random() * 1_000);
  }

  const crashTimes: number[] = [];
  for (let crash = 0; crash < crashes; crash += 1) {
    const victim = 2 + (crash % (members - 2));
    const from = site.now();
    site.crash(victim);
    site.runFor(60_000, () =>
      site.processes.every(
        (process) => !process.running || site.statusOf(process.index, victim) === 'dead',
      ),
    );
    crashTimes.push(site.now() - from);
    site.start(victim);
    site.runFor(20_000 + site.random() * 1_000);
  }
  return {
    members,
    loss,
    recordToAllMs: spreadOf(recordTimes),
    largeRecordToAllMs: spreadOf(largeTimes),
    crashToAllMs: spreadOf(crashTimes),
    falseDeaths,
    idleKbitPerSecond,
    packetBytesMax: site.network.largest,
  };
};

const scenarios = [
  { members: 8, loss: 0 },
  { members: 8, loss: 0.2 },
  { members: 50, loss: 0 },
  { members: 50, loss: 0.2 },
] as const;

/** Smoke: the small site alone, a minute of idling, a few events. */
export const run = async ({ smoke }: { smoke: boolean }) => {
  const effort = smoke
    ? { records: 3, crashes: 2, idleMs: 60_000, seed: 1 }
    : { records: 50, crashes: 30, idleMs: 600_000, seed: 1 };
  const figures: Record<string, number> = {};
  for (const scenario of smoke ? scenarios.slice(0, 2) : scenarios) {
    const startedAt = performance.now();
    const measured = measureMesh(scenario, effort);
    const prefix = `members${scenario.members}Loss${scenario.loss * 100}`;
    figures[`${prefix}RecordToAllMsP50`] = measured.recordToAllMs.p50;
    figures[`${prefix}RecordToAllMsMax`] = measured.recordToAllMs.max;
    figures[`${prefix}LargeRecordToAllMsP50`] = measured.largeRecordToAllMs.p50;
    figures[`${prefix}LargeRecordToAllMsMax`] = measured.largeRecordToAllMs.max;
    figures[`${prefix}CrashToAllMsP50`] = measured.crashToAllMs.p50;
    figures[`${prefix}CrashToAllMsMax`] = measured.crashToAllMs.max;
    figures[`${prefix}FalseDeaths`] = measured.falseDeaths;
    figures[`${prefix}IdleKbitPerSecond`] = measured.idleKbitPerSecond;
    figures[`${prefix}PacketBytesMax`] = measured.packetBytesMax;
    figures[`${prefix}RealMs`] = Math.round(performance.now() - startedAt);
  }
  return { name: 'mesh-core', figures };
};
