import { expect, it } from 'vitest';
import { parseTopics, wantedEvent } from './topics.ts';

const one = '6f1c2a0e-5a0b-4a52-9d6e-0a4a2f5d7c11';
const two = '0b9d5d4e-8f0c-4d44-a5b1-6f1d3c2b7a90';

const wanted = (topics: string | undefined, type: string, data: object) => {
  const parsed = parseTopics(topics);
  return parsed === null ? 'refused' : wantedEvent({ type, data }, parsed);
};

it('sends metrics only of devices that are looked at', () => {
  expect(wanted(undefined, 'device.metrics', { deviceId: one })).toBeNull();
  expect(wanted(`devices,device:${one}`, 'device.metrics', { deviceId: one })).toBe('metrics');
  expect(wanted(`device:${one}`, 'device.metrics', { deviceId: two })).toBeNull();
});

it('names events by what they are about', () => {
  expect(wanted('devices', 'device.presence', { deviceId: one })).toBe('device');
  expect(wanted('devices', 'device.reported', { deviceId: one })).toBe('reported');
  expect(wanted('devices', 'device.event', { deviceId: one })).toBe('event');
  expect(wanted(undefined, 'rollout.progressed', { rolloutId: one })).toBe('rollout');
  expect(wanted(`rollout:${one}`, 'rollout.progressed', { id: one })).toBe('rollout');
  expect(wanted(`rollout:${two}`, 'rollout.progressed', { rolloutId: one })).toBeNull();
  expect(wanted('rollouts', 'device.presence', { deviceId: one })).toBeNull();
  expect(wanted(undefined, 'alert.raised', { deviceId: one })).toBe('alert');
  expect(wanted('alerts', 'alert.resolved', { site: 'plant-7' })).toBe('alert');
  expect(wanted(`device:${one}`, 'alert.raised', { deviceId: one })).toBeNull();
  expect(wanted(undefined, 'user.created', {})).toBeNull();
});

it('refuses words that are no topics', () => {
  for (const topics of ['everything', 'device:', 'device:x', `device:${one}:more`, 'devices,,']) {
    expect(parseTopics(topics)).toBeNull();
  }
  expect(parseTopics(Array(101).fill('devices').join(','))).toBeNull();
});
