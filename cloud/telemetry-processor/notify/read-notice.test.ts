/** Domain events as notices: the contract of alerts, short facts of others, and what is too large. */

import { type EventType, eventTypes, readEvent } from '@signalbeam/platform/events/catalogue';
import { exampleOf } from '@signalbeam/platform/events/catalogue.fixture';
import { describe, expect, it } from 'vitest';
import { type AlertNews, alertEvent } from '../core/alert-events.ts';
import { webhookBody } from '../core/messages.ts';
import { readNotice } from './read-notice.ts';

const ids = {
  tenantId: '6f0c8e0e-3a62-4b9e-9d51-0a4f4f0f5a01',
  id: '6f0c8e0e-3a62-4b9e-9d51-0a4f4f0f5a02',
};
const noon = '2026-11-27T12:00:00.000Z';
const messageOf = (type: string, data: unknown) => ({
  ...{ ...ids, version: 1, occurredAt: '2026-11-27T14:00:00+02:00', type, data },
});
const news: AlertNews = {
  ...{ alertId: ids.id, rule: 'device-offline', ruleName: 'Offline', type: 'device-offline' },
  ...{ severity: 'warning', status: 'active', title: 'gw-3 is offline', detail: 'x'.repeat(2_000) },
  ...{ site: null, deviceId: ids.id, deviceName: 'gw-3', rolloutId: null, deviceCount: 1 },
  ...{ at: '2026-11-27T12:00:00.000Z', silenced: false, link: '/alerts/x' },
};

describe('a domain event', () => {
  it('of an alert is read by the contract that alerts are told by', () => {
    const { type, data } = alertEvent(ids.tenantId, 'escalated', news);
    expect(readNotice(messageOf(type, data))).toMatchObject({
      ...{ id: ids.id, type: 'alert.escalated', occurredAt: '2026-11-27T12:00:00.000Z' },
      about: { kind: 'alert', happening: 'escalated', alertType: 'device-offline', site: null },
      data: news,
    });
    expect(() => readNotice(messageOf('alert.raised', { ...news, severity: 'huge' }))).toThrow();
    expect(() =>
      readNotice(messageOf('alert.raised', { ...news, link: 'https://e.vil' })),
    ).toThrow();
  });

  it('of any type goes to webhooks as it is told', () => {
    for (const type of eventTypes() as EventType[]) {
      const { version, data } = exampleOf(type);
      const { events } = webhookBody([readNotice({ ...messageOf(type, data), version })]);
      const [sent] = JSON.parse(JSON.stringify(events)) as [
        { id: string; type: string; version: number; occurredAt: string; data: unknown },
      ];
      expect(sent).toEqual({ id: ids.id, type, version, occurredAt: noon, data });
      expect(readEvent(sent)).toEqual({ kind: 'read' });
    }
  });

  it('of another kind has a few short facts, and its data whole unless that is too much', () => {
    const data = { rolloutId: ids.id, status: 'completed', waiting: '', waves: [1, 2] };
    const notice = readNotice(messageOf('rollout.completed', data));
    expect(notice.about).toEqual({
      kind: 'event',
      facts: [
        ['Rollout', ids.id],
        ['Status', 'completed'],
      ],
      link: `/rollouts/${ids.id}`,
    });
    expect(notice.data).toEqual(data);
    const large = readNotice(messageOf('rollout.completed', { rows: 'x'.repeat(20_000) }));
    expect(large.data).toBeNull();
    expect(readNotice(messageOf('site.created', 'nonsense')).about).toMatchObject({ facts: [] });
  });
});
