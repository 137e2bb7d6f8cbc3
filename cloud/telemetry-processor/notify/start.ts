/**
 * Notifications of this replica: hears what happens, sends what waits, and takes away what is old.
 * Everything runs on every replica; the tables say who does what.
 */
import type { Metrics } from '@signalbeam/platform/http/metrics';
import { createReach } from '@signalbeam/platform/outside/reach';
import type { Platform } from '@signalbeam/platform/service';
import { removeOldDeliveries } from '../store/notification-retention.ts';
import { startDelivering } from './deliver.ts';
import { startHearing } from './hear.ts';
import { createSend, type SendMessage } from './send.ts';

export type NotifyParts = Pick<Platform, 'cloud' | 'config' | 'kek' | 'log' | 'now' | 'pools'>;

export const openSend = ({ config, now }: Pick<NotifyParts, 'config' | 'now'>): SendMessage =>
  createSend({
    reach: createReach(config.publicUrl, config.notifyNetworks),
    publicUrl: config.publicUrl,
    now,
  });

export type CountMessage = (kind: string, outcome: string) => void;

/** Made once for a service, however often it is started. */
export const countMessages = (metrics: Metrics): CountMessage => {
  const sent = metrics.counter('signalbeam_notifications_total', 'Messages to channels', [
    'kind',
    'outcome',
  ]);
  return (kind, outcome) => sent.inc({ kind, outcome });
};

const sweepMs = 3_600_000;

const startSweeping = ({ pools, now, log }: NotifyParts) => {
  const timer = setInterval(() => {
    removeOldDeliveries(pools.system, now()).catch((error) =>
      log.warn({ error }, 'old deliveries could not be removed; trying again in an hour'),
    );
  }, sweepMs);
  return { stop: () => clearInterval(timer) };
};

export const startNotifying = (
  parts: NotifyParts,
  count: CountMessage,
): { stop: () => Promise<void> } => {
  const deliverer = startDelivering({
    ...parts,
    ...{ send: openSend(parts), random: Math.random, count },
  });
  const hearing = startHearing(parts, deliverer.wake);
  const sweeping = startSweeping(parts);
  return {
    stop: async () => {
      sweeping.stop();
      await hearing.stop();
      await deliverer.stop();
    },
  };
};
