/**
 * Live consoles: many event streams of one tenant open at once on one process of the cloud, and ten
 * changes a second. What that costs the process, what each stream adds to its memory, and how late a
 * change arrives. Streams are raw sockets here, so that this side can keep up.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { queueEvents } from '@signalbeam/platform/events/queue';
import { addTenant, signIn } from '@signalbeam/telemetry-processor/rig.suite';
import {
  cpuMsOf,
  loadAverage,
  openBenchCloud,
  quantile,
  residentMbOf,
  rounded,
} from './cloud.suite.ts';

const eventsPerSecond = 10;
const connectingMax = 50;
/** Latency is read on some of the streams; on the others bytes are only counted. */
const readEvery = 50;

type Heard = { events: number; latenciesMs: number[] };

/** One stream; resolves once its answer began. */
const openStream = async (
  port: number,
  token: string,
  heard: Heard,
  reads: boolean,
): Promise<Socket> => {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  socket.write(
    `GET /api/stream?topics=devices HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer ${token}\r\n\r\n`,
  );
  const [first] = (await once(socket, 'data')) as [Buffer];
  if (!first.includes(' 200 ')) throw new Error(`no stream: ${first.toString().slice(0, 200)}`);
  socket.on('data', (data: Buffer) => {
    const now = performance.timeOrigin + performance.now();
    for (
      let at = data.indexOf('event: device');
      at >= 0;
      at = data.indexOf('event: device', at + 1)
    ) {
      heard.events += 1;
    }
    if (!reads) return;
    for (const [, sentAt] of data.toString().matchAll(/"sentAt":([\d.]+)/g)) {
      heard.latenciesMs.push(now - Number(sentAt));
    }
  });
  return socket;
};

export const run = async ({ smoke }: { smoke: boolean }) => {
  const streams = smoke ? 50 : 5_000;
  const seconds = smoke ? 2 : 30;
  const cloud = await openBenchCloud();
  const { platform } = cloud.test;
  const tenant = await addTenant(cloud.owner, platform);
  const { token } = await signIn(cloud.owner, platform, tenant);
  const port = Number(new URL(cloud.url).port);
  const heard: Heard = { events: 0, latenciesMs: [] };
  const emptyMb = residentMbOf(cloud.cloudPid);
  const sockets: Socket[] = [];
  for (let from = 0; from < streams; from += connectingMax) {
    const batch = Array.from({ length: Math.min(connectingMax, streams - from) }, (_, index) =>
      openStream(port, token, heard, (from + index) % readEvery === 0),
    );
    sockets.push(...(await Promise.all(batch)));
  }
  await sleep(smoke ? 100 : 5_000);
  const openMb = residentMbOf(cloud.cloudPid);
  const idleFromMs = cpuMsOf(cloud.cloudPid);
  await sleep(smoke ? 500 : 10_000);
  const idleMs = (cpuMsOf(cloud.cloudPid) - idleFromMs) / (smoke ? 0.5 : 10);
  const [cpuFromMs, start] = [cpuMsOf(cloud.cloudPid), performance.now()];
  const total = seconds * eventsPerSecond;
  for (let count = 0; count < total; count += 1) {
    await sleep(Math.max(0, start + (count * 1_000) / eventsPerSecond - performance.now()));
    const sentAt = performance.timeOrigin + performance.now();
    // With the time it was sent, which is no field of such an event.
    const data = { deviceId: tenant.tenantId, name: 'pump 3', site: 'plant-7', sentAt };
    await queueEvents(platform.pools.system, [
      {
        ...{ tenantId: tenant.tenantId, type: 'device.renamed', version: 1, data },
        subject: 'signalbeam.devices.renamed',
      },
    ]);
  }
  const tookMs = performance.now() - start;
  const cpuMs = cpuMsOf(cloud.cloudPid) - cpuFromMs;
  const busyMb = residentMbOf(cloud.cloudPid);
  const deadline = performance.now() + 20_000;
  while (heard.events < total * streams && performance.now() < deadline) await sleep(100);
  for (const socket of sockets) socket.destroy();
  await cloud.stop();
  return {
    name: 'streams',
    figures: {
      streams,
      eventsPerSecond,
      heardShare: rounded(heard.events / (total * streams), 4),
      corePercent: rounded((cpuMs / tookMs) * 100),
      idleCorePercent: rounded(idleMs / 10),
      latencyP50Ms: rounded(quantile(heard.latenciesMs, 0.5)),
      latencyP99Ms: rounded(quantile(heard.latenciesMs, 0.99)),
      memoryEmptyMb: rounded(emptyMb),
      memoryOpenMb: rounded(openMb),
      memoryBusyMb: rounded(busyMb),
      kbPerStream: rounded(((openMb - emptyMb) * 1_024) / streams),
      loadAverage: loadAverage(),
    },
  };
};
