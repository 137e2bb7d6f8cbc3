/**
 * From the operator's click until 99 % of ten thousand devices confirmed: one rollout to all, on the
 * real protocol, with the agent's own link, outbox and judgement of records; containers are simulated
 * and take what a small image takes on a device. What the cloud and the hub use for it stands beside.
 * Devices, hub, cloud and Postgres share the machine.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '@signalbeam/edge/link/cloud.fixture';
import { addTenant, signIn } from '@signalbeam/telemetry-processor/rig.suite';
import { z } from 'zod';
import { type Behaviour, temperOf } from '../fleet/temper.ts';
import { advance, emptyWorkload, isBusy, reportOf, takeDesired } from '../fleet/workload.ts';
import {
  type BenchCloud,
  cpuMsOf,
  cpuMsOfFamily,
  loadAverage,
  openBenchCloud,
  quantile,
  residentMbOf,
  rounded,
} from './cloud.suite.ts';
import { type LinkedAgent, startLinkedAgent } from './linked-agent.suite.ts';
import { addSites, firstTrust, inTurns } from './linked-fleet.suite.ts';
import { type Call, caller, makeBundle } from './operator-calls.suite.ts';

const timeoutMs = 600_000;
/** As often as the simulated fleet moves its devices on. */
const turnMs = 250;
const lookEveryMs = 250;
const behaviour: Behaviour = { seed: 1, leave: 0, flap: 0, badVersion: 0 };
const device = { bootId: 'bench', agentVersion: '0.1.0' };

/** Its own update, without the cloud: from hearing of it until it is well. */
type Work = { heardAt: number | null; doneAt: number | null };

const startWorkers = () => {
  const members: { index: number; agent: () => LinkedAgent; work: Work; turn: () => void }[] = [];
  const add = (index: number, agent: () => LinkedAgent) => {
    const temper = temperOf(behaviour, index, 1);
    const work: Work = { heardAt: null, doneAt: null };
    let workload = emptyWorkload;
    const report = (now: number) => {
      const { deviceId, outbox } = agent();
      outbox.appendReported(reportOf({ deviceId, ...device }, workload, now));
    };
    members.push({
      ...{ index, agent, work },
      turn: () => {
        if (!isBusy(workload)) return;
        const now = Date.now();
        const moved = advance(workload, temper, now);
        if (moved === workload) return;
        workload = moved;
        report(now);
        if (!isBusy(workload)) work.doneAt = performance.now();
      },
    });
    return (desired: Parameters<typeof takeDesired>[1]): void => {
      work.heardAt ??= performance.now();
      const now = Date.now();
      workload = takeDesired(workload, desired, now);
      report(now);
    };
  };
  const timer = setInterval(() => {
    for (const { turn } of members) turn();
  }, turnMs);
  return { add, works: () => members.map(({ work }) => work), stop: () => clearInterval(timer) };
};

const trafficSchema = z.object({
  ...{ in_msgs: z.number(), out_msgs: z.number(), in_bytes: z.number(), out_bytes: z.number() },
});
/** What the hub took in and gave out since it started. */
const trafficOf = async ({ test }: BenchCloud) =>
  trafficSchema.parse(await (await fetch(`${test.world.hub.monitorUrl}/varz`)).json());

/** Who used how much of the processor, in milliseconds since each began. */
const processorTimes = ({ cloudPid, postgresPid, test }: BenchCloud) => ({
  cloud: cpuMsOf(cloudPid),
  hub: cpuMsOf(test.world.hub.pid()),
  postgres: cpuMsOfFamily(postgresPid),
  devices: cpuMsOf(process.pid),
});
type ProcessorTimes = ReturnType<typeof processorTimes>;

const usedPerDevice = (
  prefix: string,
  [before, after]: readonly [ProcessorTimes, ProcessorTimes],
  count: number,
): Record<string, number> =>
  Object.fromEntries(
    (['cloud', 'hub', 'postgres', 'devices'] as const).map((who) => [
      `${prefix}${who[0]?.toUpperCase()}${who.slice(1)}CpuMsPerDevice`,
      rounded((after[who] - before[who]) / count),
    ]),
  );

const rolloutSchema = z.object({
  status: z.string(),
  progress: z.object({ total: z.number(), succeeded: z.number(), failed: z.number() }),
});

type Seen = { halfMs: number; mostMs: number; allMs: number; looks: number };

