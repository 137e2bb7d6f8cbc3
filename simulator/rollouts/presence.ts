/**
 * Who is heard of, as the cloud sees it by heartbeats: online until three of the intervals that a
 * device announced have passed in silence.
 */
import type { RolloutRow } from '@signalbeam/bundle-orchestrator/core/rollout';
import { heartbeatSchema } from '@signalbeam/sync/wire/heartbeat';

export type Presence = {
  heard(deviceId: string, bytes: Uint8Array): void;
  of(deviceId: string): RolloutRow['presence'];
};

const intervalsMax = 3;

export const createPresence = (now: () => number): Presence => {
  const silentAt = new Map<string, number>();
  return {
    heard: (deviceId, bytes) => {
      const { nextBeatMs } = heartbeatSchema.parse(JSON.parse(Buffer.from(bytes).toString()));
      silentAt.set(deviceId, now() + intervalsMax * nextBeatMs);
    },
    of: (deviceId) => {
      const until = silentAt.get(deviceId);
      if (until === undefined) return 'never';
      return now() < until ? 'online' : 'offline';
    },
  };
};
