/**
 * What this replica heard of devices: the newest heartbeat of each, in memory. Every replica hears
 * all of them; the one that holds the lease writes them down. A heartbeat is unsigned, so it moves
 * last-seen and nothing else, and only under the tenant that the broker vouches for.
 */
import { heartbeatBytesMax } from '@signalbeam/sync/core/limits';
import { heartbeatSchema } from '@signalbeam/sync/wire/heartbeat';
import { parseJson } from '@signalbeam/sync/wire/shape';
import { parseDeviceSubject } from '@signalbeam/sync/wire/subjects';
import type { Directory, KnownDevice } from '../ingest/directory.ts';

export type Beat = {
  deviceId: string;
  tenantId: string;
  lastSeenAt: number;
  nextBeatMs: number;
};

export type Heard = {
  /** Takes a message in; cheap, never waits. False when it is no heartbeat of that device. */
  hear: (message: { subject: string; data: Uint8Array }) => boolean;
  latest: (deviceId: string) => Beat | undefined;
  /** All that moved since the last call; put them back with `keep` if they could not be stored. */
  takeMoved: () => Beat[];
  keep: (beats: readonly Beat[]) => void;
  /** How many `takeMoved` would give. */
  moved: () => number;
  /** Looks up devices that were heard and are not in the directory. Throws when Postgres is away. */
  identify: () => Promise<void>;
};

type Unidentified = { tenantKey: string; at: number; nextBeatMs: number };
/** Heartbeats of devices not looked up yet; more are dropped, the next one comes soon. */
const unidentifiedMax = 20_000;
/** Looked up together: whoever asks the cloud for something meanwhile waits for no more of them. */
const heap = 1_000;

export const createHeard = (options: {
  directory: Directory;
  now: () => number;
  onBeat?: (beat: Beat) => void;
}): Heard => {
  const { directory, now, onBeat } = options;
  const beats = new Map<string, Beat>();
  let moved = new Map<string, Beat>();
  let unidentified = new Map<string, Unidentified>();

  const settle = (device: KnownDevice | null, heard: Unidentified): boolean => {
    if (device === null || !device.approved || device.tenantKey !== heard.tenantKey) return false;
    const { deviceId, tenantId } = device;
    const beat = { deviceId, tenantId, lastSeenAt: heard.at, nextBeatMs: heard.nextBeatMs };
    beats.set(deviceId, beat);
    moved.set(deviceId, beat);
    onBeat?.(beat);
    return true;
  };
  return {
    hear: ({ subject, data }) => {
      const sender = parseDeviceSubject(subject);
      if (sender === null) return false;
      const heartbeat = parseJson(data, heartbeatSchema, heartbeatBytesMax);
      if (heartbeat.kind === 'refused') return false;
      const { nextBeatMs } = heartbeat.value;
      const beat = { tenantKey: sender.tenantKey, at: now(), nextBeatMs };
      const device = directory.peek(sender.device);
      if (device !== undefined) return settle(device, beat);
      if (unidentified.size < unidentifiedMax) unidentified.set(sender.device, beat);
      return true;
    },
    latest: (deviceId) => beats.get(deviceId),
    takeMoved: () => {
      const taken = [...moved.values()];
      moved = new Map();
      return taken;
    },
    keep: (kept) => {
      for (const beat of kept) if (!moved.has(beat.deviceId)) moved.set(beat.deviceId, beat);
    },
    moved: () => moved.size,
    identify: async () => {
      if (unidentified.size === 0) return;
      const waiting = [...unidentified];
      unidentified = new Map();
      for (let from = 0; from < waiting.length; from += heap) {
        const some = waiting.slice(from, from + heap);
        const found = await directory.find(some.map(([deviceId]) => deviceId));
        for (const [deviceId, beat] of some) settle(found.get(deviceId) ?? null, beat);
      }
    },
  };
};
