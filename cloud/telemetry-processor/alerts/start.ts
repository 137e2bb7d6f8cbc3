/**
 * Alerts in this replica: every few seconds, while it holds the lease, one look at everything that
 * is watched; and what is heard of rollouts, which replicas share. After a start nothing is raised
 * for a while, so that our own absence is nobody's alert.
 */
import type { Platform } from '@signalbeam/platform/service';
import type { Lease } from '../store/lease.ts';
import { startLeaseLoop } from '../store/lease-loop.ts';
import { evaluateAlerts } from './evaluate.ts';
import { hearRollouts } from './hear-rollouts.ts';

const lookMs = 2_000;

export type AlertParts = Pick<Platform, 'cloud' | 'config' | 'pools' | 'log' | 'now'> & {
  lease: Pick<Lease, 'isHeld'>;
};

export const startAlerts = (parts: AlertParts): { stop: () => Promise<void> } => {
  const { pools, lease, log, now, cloud } = parts;
  const graceMs = parts.config.alertGraceMs;
  let graceUntilMs = now() + graceMs;
  // While the hub is away no device can be heard, so its return is a start, too.
  cloud.onReconnect(() => {
    graceUntilMs = now() + graceMs;
  });
  const looking = startLeaseLoop({
    lease,
    name: 'alerts',
    everyMs: lookMs,
    run: async () => {
      const looked = await evaluateAlerts(pools.system, { now: now(), graceUntilMs });
      if (looked !== null && looked.raised > 0) log.info(looked, 'alerts were raised');
    },
    log,
  });
  const rollouts = hearRollouts(parts);
  return {
    stop: async () => {
      await Promise.all([rollouts.stop(), looking.stop()]);
    },
  };
};
