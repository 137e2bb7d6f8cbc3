/** Which channels hear what: subscriptions, silence, repeats out of order, full queues. */
import { describe, expect, it } from 'vitest';
import { deliveryAgeMsMax, type Listener, planHearing, waitingMax } from './hearing.ts';
import { type AboutAlert, type Hears, isHeard, type Notice } from './notice.ts';

const now = 1_700_000_000_000;
const alertOf = (more: Partial<AboutAlert> = {}): AboutAlert => ({
  ...{ kind: 'alert', happening: 'raised', alertId: 'a', ruleName: 'Offline' },
  ...{
    alertType: 'DeviceOffline',
    severity: 'critical',
    title: 'gone',
    detail: '',
    site: 'plant-7',
  },
  ...{ deviceId: null, deviceName: null, rolloutId: null, deviceCount: 1, silenced: false },
  link: '/alerts/a',
  ...more,
});
const noticeOf = (about: Notice['about'], type = 'alert.raised', at = now): Notice => ({
  ...{ id: 'e', type, occurredAt: '', occurredAtMs: at, about, data: null },
});
const everything: Hears = {
  alerts: {
    severities: ['info', 'warning', 'critical'],
    happenings: ['raised', 'escalated', 'acknowledged', 'resolved'],
    sites: null,
  },
  events: [],
};
const listenerOf = (more: Partial<Listener> = {}): Listener => ({
  ...{ channelId: 'c', hears: everything, enabled: true, createdAt: 0, waiting: 0, earlier: [] },
  ...more,
});
const heardBy = (notice: Notice, more: Partial<Listener> = {}) =>
  planHearing({ notice, listeners: [listenerOf(more)] }, now).map(({ kind }) => kind);

describe('what a channel hears', () => {
  it('alerts by severity, by what happened and by site', () => {
    const hears = (alerts: Partial<NonNullable<Hears['alerts']>>): Hears => ({
      alerts: { severities: ['critical'], happenings: ['raised'], sites: null, ...alerts },
      events: ['*'],
    });
    const raised = noticeOf(alertOf());
    expect(isHeard(hears({}), raised)).toBe(true);
    expect(isHeard(hears({ severities: ['warning'] }), raised)).toBe(false);
    expect(isHeard(hears({ happenings: ['resolved'] }), raised)).toBe(false);
    expect(isHeard(hears({ sites: ['plant-7'] }), raised)).toBe(true);
    expect(isHeard(hears({ sites: ['plant-8'] }), raised)).toBe(false);
    expect(isHeard(hears({ sites: ['plant-7'] }), noticeOf(alertOf({ site: null })))).toBe(false);
    expect(isHeard({ alerts: null, events: ['*'] }, raised)).toBe(false);
  });

  it('other events by their type', () => {
    const hears = (...events: string[]) =>
      isHeard(
        { alerts: null, events },
        noticeOf({ kind: 'event', facts: [], link: null }, 'rollout.completed'),
      );
    expect(hears('rollout.*')).toBe(true);
    expect(hears('rollout.completed')).toBe(true);
    expect(hears('*')).toBe(true);
    expect(hears('rollout.comp')).toBe(false);
    expect(hears('roll.*', 'device.*')).toBe(false);
    expect(hears()).toBe(false);
  });

  it('nothing while it is paused, from before it was made, or too old to be tried', () => {
    const notice = noticeOf(alertOf());
    expect(heardBy(notice)).toEqual(['queue']);
    expect(heardBy(notice, { enabled: false })).toEqual([]);
    expect(heardBy(notice, { createdAt: now + 1 })).toEqual([]);
    expect(heardBy(noticeOf(alertOf(), 'alert.raised', now - deliveryAgeMsMax - 1))).toEqual([]);
  });

  it('silenced alerts not, but the end of one that it was told of', () => {
    const resolved = noticeOf(alertOf({ happening: 'resolved', silenced: true }));
    const sent = { happening: 'raised', occurredAtMs: now - 1, sent: true } as const;
    expect(heardBy(noticeOf(alertOf({ silenced: true })), { earlier: [sent] })).toEqual([]);
    expect(heardBy(resolved)).toEqual([]);
    expect(heardBy(resolved, { earlier: [{ ...sent, sent: false }] })).toEqual([]);
    expect(heardBy(resolved, { earlier: [sent] })).toEqual(['queue']);
  });

  it('no news of an alert whose end it heard, and nothing more than may wait', () => {
    const end = { happening: 'resolved', occurredAtMs: now + 1, sent: true } as const;
    expect(heardBy(noticeOf(alertOf()), { earlier: [end] })).toEqual(['pass-over']);
    const before = { ...end, occurredAtMs: now - 1 };
    expect(heardBy(noticeOf(alertOf()), { earlier: [before] })).toEqual(['queue']);
    expect(heardBy(noticeOf(alertOf()), { waiting: waitingMax })).toEqual(['drop']);
  });
});
