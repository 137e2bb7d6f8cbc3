/**
 * Domain events of alerts. Which types of alerts there are is telemetry-processor's to say, whose own
 * contract (alerts/event-schema.ts there) is narrower.
 */
import { uuid } from '@signalbeam/sync/wire/shape';
import { z } from 'zod';
import { count, type EventDefinition, examples, text, time } from './define.ts';

const data = z.object({
  ...{ alertId: uuid, rule: text(64), ruleName: text(100), type: text(64) },
  severity: z.enum(['info', 'warning', 'critical']),
  /** After what happened. */
  status: z.enum(['active', 'acknowledged', 'resolved']),
  ...{ title: text(300), detail: text(2_000), site: text(63).nullable() },
  ...{ deviceId: uuid.nullable(), deviceName: text(200).nullable(), rolloutId: uuid.nullable() },
  ...{ deviceCount: count, at: time, silenced: z.boolean(), link: text(200) },
});

const alert = <Word extends string>(word: Word, status: string, says: string) => ({
  ...{ subject: `signalbeam.alerts.${word}`, version: 1, says, data },
  example: {
    ...{ alertId: examples.other, rule: 'device-offline', ruleName: 'Device offline' },
    ...{ type: 'device-offline', severity: 'warning', status, title: 'gw-3 is offline' },
    ...{ detail: 'Last heard at 11:54 UTC.', site: 'plant-7', deviceId: examples.device },
    ...{ deviceName: 'gw-3', rolloutId: null, deviceCount: 1, at: examples.at, silenced: false },
    link: `/alerts/${examples.other}`,
  },
});

export const alertEvents = {
  'alert.raised': alert(
    'raised',
    'active',
    'Something is wrong; also when a silence over it ended.',
  ),
  'alert.escalated': alert('escalated', 'active', 'Nobody took care in time: it is critical now.'),
  'alert.acknowledged': alert('acknowledged', 'acknowledged', 'A person takes care.'),
  'alert.resolved': alert('resolved', 'resolved', 'It is over, by itself or by a person.'),
} satisfies Record<string, EventDefinition>;
