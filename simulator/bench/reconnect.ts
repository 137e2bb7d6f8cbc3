/**
 * Ten thousand agents come back at once: the hub is killed and started again, and every agent
 * dials, signs in, compares its records, is greeted and sends what it took meanwhile. Steady is
 * when the last of them has done all of it and is told that Postgres has its rows; then the sets
 * are compared. Agents, hub, cloud and Postgres share the machine.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '@signalbeam/edge/link/cloud.fixture';
import { addTenant, signIn } from '@signalbeam/telemetry-processor/rig.suite';
import type { VirtualDevice } from '@signalbeam/telemetry-processor/virtual-device.suite';
import {
  type BenchCloud,
  cpuMsOf,
  loadAverage,
  openBenchCloud,
  quantile,
  residentMbOf,
  rounded,
} from './cloud.suite.ts';
import { type LinkedAgent, startLinkedAgent } from './linked-agent.suite.ts';
import { addSites, firstTrust, inTurns } from './linked-fleet.suite.ts';
import { type Call, caller, makeBundle } from './operator-calls.suite.ts';

/**
 * The smallest run shows that everything comes back, not how long it takes: its agents redial sooner
 * than those that are shipped, whose jitter spreads ten thousand of them over half a minute.
 */
const paces = {
  smoke: { hubDownMs: 500, redialMs: { first: 100, max: 1_000 } },
  canonical: { hubDownMs: 5_000 },
};
const steadyTimeoutMs = 300_000;
const sample = {
  ...{ cpuPercent: 12.5, memoryPercent: 41, memoryUsedBytes: 2e9, diskPercent: 40 },
  ...{ diskUsedBytes: 1e10, networkReceivedBytes: 1e6, networkSentBytes: 1e6 },
  ...{ loadAverage: 0.4, temperatureCelsius: 48, uptimeSeconds: 86_400 },
};

const assignAll = async (call: Call, devices: readonly VirtualDevice[]): Promise<void> => {
  const bundleId = await makeBundle(call);
  const wish = { bundleId, version: '1.0.0' };
  await inTurns(devices, ({ deviceId }) => call('POST', `/api/devices/${deviceId}/bundle`, wish));
};

const untilSteady = async (agents: readonly LinkedAgent[]): Promise<void> => {
  const until = performance.now() + steadyTimeoutMs;
  let waiting = agents;
  while (waiting.length > 0) {
    waiting = waiting.filter((agent) => !agent.isSteady());
    if (performance.now() > until) throw new Error(`${waiting.length} agents are not steady`);
    await sleep(100);
  }
};

/** What each takes while nobody answers: a minute of samples and an event. */
const takeMeanwhile = ({ outbox }: LinkedAgent): void => {
  for (let taken = 0; taken < 4; taken += 1) outbox.addMetrics(sample, Date.now());
  outbox.flush();
  outbox.appendEvent({ type: 'link-down', severity: 'warning', message: 'Cut off.', data: {} });
};

const missingEvents = async (
  cloud: BenchCloud,
  agents: readonly LinkedAgent[],
): Promise<{ missing: number; twice: number }> => {
  const { rows } = await cloud.owner.query<{ name: string }>(
    `SELECT device_id || '/' || epoch || '/' || seq AS name FROM telemetry.events`,
  );
  const stored = new Set(rows.map(({ name }) => name));
  const written = agents.flatMap(({ deviceId, outbox }) => {
    const { epoch, lastSeq } = outbox.storeOf('events').head('events');
    return Array.from({ length: lastSeq }, (_, index) => `${deviceId}/${epoch}/${index + 1}`);
  });
  const missing = written.filter((name) => !stored.has(name)).length;
  return { missing, twice: rows.length - stored.size };
};

const timesOf = (agents: readonly LinkedAgent[], from: number): Record<string, number> => {
  const figures: Record<string, number> = {};
  for (const part of ['welcomed', 'desiredCompared', 'snapshotCompared'] as const) {
    const took = agents.map((agent) => (agent.returned()[part] ?? 0) - from);
    figures[`${part}P50Ms`] = Math.round(quantile(took, 0.5));
    figures[`${part}P99Ms`] = Math.round(quantile(took, 0.99));
    figures[`${part}MaxMs`] = Math.round(quantile(took, 1));
  }
  return figures;
};

export const run = async ({
  smoke,
  agents: count = smoke ? 50 : 10_000,
}: {
  smoke: boolean;
  agents?: number;
}): Promise<{ name: string; figures: Record<string, number> }> => {
  const { hubDownMs, ...redial } = smoke ? paces.smoke : paces.canonical;
  const cloud = await openBenchCloud();
  try {
    const { hub } = cloud.test.world;
    const { keyring } = cloud.test.platform;
    const tenant = await addTenant(cloud.owner, cloud.test.platform);
    const devices = await addSites(cloud, tenant, count);
    const { token } = await signIn(cloud.owner, cloud.test.platform, tenant, 'operator');
    await assignAll(caller(cloud, token), devices);
    const trust = await firstTrust(cloud, tenant);
    const agents: LinkedAgent[] = [];
    const { tenantId } = tenant;
    await inTurns(devices, async (device) => {
      const parts = { hubUrl: hub.url, keyring, tenantId, device, trust };
      const agent = await startLinkedAgent({ ...parts, ...redial });
      agents.push(agent);
      await eventually(
        async () => agent.state(),
        (state) => state === 'connected',
        steadyTimeoutMs,
      );
    });
    await untilSteady(agents);
    const residentBeforeMb = residentMbOf(cloud.cloudPid);
    const loadBefore = loadAverage();
    await hub.kill();
    for (const agent of agents) {
      agent.forget();
      takeMeanwhile(agent);
    }
    await sleep(hubDownMs);
    const [cloudCpu, ownCpu] = [cpuMsOf(cloud.cloudPid), cpuMsOf(process.pid)];
    await hub.start();
    const from = performance.now();
    await untilSteady(agents);
    const steadyMs = Math.round(performance.now() - from);
    const figures = {
      agents: agents.length,
      steadyMs,
      ...timesOf(agents, from),
      cloudCpuMs: cpuMsOf(cloud.cloudPid) - cloudCpu,
      agentsCpuMs: cpuMsOf(process.pid) - ownCpu,
      hubCpuMs: cpuMsOf(hub.pid()),
      cloudResidentBeforeMb: rounded(residentBeforeMb),
      cloudResidentMb: rounded(residentMbOf(cloud.cloudPid)),
      hubResidentMb: rounded(residentMbOf(hub.pid())),
      machineLoadBefore: loadBefore,
    };
    const events = await missingEvents(cloud, agents);
    await Promise.all(agents.map((agent) => agent.leave()));
    return {
      name: 'reconnect',
      figures: { ...figures, eventsMissing: events.missing, eventsTwice: events.twice },
    };
  } finally {
    await cloud.stop();
  }
};
