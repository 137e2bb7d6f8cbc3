/**
 * Three days cut off, and the return. The agent's own outbox on its own two databases is filled as
 * those days would fill it (a sample in 15 s, a commit each minute, a container that dies and comes
 * back every minute), only that time is an argument. Then the shipped agent starts behind its leaf,
 * the link heals, and everything goes to the real ingest and Postgres. Sets are compared.
 */
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { defaultIntervalMs, groupMsMax } from '@signalbeam/edge/host/sampling';
import {
  agentCommand,
  eventually,
  startTestCloud,
  type TestCloud,
} from '@signalbeam/edge/link/cloud.fixture';
import { openStores } from '@signalbeam/edge/store/stores';
import { type Child, startChild } from '@signalbeam/launcher/infra/child';
import { answersTcp, freePort } from '@signalbeam/launcher/infra/ports';
import { startPostgres } from '@signalbeam/launcher/infra/postgres';
import { agentProgram, ensureAgent } from '@signalbeam/launcher/machine/agent-build';
import type { MetricsBody, ReportedBody } from '@signalbeam/sync/wire/rows';
import { loadAverage, rounded } from './cloud.suite.ts';

const hourMs = 3_600_000;
const minuteMs = 60_000;
/** Names of rows, `epoch:seq`, and when samples were taken. */
type Written = { events: string[]; samplesAt: number[]; fillMs: number };

/** Wanders as a host's figures do: neighbouring samples are alike, and never the same. */
const createHost = () => {
  let seed = 7;
  const random = (): number => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
    return seed / 2 ** 32;
  };
  const one = (value: number): number => Math.round(value * 10) / 10;
  let [cpu, memory, disk, received, sent] = [20, 2_100_000_000, 13_900_000_000, 0, 0];
  return (at: number): MetricsBody => {
    cpu = Math.min(100, Math.max(0, cpu + (random() - 0.5) * 8));
    memory += Math.round((random() - 0.5) * 4_000_000);
    disk += Math.round(random() * 200_000);
    received += Math.round(random() * 90_000);
    sent += Math.round(random() * 30_000);
    return {
      cpuPercent: one(cpu),
      memoryPercent: one(memory / 41_000_000),
      memoryUsedBytes: memory,
      diskPercent: one(disk / 320_000_000),
      diskUsedBytes: disk,
      networkReceivedBytes: received,
      networkSentBytes: sent,
      loadAverage: one(cpu / 50),
      temperatureCelsius: one(45 + cpu / 10),
      uptimeSeconds: Math.floor(at / 1_000) % 8_000_000,
    };
  };
};

const report = (restartCount: number, startedAt: number): ReportedBody => ({
  generation: 1,
  bootId: 'bench',
  agentVersion: '0.1.0',
  engine: { kind: 'docker', version: '20.10', reachable: true },
  waiting: '',
  slots: [],
  containers: [
    {
      bundleName: 'line-control',
      name: 'reader',
      state: 'running',
      health: 'healthy',
      imageDigest: `sha256:${'a'.repeat(64)}`,
      restartCount,
      startedAt,
    },
  ],
});

const fill = (folder: string, { from, until }: { from: number; until: number }): Written => {
  let now = from;
  const startedAt = performance.now();
  const stores = openStores({ folder, now: () => now });
  const { outbox } = stores;
  const host = createHost();
  const samplesAt: number[] = [];
  const restartReader = (restarts: number): void => {
    const data = { container: 'reader', restarts };
    const exit = `The container reader ended with code ${restarts % 3}.`;
    outbox.appendEvent({ type: 'container-died', severity: 'warning', message: exit, data });
    const again = 'The container reader was started again.';
    outbox.appendEvent({ type: 'container-restarted', severity: 'info', message: again, data });
    outbox.appendReported(report(restarts, now));
  };
  for (; now < until; now += defaultIntervalMs) {
    outbox.addMetrics(host(now), now);
    samplesAt.push(now);
    if ((now - from) % groupMsMax === groupMsMax - defaultIntervalMs) outbox.flush();
    if ((now - from) % minuteMs === 0) restartReader((now - from) / minuteMs);
  }
  const { epoch, lastSeq } = outbox.storeOf('events').head('events');
  const events = Array.from({ length: lastSeq }, (_, index) => `${epoch}:${index + 1}`);
  stores.close();
  return { events, samplesAt, fillMs: performance.now() - startedAt };
};

const databaseMb = (folder: string): number =>
  ['state.db', 'state.db-wal', 'queue.db', 'queue.db-wal']
    .map((name) => statSync(join(folder, name), { throwIfNoEntry: false })?.size ?? 0)
    .reduce((sum, size) => sum + size, 0) / 1e6;

const enrol = async (cloud: TestCloud): Promise<{ folder: string; deviceId: string }> => {
  const folder = join(cloud.dir, 'device');
  const { token } = (await cloud.ask('POST', '/api/registration-tokens', {
    site: 'plant-7',
    autoApprove: true,
  })) as { token: string };
  const args = ['register', '--url', cloud.url, '--state', folder, '--name', 'bench'];
  const { code, stderr } = await agentCommand(args, { SIGNALBEAM_TOKEN: token });
  if (code !== 0) throw new Error(stderr);
  // The first run waits for approval and keeps it: what follows starts without the cloud.
  const { agent } = await start(folder);
  const approved = (): boolean =>
    readFileSync(join(folder, 'enrolment.json'), 'utf8').includes('deviceJwt');
  await eventually(async () => approved(), Boolean);
  await agent.stop();
  const { deviceId } = JSON.parse(readFileSync(join(folder, 'enrolment.json'), 'utf8')) as {
    deviceId: string;
  };
  return { folder, deviceId };
};

