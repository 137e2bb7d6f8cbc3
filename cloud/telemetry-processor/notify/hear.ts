/**
 * Hears domain events and queues what channels are to be told: durable consumers of EVENTS, so that
 * nothing is missed while this service is down. Alerts have one of their own, so that they wait behind
 * nothing else, and are heard one after another, so that an alert's end is never queued before its
 * beginning. Sends nothing (./deliver.ts).
 */
import type { DomainMessage } from '@signalbeam/platform/events/message';
import { type Subscription, subscribeEvents } from '@signalbeam/platform/events/subscribe';
import type { Platform } from '@signalbeam/platform/service';
import { planHearing } from '../core/hearing.ts';
import { listenersOf, queueNotice } from '../store/notification-queue.ts';
import { readNotice } from './read-notice.ts';

const eventSubjects = ['devices', 'bundles', 'telemetry', 'tenants', 'users'].map(
  (family) => `signalbeam.${family}.>`,
);
/** A wave of a large fleet tells much at once. */
const eventsAtOnce = 16;

export type HearParts = Pick<Platform, 'cloud' | 'pools' | 'log' | 'now'>;

export const hearOne = async (parts: HearParts, message: DomainMessage): Promise<number> => {
  const { system } = parts.pools;
  const { tenantId } = message;
  const notice = readNotice(message);
  const listeners = await listenersOf(system, tenantId, notice);
  const now = parts.now();
  const steps = planHearing({ notice, listeners }, now);
  if (steps.length > 0) await queueNotice(system, { tenantId, notice, steps, now: new Date(now) });
  return steps.length;
};

/** `wake` is called when something was queued. */
export const startHearing = (parts: HearParts, wake: () => void): Pick<Subscription, 'stop'> => {
  const common = {
    ...{ cloud: parts.cloud, sql: parts.pools.system, log: parts.log },
    handle: async (message: DomainMessage): Promise<void> => {
      if ((await hearOne(parts, message)) > 0) wake();
    },
  };
  const alerts = { durable: 'notifications', subjects: ['signalbeam.alerts.>'], parallel: 1 };
  const events = {
    ...{ durable: 'notifications-events', subjects: eventSubjects, parallel: eventsAtOnce },
  };
  const hearing = [alerts, events].map((one) => subscribeEvents({ ...common, ...one }));
  return { stop: async () => void (await Promise.all(hearing.map((one) => one.stop()))) };
};
