import { expect, it } from 'vitest';
import { applyToDevices, isHeartbeat, mayMove, parseLiveEvent } from './live.ts';
import type { Device } from './types.ts';

const parse = (data: unknown) => parseLiveEvent({ type: 'device', data: JSON.stringify(data) });

it('takes what happened out of what the cloud sends around it', () => {
  const data = { deviceId: 'd', presence: 'online' };
  expect(parse({ type: 'device.presence', at: '2026-01-01T00:00:00Z', data })).toEqual({
    type: 'device',
    data,
  });
});

it('makes nothing of what is no object', () => {
  for (const data of [null, 1, 'x', []]) expect(parse(data)).toBeNull();
  expect(parseLiveEvent({ type: 'device', data: '{' })).toBeNull();
});

it('tells a heartbeat from a change', () => {
  const beat = { presence: 'online', lastSeenAt: '2026-01-01T00:00:00Z' };
  expect(isHeartbeat({ type: 'device', data: beat })).toBe(true);
  expect(isHeartbeat({ type: 'device', data: { presence: 'offline' } })).toBe(false);
  // It was away: lists of those that are online have to take it in.
  expect(isHeartbeat({ type: 'device', data: { ...beat, changedAt: beat.lastSeenAt } })).toBe(
    false,
  );
  expect(isHeartbeat({ type: 'device', data: { deviceId: 'd' } })).toBe(false);
});

const shown = [{ id: 'a', presence: 'offline' }] as Device[];
const ofRollout = (devices: unknown) => ({ type: 'rollout', data: { rolloutId: 'r', devices } });

it('asks for nothing when a device that is not shown is well, of a hundred thousand', () => {
  const beat = { deviceId: 'b', presence: 'online', lastSeenAt: '2026-01-01T00:00:00Z' };
  expect(applyToDevices(shown, { type: 'device', data: beat }).fetch).toBe('nothing');
  const back = { ...beat, changedAt: beat.lastSeenAt };
  expect(applyToDevices(shown, { type: 'device', data: back }).fetch).toBe('devices');
});

it('takes a batch that names nobody for one of any device', () => {
  expect(mayMove(ofRollout([]), ['a'])).toBe(true);
  expect(mayMove(ofRollout([{ deviceId: 'b' }]), ['a'])).toBe(false);
  expect(mayMove(ofRollout([{ deviceId: 'b' }, { deviceId: 'a' }]), ['a'])).toBe(true);
  expect(applyToDevices(shown, ofRollout([]))).toEqual({ devices: shown, fetch: 'devices' });
});
