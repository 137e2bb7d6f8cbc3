/**
 * What a live event changes on a screen: pure, `(known, event) → {known, fetch}`. An event that
 * carries the new value is applied at once; all else only says what to fetch again. Facts about an
 * unknown device or rollout are never made up.
 */
import type { Device, Presence } from './types.ts';

export type LiveEvent = { type: string; data: Record<string, unknown> };

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const parseLiveEvent = (event: { type: string; data: string }): LiveEvent | null => {
  try {
    const read: unknown = JSON.parse(event.data);
    // The cloud sends `{type, at, data}`: what happened lies in `data`.
    const data = isRecord(read) && isRecord(read['data']) ? read['data'] : read;
    return isRecord(data) ? { type: event.type, data } : null;
  } catch {
    return null;
  }
};

const presences: readonly unknown[] = ['online', 'offline', 'never'];
const isPresence = (value: unknown): value is Presence => presences.includes(value);

/** The id an event is about, under any of the names the services use. */
export const subjectOf = (event: LiveEvent, key: 'deviceId' | 'rolloutId'): string | null => {
  const value = event.data[key] ?? event.data['id'];
  return typeof value === 'string' ? value : null;
};

/**
 * Said again and again while a device is well: it moves last-seen and is no reason to ask anything. That a device
 * came back has the same words and when it did.
 */
export const isHeartbeat = (event: LiveEvent): boolean =>
  event.type === 'device' &&
  event.data['presence'] === 'online' &&
  event.data['lastSeenAt'] !== undefined &&
  event.data['changedAt'] === undefined;

/**
 * Whether news of a rollout may be of one of these devices. A batch of more than fifty devices names none of them, so it
 * may be of anybody.
 */
export const mayMove = (event: LiveEvent, deviceIds: readonly string[]): boolean => {
  if (event.type !== 'rollout') return false;
  const { devices } = event.data;
  if (!Array.isArray(devices) || devices.length === 0) return true;
  return devices.some(
    (device) => isRecord(device) && deviceIds.includes(String(device['deviceId'])),
  );
};

export type Applied = { devices: Device[]; fetch: 'nothing' | 'devices' };

/**
 * Presence moves in place; anything else about a device means asking again, and so does what a rollout asks of
 * those shown. Heartbeats of others come by the thousand in a large fleet and mean nothing.
 */
export const applyToDevices = (devices: Device[], event: LiveEvent): Applied => {
  if (event.type === 'reported') return { devices, fetch: 'devices' };
  if (event.type === 'rollout') {
    const isOurs = mayMove(
      event,
      devices.map(({ id }) => id),
    );
    return { devices, fetch: isOurs ? 'devices' : 'nothing' };
  }
  if (event.type !== 'device') return { devices, fetch: 'nothing' };
  const { presence, lastSeenAt } = event.data;
  const id = subjectOf(event, 'deviceId');
  const known = devices.some((device) => device.id === id);
  if (!known && isHeartbeat(event)) return { devices, fetch: 'nothing' };
  if (!known || !isPresence(presence)) return { devices, fetch: 'devices' };
  const seen =
    typeof lastSeenAt === 'string' || typeof lastSeenAt === 'number' ? lastSeenAt : undefined;
  return {
    devices: devices.map((device) =>
      device.id === id
        ? { ...device, presence, ...(seen === undefined ? {} : { lastSeenAt: seen }) }
        : device,
    ),
    fetch: 'nothing',
  };
};
