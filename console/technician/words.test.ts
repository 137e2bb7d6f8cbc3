/** The technician's sentences: the worst truth first, and never a number without its meaning. */
import { describe, expect, it } from 'vitest';
import type { LocalDevice, LocalLink } from './types.ts';
import {
  backlogSentence,
  clockSentence,
  deviceVerdict,
  laneBacklog,
  linkSentence,
  reconcileRefusal,
  summaryText,
} from './words.ts';

const now = Date.parse('2026-05-01T14:30:00Z');
const link: LocalLink = {
  state: 'offline',
  via: 'leaf',
  since: now - 60_000,
  waiting: '',
  gateway: { role: false, leaf: null },
  site: null,
  lanes: [],
  lastHeartbeatAt: null,
};
const device = {
  registration: 'approved',
  engine: { kind: 'docker', version: '1', reachable: true },
  slots: [
    {
      bundleName: 'hello',
      version: '2.0.0',
      runningVersion: '2.0.0',
      status: 'running',
      reason: null,
    },
  ],
  waiting: '',
  hold: null,
  now,
} as unknown as LocalDevice;

describe('what a technician reads', () => {
  it('says that a cut-off device keeps running', () => {
    expect(linkSentence(link, now)).toContain('What runs here keeps running');
    expect(deviceVerdict(device, link).mark.word).toBe('Running, cut off');
  });

  it('says who holds it until when, and what waits for that', () => {
    const hold = { reason: 'fan.', by: 'console', sinceMs: now, untilMs: now + 3_600_000 };
    const [slot] = device.slots;
    const slots = [{ ...slot, version: '3.0.0', status: 'pending' }];
    const { mark, sentence } = deviceVerdict({ ...device, hold, slots } as LocalDevice, link);
    expect(mark.word).toBe('Held by a technician');
    expect(sentence).toMatch(/^Nothing is changed here until \S+: fan\. hello 3\.0\.0 waits\.$/);
  });

  it('names the failed version and what runs instead', () => {
    const slot = {
      bundleName: 'hello',
      version: '3.0.0',
      runningVersion: '2.0.0',
      status: 'failed',
      reason: 'web is ill',
    };
    const failed = { ...device, slots: [slot] } as unknown as LocalDevice;
    expect(deviceVerdict(failed, link).sentence).toBe('hello 3.0.0: web is ill. 2.0.0 runs again.');
  });

  it('counts what waits in all lanes and says when it goes', () => {
    const lane = {
      lane: 'metrics',
      backlogRows: 1_240,
      backlogBytes: 56_000,
      oldestAt: now - 1_000,
      lastAcknowledgedAt: null,
    };
    const waiting = { ...link, lanes: [lane, { ...lane, lane: 'events', backlogRows: 1 }] };
    expect(backlogSentence(waiting)).toBe(
      '1,241 rows wait to be sent. They are safe on this device and will be sent when the link is back.',
    );
    const connected = { ...waiting, state: 'connected' as const };
    expect(backlogSentence(connected)).toContain('They are being sent.');
    const together = '9 rows wait to go together, within 7 min.';
    expect(backlogSentence({ ...connected, waiting: together })).toBe(together);
    expect(backlogSentence({ ...link, lanes: [{ ...lane, backlogRows: 1 }] })).toMatch(
      /^1 row waits to be sent\. It is safe/,
    );
    expect(backlogSentence(link)).toBe('Nothing waits to be sent.');
    expect(laneBacklog(lane)).toBe('1,240 rows, 56.0 kB');
  });

  it('says why it can’t look again', () => {
    expect(reconcileRefusal(device, false, false)).toContain('Sign in first');
    expect(reconcileRefusal(device, true, false)).toBeNull();
    expect(reconcileRefusal(device, true, true)).toBe('The device does not answer.');
    expect(reconcileRefusal({ ...device, registration: 'pending' }, true, false)).toContain(
      'not approved',
    );
  });

  it('warns of a clock that is wrong, not of one that is a little off', () => {
    expect(clockSentence(-2_000)).toBe('');
    expect(clockSentence(-3 * 3_600_000)).toContain('3 h behind yours');
  });

  it('sums up for a call: verdict, link, software, what happened', () => {
    const events = [{ id: 1, at: now, type: 'x', severity: 'info', message: 'It began.' }];
    const text = summaryText({ ...device, name: 'press-1', site: 'plant-7', now }, link, events);
    expect(text).toContain('press-1 at plant-7');
    expect(text).toContain('No link to the cloud since');
    expect(text).toContain('info: It began.');
  });
});
