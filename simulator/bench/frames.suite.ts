/**
 * What a fleet at rest sends: a frame of a quarter of an hour (60 samples) of each device in turn, evenly, as
 * many a second as there are devices that send one every 15 minutes. A few devices stand for all: each sends more often,
 * of times that lie further back. Packed and signed beforehand, which is the devices' work.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { connectAs } from '@signalbeam/platform/nats/connect';
import { deviceSubjects } from '@signalbeam/sync/wire/subjects';
import { addDevices, type TestTenant } from '@signalbeam/telemetry-processor/rig.suite';
import type { VirtualDevice } from '@signalbeam/telemetry-processor/virtual-device.suite';
import type { BenchCloud } from './cloud.suite.ts';

const rowsPerFrame = 60;
const framesPerDevice = 12;
const sampleMs = 15_000;
const drainMs = 60_000;

const pack = (device: VirtualDevice, nowMs: number) => {
  device.open('metrics');
  const rows = framesPerDevice * rowsPerFrame;
  for (let row = 1; row <= rows; row += 1) {
    device.write('metrics', 1, nowMs - (rows - row) * sampleMs);
  }
  return Array.from({ length: framesPerDevice }, (_, index) =>
    device.frame('metrics', index * rowsPerFrame, (index + 1) * rowsPerFrame),
  );
};

export type Frames = {
  /** Waits until all that was sent is stored; for how long it was sent, and how much a second. */
  stop: () => Promise<{ framesPerSecond: number; seconds: number }>;
};

/** Goes on for `seconds` at most, or until `stop`. */
export const startFrames = async (
  cloud: BenchCloud,
  tenant: Pick<TestTenant, 'tenantId' | 'tokenId'>,
  { framesPerSecond, seconds }: { framesPerSecond: number; seconds: number },
): Promise<Frames> => {
  const count = Math.ceil((framesPerSecond * seconds) / framesPerDevice);
  const devices = await addDevices(cloud.owner, { ...tenant, tenantKey: '' }, count, 'sending');
  const nowMs = Date.now();
  const packed = devices.map((device) => ({
    subject: deviceSubjects.lane('metrics', device.deviceId),
    frames: pack(device, nowMs),
  }));
  const { account } = await cloud.test.platform.keyring.tenant(tenant.tenantId);
  const connection = await connectAs(cloud.test.world.hub.url, account, 'sending');
  const taken: Promise<unknown>[] = [];
  let isStopped = false;
  const began = performance.now();
  /** How long it took. */
  const send = async (): Promise<number> => {
    for (let sent = 0; sent < count * framesPerDevice && !isStopped; sent += 1) {
      const early = began + (sent * 1_000) / framesPerSecond - performance.now();
      if (early > 2) await sleep(early);
      const { subject, frames } = packed[sent % count] ?? { subject: '', frames: [] };
      const frame = frames[Math.floor(sent / count)] ?? new Uint8Array();
      taken.push(connection.request(subject, frame, { timeout: 30_000 }));
    }
    return performance.now() - began;
  };
  const sending = send();
  const stored = async (): Promise<number> => {
    const { rows } = await cloud.owner.query<{ stored: number }>(
      `SELECT coalesce(sum(up_to), 0)::bigint AS stored FROM telemetry.watermarks
        WHERE tenant_id = $1 AND lane = 'metrics'`,
      [tenant.tenantId],
    );
    return rows[0]?.stored ?? 0;
  };
  return {
    stop: async () => {
      isStopped = true;
      const tookMs = await sending;
      await Promise.all(taken);
      const giveUpAt = performance.now() + drainMs;
      while ((await stored()) < taken.length * rowsPerFrame) {
        if (performance.now() > giveUpAt) throw new Error('what was sent is not stored');
        await sleep(100);
      }
      await connection.close();
      return { framesPerSecond: (taken.length * 1_000) / tookMs, seconds: tookMs / 1_000 };
    },
  };
};