const watchRollout = async (call: Call, id: string, clickedAt: number): Promise<Seen> => {
  const seen = { halfMs: 0, mostMs: 0, allMs: 0, looks: 0 };
  for (;;) {
    const rollout = rolloutSchema.parse(await call('GET', `/api/rollouts/${id}`));
    const { total, succeeded, failed } = rollout.progress;
    const afterMs = Math.round(performance.now() - clickedAt);
    if (succeeded >= total * 0.5 && seen.halfMs === 0) seen.halfMs = afterMs;
    if (succeeded >= total * 0.99 && seen.mostMs === 0) seen.mostMs = afterMs;
    seen.looks += 1;
    if (rollout.status === 'succeeded') return { ...seen, allMs: afterMs };
    if (failed > 0) throw new Error(`${failed} of ${total} devices failed`);
    if (afterMs > timeoutMs) throw new Error(`${succeeded} of ${total} confirmed in ${afterMs} ms`);
    await sleep(lookEveryMs);
  }
};

const connectAll = async (
  cloud: BenchCloud,
  count: number,
  workers: ReturnType<typeof startWorkers>,
): Promise<{ agents: LinkedAgent[]; call: Call }> => {
  const { world, platform } = cloud.test;
  const tenant = await addTenant(cloud.owner, platform);
  const devices = await addSites(cloud, tenant, count);
  const trust = await firstTrust(cloud, tenant);
  const agents: LinkedAgent[] = [];
  const { tenantId } = tenant;
  await inTurns([...devices.entries()], async ([index, each]) => {
    let agent: LinkedAgent | null = null;
    const onDesired = workers.add(index, () => {
      if (agent === null) throw new Error('a device was told before it connected');
      return agent;
    });
    const parts = { hubUrl: world.hub.url, keyring: platform.keyring, tenantId, trust };
    agent = await startLinkedAgent({ ...parts, device: each, onDesired });
    agents.push(agent);
    const started = agent;
    await eventually(
      async () => started.state(),
      (state) => state === 'connected',
      timeoutMs,
    );
  });
  // Not before: thousands take longer to connect than a sign-in lasts.
  const { token } = await signIn(cloud.owner, platform, tenant, 'operator');
  return { agents, call: caller(cloud, token) };
};

export const run = async ({
  smoke,
  devices: count = smoke ? 20 : 10_000,
}: {
  smoke: boolean;
  devices?: number;
}): Promise<{ name: string; figures: Record<string, number> }> => {
  const cloud = await openBenchCloud();
  const workers = startWorkers();
  try {
    const atFirst = processorTimes(cloud);
    const startedAt = performance.now();
    const { agents, call } = await connectAll(cloud, count, workers);
    const connectedMs = Math.round(performance.now() - startedAt);
    const connected = processorTimes(cloud);
    const bundleId = await makeBundle(call);
    const loadBefore = loadAverage();
    const traffic = await trafficOf(cloud);
    const before = processorTimes(cloud);
    const clickedAt = performance.now();
    const wish = { bundleId, version: '1.0.0', target: { kind: 'all' } };
    const { id } = await call('POST', '/api/rollouts', wish);
    const answeredMs = Math.round(performance.now() - clickedAt);
    const { looks, ...took } = await watchRollout(call, String(id), clickedAt);
    const after = await trafficOf(cloud);
    const confirmed = processorTimes(cloud);
    const works = workers.works();
    const heard = works.map(({ heardAt }) => (heardAt ?? Number.NaN) - clickedAt);
    const own = works.map(({ heardAt, doneAt }) => (doneAt ?? Number.NaN) - (heardAt ?? 0));
    const perDevice = (bytes: number): number => Math.round(bytes / count);
    const figures = {
      ...{ devices: count, answeredMs },
      ...{ confirmedHalfMs: took.halfMs, confirmed99Ms: took.mostMs, confirmedAllMs: took.allMs },
      heardP50Ms: Math.round(quantile(heard, 0.5)),
      heardP99Ms: Math.round(quantile(heard, 0.99)),
      ownWorkP50Ms: Math.round(quantile(own, 0.5)),
      ownWorkP99Ms: Math.round(quantile(own, 0.99)),
      upBytesPerDevice: perDevice(after.in_bytes - traffic.in_bytes),
      hubOutBytesPerDevice: perDevice(after.out_bytes - traffic.out_bytes),
      hubMessagesPerDevice: rounded((after.in_msgs - traffic.in_msgs) / count),
      ...usedPerDevice('confirming', [before, confirmed], count),
      connectedMs,
      ...usedPerDevice('connecting', [atFirst, connected], count),
      cloudResidentMb: rounded(residentMbOf(cloud.cloudPid)),
      progressReads: looks,
      machineLoadBefore: loadBefore,
    };
    await Promise.all(agents.map((agent) => agent.leave()));
    return { name: 'confirmed', figures };
  } finally {
    workers.stop();
    await cloud.stop();
  }
};
