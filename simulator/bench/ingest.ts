/**
 * Durable ingest end to end: frames published at the hub by devices' sites → JetStream on disk →
 * the cloud as `up` runs it → committed in Postgres (fsync on) → signed acknowledgement back at the
 * site. Data points are ten a row. Frames are packed beforehand: that is the devices' work. Loss is
 * looked for by the set of sequences stored per device, not by counts alone.
 */
import type { NatsConnection } from '@nats-io/transport-node';
import { connectAs } from '@signalbeam/platform/nats/connect';
import { metricNames } from '@signalbeam/sync/wire/rows';
import { deviceSubjects } from '@signalbeam/sync/wire/subjects';
import {
  addDevices,
  addTenant,
  openAck,
  type TestTenant,
} from '@signalbeam/telemetry-processor/rig.suite';
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

type Load = { devices: number; framesPerDevice: number; rowsPerFrame: number };
type Packed = { device: VirtualDevice; subject: string; frames: Uint8Array[]; epoch: string };

/** Frames without the hub's PubAck at once: what a site's link holds. */
const windowFrames = 1_024;
const sites = 4;

const pack = (devices: readonly VirtualDevice[], load: Load): Packed[] =>
  devices.map((device) => {
    device.open('metrics');
    const { framesPerDevice, rowsPerFrame } = load;
    device.write('metrics', framesPerDevice * rowsPerFrame);
    const frames = Array.from({ length: framesPerDevice }, (_, index) =>
      device.frame('metrics', index * rowsPerFrame, (index + 1) * rowsPerFrame),
    );
    const subject = deviceSubjects.lane('metrics', device.deviceId);
    return { device, subject, frames, epoch: device.laneOf('metrics').epoch };
  });

type Watching = {
  /** When each device's frame was acknowledged, by index of the frame. */
  acked: Map<string, number[]>;
  done: Promise<void>;
  stop: () => void;
};

/** Hears the acknowledgements as the sites do; checks the signature of each. */
const watch = (
  connection: NatsConnection,
  cloud: BenchCloud,
  tenant: TestTenant,
  packed: readonly Packed[],
  load: Load,
): Watching => {
  const acked = new Map(packed.map(({ epoch }) => [epoch, [] as number[]]));
  let open = packed.length;
  const { promise: done, resolve, reject } = Promise.withResolvers<void>();
  const subscription = connection.subscribe('signalbeam.down.*.*.ack', {
    callback: (_, message) => {
      const at = performance.now();
      openAck(cloud.test.platform, tenant.tenantId, message.data).then((ack) => {
        for (const lane of ack.lanes) {
          const times = acked.get(lane.epoch);
          if (times === undefined) continue;
          while (times.length * load.rowsPerFrame < lane.upTo) {
            times.push(at);
            if (times.length === load.framesPerDevice) open -= 1;
          }
        }
        if (open === 0) resolve();
      }, reject);
    },
  });
  return { acked, done, stop: () => subscription.unsubscribe() };
};

/** Publishes every device's frames in turn, as fast as the window or the pace allows. */
const publish = async (
  connections: readonly NatsConnection[],
  packed: readonly Packed[],
  load: Load,
  framesPerSecond: number,
): Promise<Map<string, number[]>> => {
  const sent = new Map(packed.map(({ epoch }) => [epoch, [] as number[]]));
  const inFlight = new Set<Promise<unknown>>();
  const start = performance.now();
  let count = 0;
  for (let frame = 0; frame < load.framesPerDevice; frame += 1) {
    for (const [index, { subject, frames, epoch }] of packed.entries()) {
      const due = start + (count * 1_000) / framesPerSecond;
      const early = due - performance.now();
      if (early > 2) await new Promise((resolve) => setTimeout(resolve, early));
      while (inFlight.size >= windowFrames) await Promise.race(inFlight);
      const connection = connections[index % connections.length];
      const bytes = frames[frame];
      if (connection === undefined || bytes === undefined) throw new Error('nothing to send');
      sent.get(epoch)?.push(performance.now());
      const request: Promise<unknown> = connection
        .request(subject, bytes, { timeout: 30_000 })
        .finally(() => inFlight.delete(request));
      inFlight.add(request);
      count += 1;
    }
  }
  await Promise.all(inFlight);
  return sent;
};

