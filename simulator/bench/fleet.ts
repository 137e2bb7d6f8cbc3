/**
 * Desired state with a thousand agents connected: from the operator's API call to the agent's
 * acknowledgement, which is its signed report of the new generation, committed in Postgres and
 * confirmed to it. Once device by device at a steady pace, once as a rollout to all at once.
 */
import { addDevices, addTenant, signIn } from '@signalbeam/telemetry-processor/rig.suite';
import {
  type BenchCloud,
  loadAverage,
  openBenchCloud,
  quantile,
  residentMbOf,
  rounded,
} from './cloud.suite.ts';
import { type Call, caller, makeBundle } from './operator-calls.suite.ts';
import { keysetOf, type Reached, startAgent, type VirtualAgent } from './virtual-agent.suite.ts';

const callsPerSecond = 50;
const reachTimeoutMs = 60_000;
const connectingMax = 8;
const within = <T>(promise: Promise<T>): Promise<T> => {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('an agent did not get there')), reachTimeoutMs);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
};

type Timed = Reached & { called: number; answered: number };

/** One call per device, at a steady pace whatever the answers take. */
const assignEach = async (
  call: Call,
  agents: readonly VirtualAgent[],
  bundleId: string,
): Promise<Timed[]> => {
  const start = performance.now();
  return Promise.all(
    agents.map(async (agent, index) => {
      const due = start + (index * 1_000) / callsPerSecond - performance.now();
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, due)));
      const called = performance.now();
      const wish = { bundleId, version: '1.0.0' };
      const reaching = within(agent.reach(1));
      await call('POST', `/api/devices/${agent.deviceId}/bundle`, wish);
      const answered = performance.now();
      return { called, answered, ...(await reaching) };
    }),
  );
};

const rollOut = async (
  call: Call,
  agents: readonly VirtualAgent[],
  bundleId: string,
): Promise<Timed[]> => {
  const reaching = agents.map((agent) => within(agent.reach(2)));
  const called = performance.now();
  const deviceIds = agents.map(({ deviceId }) => deviceId);
  await call('POST', '/api/rollouts', { bundleId, version: '2.0.0', deviceIds });
  const answered = performance.now();
  return (await Promise.all(reaching)).map((reached) => ({ called, answered, ...reached }));
};

const figuresOf = (prefix: string, timed: readonly Timed[]): Record<string, number> => {
  const took = (end: keyof Timed, share: number): number =>
    rounded(
      quantile(
        timed.map((each) => each[end] - each.called),
        share,
      ),
    );
  return {
    [`${prefix}AcceptedP50Ms`]: took('accepted', 0.5),
    [`${prefix}AcceptedP99Ms`]: took('accepted', 0.99),
    [`${prefix}AckP50Ms`]: took('acknowledged', 0.5),
    [`${prefix}AckP99Ms`]: took('acknowledged', 0.99),
    [`${prefix}AckMaxMs`]: took('acknowledged', 1),
    [`${prefix}AnswerP50Ms`]: took('answered', 0.5),
  };
};

const connectAll = async (
  cloud: BenchCloud,
  count: number,
): Promise<{
  agents: VirtualAgent[];
  call: Call;
}> => {
  const tenant = await addTenant(cloud.owner, cloud.test.platform);
  const devices = await addDevices(cloud.owner, tenant, count);
  const keyset = await keysetOf(cloud, tenant.tenantId);
  const agents: VirtualAgent[] = [];
  // A few at a time: a thousand handshakes at once measure something else.
  for (let start = 0; start < devices.length; start += connectingMax) {
    const some = devices.slice(start, start + connectingMax);
    agents.push(
      ...(await Promise.all(some.map((device) => startAgent(cloud, tenant, device, keyset)))),
    );
  }
  const { token } = await signIn(cloud.owner, cloud.test.platform, tenant, 'operator');
  return { agents, call: caller(cloud, token) };
};

export const run = async ({ smoke }: { smoke: boolean }) => {
  const cloud = await openBenchCloud();
  try {
    const { agents, call } = await connectAll(cloud, smoke ? 10 : 1_000);
    const bundleId = await makeBundle(call);
    const loadBefore = loadAverage();
    const each = await assignEach(call, agents, bundleId);
    const all = await rollOut(call, agents, bundleId);
    const figures: Record<string, number> = {
      agents: agents.length,
      ...figuresOf('assign', each),
      ...figuresOf('rollout', all),
      cloudResidentMb: rounded(residentMbOf(cloud.cloudPid)),
      machineLoadBefore: loadBefore,
    };
    await Promise.all(agents.map((agent) => agent.close()));
    return { name: 'fleet', figures };
  } finally {
    await cloud.stop();
  }
};
