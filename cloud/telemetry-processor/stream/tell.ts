/**
 * Puts what is no domain event on the live streams: samples of devices somebody looks at, and
 * heartbeats, each at most once a second per device. Nothing is kept for later: the next one comes.
 */
import type { Live } from '@signalbeam/platform/events/live';
import type { Sample } from '../ingest/store.ts';
import type { Beat } from '../presence/heard.ts';
import { liveTypes } from './topics.ts';
import type { Watching } from './watching.ts';

const tellEveryMs = 1_000;
const rememberedMax = 50_000;

/** True at most once per `everyMs` and key. */
export const createThrottle = (
  now: () => number,
  everyMs = tellEveryMs,
): ((key: string) => boolean) => {
  const last = new Map<string, number>();
  return (key) => {
    const at = now();
    if (at - (last.get(key) ?? -everyMs) < everyMs) return false;
    if (last.size >= rememberedMax) last.clear();
    last.set(key, at);
    return true;
  };
};

export type Tell = { sample: (sample: Sample) => void; beat: (beat: Beat) => void };

export const createTell = (options: {
  live: Pick<Live, 'publish'>;
  watching: Pick<Watching, 'isDeviceWatched' | 'isFleetWatched'>;
  now: () => number;
}): Tell => {
  const { live, watching, now } = options;
  const mayTellSample = createThrottle(now);
  const mayTellBeat = createThrottle(now);
  return {
    sample: ({ device, at, body }) => {
      const { tenantId, deviceId } = device;
      if (!watching.isDeviceWatched(deviceId) || !mayTellSample(deviceId)) return;
      const sample = { at: new Date(at).toISOString(), ...(body as object) };
      live.publish({ tenantId, type: liveTypes.metrics, data: { deviceId, sample } });
    },
    beat: ({ tenantId, deviceId, lastSeenAt }) => {
      if (!watching.isFleetWatched(tenantId) && !watching.isDeviceWatched(deviceId)) return;
      if (!mayTellBeat(deviceId)) return;
      const data = { deviceId, presence: 'online', lastSeenAt: new Date(lastSeenAt).toISOString() };
      live.publish({ tenantId, type: liveTypes.beat, data });
    },
  };
};
