/**
 * Hears domain events and queues what channels are to be told: durable consumers of EVENTS, so that
 * nothing is missed while this service is down. Alerts have one of their own, so that they wait behind
 * nothing else, and are heard one after another, so that an alert's end is never queued before its
 * beginning. Sends nothing (./deliver.ts).
 */
import type { DomainMessage } from '@signalbeam/platform/events/message';
import { type Subscription, subscribeEvents } from '@signalbeam/platform/events/subscribe';
import { subscribeTogether } from '@signalbeam/platform/events/subscribe-together';
import type { Platform } from '@signalbeam/platform/service';
import { planHearing } from '../core/hearing.ts';
import { mayBeHeard } from '../core/notice.ts';
import { eventsHeard, listenersOf, queueNotice } from '../store/notification-queue.ts';
import { readNotice } from './read-notice.ts';

const eventSubjects = ['devices', 'bundles', 'telemetry', 'tenants', 'users'].map(
  (family) => `signalbeam.${family}.>`,
);
/** A wave of a large fleet tells much at once, most of which no channel wants to hear. */
const eventsAtOnce = 100;

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

/** Those among them that some channel of their tenant may hear. */
const heardAmong = async (
  { pools }: HearParts,
  messages: readonly DomainMessage[],
): Promise<DomainMessage[]> => {
  const tenants = new Set(messages.map(({ tenantId }) => tenantId));
  const heard = await eventsHeard(pools.system, [...tenants]);
  return messages.filter(({ tenantId, type }) => mayBeHeard(heard.get(tenantId) ?? [], type));
};

/** `wake` is called when something was queued. */
export const startHearing = (parts: HearParts, wake: () => void): Pick<Subscription, 'stop'> => {
  const common = { cloud: parts.cloud, sql: parts.pools.system, log: parts.log };
  const hear = async (message: DomainMessage): Promise<void> => {
    if ((await hearOne(parts, message)) > 0) wake();
  };
  const alerts = { durable: 'notifications', subjects: ['signalbeam.alerts.>'], handle: hear };
  const events = {
    ...{ durable: 'notifications-events', subjects: eventSubjects, atOnceMax: eventsAtOnce },
    handle: async (messages: readonly DomainMessage[]): Promise<void> => {
      for (const message of await heardAmong(parts, messages)) await hear(message);
    },
  };
  const hearing = [
    subscribeEvents({ ...common, ...alerts }),
    subscribeTogether({ ...common, ...events }),
  ];
  return { stop: async () => void (await Promise.all(hearing.map((one) => one.stop()))) };
};
