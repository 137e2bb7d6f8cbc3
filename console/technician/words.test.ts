/** The technician's sentences: the worst truth first, and never a number without its meaning. */
import { describe, expect, it } from 'vitest';
import type { LocalDevice, LocalLink } from './types.ts';
import { backlogSentence, deviceVerdict, linkSentence } from './words.ts';

const now = Date.parse('2026-05-01T14:30:00Z');
const link: LocalLink = {
  state: 'offline',
  via: 'leaf',
  since: now - 60_000,
  waiting: '',
  gateway: { role: false, leaf: null },
  lanes: [],
  lastHeartbeatAt: null,
};
const device = {
  registration: 'approved',
  engine: { kind: 'docker', version: '1', reachable: true },
  slots: [],
  waiting: '',
} as unknown as LocalDevice;

describe('what a technician reads', () => {
  it('says that a cut-off device keeps running', () => {
    expect(linkSentence(link, now)).toContain('What runs here keeps running');
    expect(deviceVerdict(device, link).mark.word).toBe('Running, cut off');
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

  it('counts what waits and says when it goes', () => {
    const lane = {
      lane: 'metrics',
      backlogRows: 1_240,
      backlogBytes: 1,
      oldestAt: now - 1_000,
      lastAcknowledgedAt: null,
    };
    expect(backlogSentence(lane, link, now)).toMatch(
      /^1,240 rows of metrics waiting, the oldest from .+ They will be sent when the link is back\.$/,
    );
    expect(backlogSentence({ ...lane, backlogRows: 0 }, link, now)).toBe('');
  });
});
