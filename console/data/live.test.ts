import { expect, it } from 'vitest';
import { isHeartbeat, parseLiveEvent } from './live.ts';

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
  expect(isHeartbeat({ type: 'device', data: { deviceId: 'd' } })).toBe(false);
});
