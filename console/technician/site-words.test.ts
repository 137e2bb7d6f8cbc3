/** What a technician reads of the other devices: who is there, who is the gateway, what was refused. */
import { expect, it } from 'vitest';
import {
  gatewaySentence,
  memberFacts,
  memberMark,
  memberName,
  refusedSentence,
  siteSentence,
} from './site-words.ts';
import type { LocalDevice, LocalMember, LocalSite } from './types.ts';

const device = { deviceId: 'here' } as LocalDevice;
const member = (more: Partial<LocalMember>): LocalMember => ({
  deviceId: '0c9d1f3e-0000-4000-8000-000000000001',
  name: 'press-2',
  status: 'alive',
  address: '192.0.2.8:8481',
  uplink: 255,
  leaf: true,
  since: 0,
  ...more,
});
const site = (more: Partial<LocalSite>): LocalSite => ({
  members: [member({}), member({ deviceId: 'b', name: 'press-3', status: 'dead' })],
  gateway: { holder: member({}).deviceId, why: 'it has the role and its uplink works' },
  waiting: '',
  refused: 0,
  warnings: [],
  ...more,
});

it('says how many live, and who is the gateway and why', () => {
  expect(siteSentence(site({}))).toBe('1 of 2 other devices is alive.');
  expect(siteSentence(site({ members: [] }))).toBe('This is the only device of its site.');
  expect(gatewaySentence(site({}), device)).toBe(
    'press-2 is the gateway, because it has the role and its uplink works.',
  );
  const own = { holder: 'here', why: '' };
  expect(gatewaySentence(site({ gateway: own }), device)).toBe('This device is the gateway.');
  const none = { holder: null, why: 'no device that can run the leaf reaches the cloud' };
  expect(gatewaySentence(site({ gateway: none }), device)).toBe(
    'No device is the gateway, because no device that can run the leaf reaches the cloud.',
  );
});

it('says of each member how it is, and of the dead nothing that no longer holds', () => {
  expect(memberFacts(member({}))).toBe('192.0.2.8:8481 · has an uplink · runs a leaf');
  expect(memberFacts(member({ status: 'dead' }))).toBe('192.0.2.8:8481');
  expect(memberFacts(member({ status: 'unknown', address: '' }))).toBe('');
  expect(memberName(member({ name: '' }))).toBe('0c9d1f3e');
  const words = (['alive', 'suspect', 'dead', 'left', 'unknown'] as const).map(
    (status) => memberMark(member({ status })).word,
  );
  expect(new Set(words).size).toBe(5);
});

it('counts what was refused, and says nothing while nothing was', () => {
  expect(refusedSentence(site({}))).toBe('');
  expect(refusedSentence(site({ refused: 1_240 }))).toContain('1,240 messages');
});
