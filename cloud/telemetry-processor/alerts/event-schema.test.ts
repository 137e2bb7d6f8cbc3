import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import { type AlertNews, alertEvent, alertLink } from '../core/alert-events.ts';
import { alertNewsSchema, alertSubjects } from './event-schema.ts';

const alertId = randomUUID();
const news: AlertNews = {
  alertId,
  rule: 'device-offline',
  ruleName: 'Device offline',
  type: 'device-offline',
  severity: 'warning',
  status: 'active',
  title: 'pump 9 is offline',
  detail: 'Last seen at noon.',
  site: 'plant-7',
  deviceId: randomUUID(),
  deviceName: 'pump 9',
  rolloutId: null,
  deviceCount: 1,
  at: '2026-01-01T00:00:00.000Z',
  silenced: false,
  link: alertLink(alertId),
};

it('is read as it was written, whatever a newer publisher adds', () => {
  const event = alertEvent(randomUUID(), 'raised', news);
  const read = alertNewsSchema.parse({ ...JSON.parse(JSON.stringify(event.data)), newer: 1 });
  expect(read).toEqual(news);
  expect(alertSubjects).toContain(event.subject);
});

it('is refused when it is of no known kind', () => {
  expect(alertNewsSchema.safeParse({ ...news, type: 'bad-weather' }).success).toBe(false);
  expect(alertNewsSchema.safeParse({ ...news, deviceId: 'pump 9' }).success).toBe(false);
});
