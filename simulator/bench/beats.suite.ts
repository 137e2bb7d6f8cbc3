/** Heartbeats of a whole fleet as agents write them, through the hub, spread evenly over their interval. */
import { setTimeout as sleep } from 'node:timers/promises';
import { connectAs } from '@signalbeam/platform/nats/connect';
import { heartbeatText } from '@signalbeam/sync/wire/heartbeat';
import { deviceSubjects } from '@signalbeam/sync/wire/subjects';
import type { BenchCloud } from './cloud.suite.ts';

const turnMs = 10;

/** `nextBeatMs`: what each beat announces. */
type Round = { intervalMs: number; seq: number; nextBeatMs?: number; isOver?: () => boolean };

export const openBeats = async (cloud: BenchCloud, tenantId: string) => {
  const { account } = await cloud.test.platform.keyring.tenant(tenantId);
  const connection = await connectAs(cloud.test.world.hub.url, account, 'fleet');
  const publish = (deviceId: string, text: string): void =>
    connection.publish(deviceSubjects.heartbeat(deviceId), text);
  return { publish, connection };
};

/** Each device once an interval, evenly; never faster when it was late, so that nothing bunches. */
export const beatAll = async (
  publish: (deviceId: string, text: string) => void,
  deviceIds: readonly string[],
  { intervalMs, seq, nextBeatMs = 30_000, isOver = () => false }: Round,
): Promise<void> => {
  const from = performance.now();
  let said = 0;
  while (said < deviceIds.length && !isOver()) {
    const due = Math.ceil(((performance.now() - from) / intervalMs) * deviceIds.length);
    for (; said < Math.min(due, deviceIds.length); said += 1) {
      const beat = { seq, state: '0123456789abcdef', generation: 3, nextBeatMs };
      publish(deviceIds[said] ?? '', heartbeatText(beat));
    }
    await sleep(turnMs);
  }
};

/** The fleet is alive from the first whole interval, which this waits for, until `stop`. */
export const startBeats = async (
  cloud: BenchCloud,
  tenantId: string,
  { deviceIds, ...pace }: { deviceIds: readonly string[]; intervalMs: number; nextBeatMs?: number },
): Promise<{ stop: () => Promise<void> }> => {
  const { publish, connection } = await openBeats(cloud, tenantId);
  let isStopped = false;
  const isOver = (): boolean => isStopped;
  await beatAll(publish, deviceIds, { ...pace, seq: 0 });
  const keep = async (): Promise<void> => {
    for (let seq = 1; !isStopped; seq += 1) {
      await beatAll(publish, deviceIds, { ...pace, seq, isOver });
    }
  };
  const kept = keep();
  return {
    stop: async () => {
      isStopped = true;
      await kept;
      await connection.close();
    },
  };
};