/** Rows that are not exactly 1…n once, over all devices. */
const countLoss = async (
  cloud: BenchCloud,
  packed: readonly Packed[],
  load: Load,
): Promise<{ missing: number; twice: number }> => {
  const expected = load.framesPerDevice * load.rowsPerFrame;
  const { rows } = await cloud.owner.query<{ missing: number; twice: number }>(
    `SELECT coalesce(sum($2 - coalesce(s.different, 0)), 0)::int AS missing,
            coalesce(sum(coalesce(s.stored - s.different, 0)), 0)::int AS twice
       FROM unnest($1::text[]) AS e (epoch)
       LEFT JOIN (SELECT epoch, count(*) AS stored,
                         count(DISTINCT seq) FILTER (WHERE seq BETWEEN 1 AND $2) AS different
                    FROM telemetry.metrics WHERE epoch = ANY($1) GROUP BY epoch) s USING (epoch)`,
    [packed.map(({ epoch }) => epoch), expected],
  );
  return rows[0] ?? { missing: Number.NaN, twice: Number.NaN };
};

const measure = async (
  cloud: BenchCloud,
  tenant: TestTenant,
  devices: readonly VirtualDevice[],
  load: Load,
  framesPerSecond: number,
) => {
  const packed = pack(devices.slice(0, load.devices), load);
  const { account } = await cloud.test.platform.keyring.tenant(tenant.tenantId);
  const open = (name: string) => connectAs(cloud.test.world.hub.url, account, name);
  const connections = await Promise.all(
    Array.from({ length: sites }, (_, index) => open(`site-${index}`)),
  );
  const listener = await open('listener');
  const watching = watch(listener, cloud, tenant, packed, load);
  await listener.flush();
  const cpuBefore = cpuMsOf(cloud.cloudPid);
  const start = performance.now();
  const sent = await publish(connections, packed, load, framesPerSecond);
  await watching.done;
  const tookMs = performance.now() - start;
  const cpuMs = cpuMsOf(cloud.cloudPid) - cpuBefore;
  watching.stop();
  const latencies = [...sent].flatMap(([epoch, times]) =>
    times.map((at, index) => (watching.acked.get(epoch)?.[index] ?? Number.NaN) - at),
  );
  const loss = await countLoss(cloud, packed, load);
  await Promise.all([...connections, listener].map((connection) => connection.close()));
  const rows = load.devices * load.framesPerDevice * load.rowsPerFrame;
  const bytes = packed.reduce(
    (sum, { frames }) => sum + frames.reduce((part, frame) => part + frame.byteLength, 0),
    0,
  );
  return {
    dataPointsPerSecond: Math.round((rows * metricNames.length * 1_000) / tookMs),
    framesPerSecond: Math.round((load.devices * load.framesPerDevice * 1_000) / tookMs),
    ackP50Ms: rounded(quantile(latencies, 0.5)),
    ackP99Ms: rounded(quantile(latencies, 0.99)),
    cloudCpuUsPerRow: rounded((cpuMs * 1_000) / rows, 2),
    bytesPerRow: rounded(bytes / rows),
    rows,
    ...loss,
  };
};

type Measured = Awaited<ReturnType<typeof measure>>;

const named = (prefix: string, measured: Measured): Record<string, number> =>
  Object.fromEntries(
    Object.entries(measured).map(([name, value]) => [
      `${prefix}${name[0]?.toUpperCase()}${name.slice(1)}`,
      value,
    ]),
  );

export const run = async ({ smoke }: { smoke: boolean }) => {
  const cloud = await openBenchCloud();
  try {
    const tenant = await addTenant(cloud.owner, cloud.test.platform);
    const devices = await addDevices(cloud.owner, tenant, smoke ? 10 : 200);
    const scale = smoke ? { devices: 10, times: 1 } : { devices: 200, times: 50 };
    // A minute of samples a frame, one a second: what an agent sends, and sends again after a cut.
    const minute = { devices: scale.devices, framesPerDevice: scale.times, rowsPerFrame: 60 };
    // Few rows a frame: most of the cost is the signature and the message.
    const small = { devices: scale.devices, framesPerDevice: scale.times * 2, rowsPerFrame: 6 };
    const loadBefore = loadAverage();
    const warm = { ...minute, framesPerDevice: Math.ceil(scale.times / 10) };
    await measure(cloud, tenant, devices, warm, Number.POSITIVE_INFINITY);
    const full = await measure(cloud, tenant, devices, minute, Number.POSITIVE_INFINITY);
    const little = await measure(cloud, tenant, devices, small, Number.POSITIVE_INFINITY);
    // Half of what it can: how long a row takes when nothing piles up.
    const paced = await measure(cloud, tenant, devices, minute, full.framesPerSecond / 2);
    const figures: Record<string, number> = {
      ...named('minuteFrames', full),
      ...named('smallFrames', little),
      ...named('halfRate', paced),
      cloudResidentMb: rounded(residentMbOf(cloud.cloudPid)),
      machineLoadBefore: loadBefore,
    };
    return { name: 'ingest', figures };
  } finally {
    await cloud.stop();
  }
};
