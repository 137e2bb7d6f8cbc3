/** Chains the audit log's lines soon after they are written. Every replica tries; one does it. */
import { chainAudit, chainKey } from '@signalbeam/platform/postgres/audit-chain';
import type { Platform } from '@signalbeam/platform/service';

const intervalMs = 2_000;

export const startChainingAudit = (
  parts: Pick<Platform, 'pools' | 'kek' | 'log'>,
): { stop: () => Promise<void> } => {
  const key = chainKey(parts.kek);
  let running: Promise<unknown> = Promise.resolve();
  let busy = false;
  const timer = setInterval(() => {
    if (busy) return;
    busy = true;
    running = chainAudit(parts.pools.system, key)
      .catch((error) => parts.log.warn({ error }, 'chaining the audit log failed'))
      .finally(() => {
        busy = false;
      });
  }, intervalMs);
  return {
    stop: async () => {
      clearInterval(timer);
      await running;
    },
  };
};