type LinkAnswer = { state: string; lanes: { lane: string; backlogRows: number }[] };

const start = async (
  folder: string,
): Promise<{ agent: Child; link: () => Promise<LinkAnswer> }> => {
  const [port, leafPort] = [await freePort(), await freePort()];
  const agent = startChild({
    name: 'agent',
    command: agentProgram,
    args: [
      ...['run', '--state', folder, '--console', `127.0.0.1:${port}`, '--quiet', '--gateway'],
      ...['--leaf-listen', `127.0.0.1:${leafPort}`, '--engine', 'docker'],
      ...['--engine-socket', '/nonexistent.sock'],
    ],
    env: { PATH: process.env['PATH'] ?? '', SIGNALBEAM_NODE: process.execPath },
    logFile: `${folder}.log`,
  });
  await eventually(() => answersTcp(port), Boolean);
  const link = async (): Promise<LinkAnswer> =>
    (await (await fetch(`http://127.0.0.1:${port}/api/local/link`)).json()) as LinkAnswer;
  await eventually(() => answersTcp(leafPort), Boolean);
  return { agent, link };
};

const storedEvents = async ({ owner }: TestCloud, deviceId: string): Promise<string[]> => {
  const { rows } = await owner.query<{ name: string }>(
    `SELECT epoch || ':' || seq AS name FROM telemetry.events WHERE device_id = $1`,
    [deviceId],
  );
  return rows.map(({ name }) => name);
};

/** Samples taken before `until`: each raw one by when it was taken, summed up ones by their count. */
const storedSamples = async (
  { owner }: TestCloud,
  deviceId: string,
  until: number,
): Promise<{ rawAt: number[]; summedUp: number }> => {
  const raw = await owner.query<{ at: string }>(
    `SELECT (extract(epoch FROM at) * 1000)::bigint AS at FROM telemetry.metrics
      WHERE device_id = $1 AND at < to_timestamp($2 / 1000.0)`,
    [deviceId, until],
  );
  const thinned = await owner.query<{ count: string | null }>(
    `SELECT sum((columns->0->>3)::int) AS count FROM telemetry.metrics_thinned WHERE device_id = $1`,
    [deviceId],
  );
  return {
    rawAt: raw.rows.map(({ at }) => Number(at)),
    summedUp: Number(thinned.rows[0]?.count ?? 0),
  };
};

/** How many of `wanted` are missing among `found`, and how many are there more than once. */
const compared = <T>(wanted: readonly T[], found: readonly T[]) => {
  const set = new Set(found);
  return {
    missing: wanted.filter((each) => !set.has(each)).length,
    twice: found.length - set.size,
  };
};

/** Polled gently: the counting must not be what is measured. */
const untilStored = async (
  cloud: TestCloud,
  deviceId: string,
  wanted: { events: number; samples: number; until: number },
): Promise<void> => {
  const countEvents = async (): Promise<number> => {
    const { rows } = await cloud.owner.query<{ count: string }>(
      'SELECT count(*) FROM telemetry.events WHERE device_id = $1',
      [deviceId],
    );
    return Number(rows[0]?.count);
  };
  await eventually(countEvents, (count) => count >= wanted.events, 600_000);
  await eventually(
    () => storedSamples(cloud, deviceId, wanted.until),
    ({ rawAt, summedUp }) => rawAt.length + summedUp >= wanted.samples,
    600_000,
  );
};

export const run = async ({ smoke }: { smoke: boolean }) => {
  const hours = smoke ? 4 : 72;
  const dir = mkdtempSync(join(tmpdir(), 'backlog-bench-'));
  chmodSync(dir, 0o711);
  await ensureAgent();
  const postgres = await startPostgres({ dir: join(dir, 'postgres') });
  const cloud = await startTestCloud(postgres.url);
  try {
    const { folder, deviceId } = await enrol(cloud);
    const until = Date.now();
    const written = fill(folder, { from: until - hours * hourMs, until });
    const outboxMb = databaseMb(folder);
    cloud.wan.cut('clean');
    const { agent, link } = await start(folder);
    await sleep(5_000);
    const loadBefore = loadAverage();
    const wireBefore = cloud.wan.bytes();
    cloud.wan.heal();
    const healedAt = performance.now();
    const since = (): number => Math.round(performance.now() - healedAt);
    await eventually(link, ({ state }) => state === 'connected');
    const linkedMs = since();
    const wanted = { events: written.events.length, samples: written.samplesAt.length, until };
    await untilStored(cloud, deviceId, wanted);
    const storedMs = since();
    await eventually(link, ({ lanes }) => lanes.every(({ backlogRows }) => backlogRows <= 4));
    const confirmedMs = since();
    const wire = cloud.wan.bytes();
    await agent.stop();
    const events = compared(written.events, await storedEvents(cloud, deviceId));
    const { rawAt, summedUp } = await storedSamples(cloud, deviceId, until);
    const samples = compared(written.samplesAt, rawAt);
    return {
      name: 'backlog',
      figures: {
        hours,
        events: written.events.length,
        samples: written.samplesAt.length,
        outboxMb: rounded(outboxMb, 2),
        linkedMs,
        storedMs,
        confirmedMs,
        wireMb: rounded((wire.up + wire.down - wireBefore.up - wireBefore.down) / 1e6, 2),
        eventsMissing: events.missing,
        eventsTwice: events.twice,
        samplesSummedUp: summedUp,
        samplesMissing: samples.missing - summedUp,
        samplesTwice: samples.twice,
        outboxAfterMb: rounded(databaseMb(folder), 2),
        fillSeconds: rounded(written.fillMs / 1_000),
        machineLoadBefore: loadBefore,
      },
    };
  } finally {
    await cloud.stop();
    await postgres.stop();
    rmSync(dir, { recursive: true, force: true });
  }
};
