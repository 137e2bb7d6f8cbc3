/** Chains the audit log's lines soon after they are written. Every replica tries; one does it. */

import { chainAudit, chainKey } from '@signalbeam/platform/postgres/audit-chain';
import { every } from '@signalbeam/platform/schedule/every';
import type { Platform } from '@signalbeam/platform/service';

const intervalMs = 2_000;

export const startChainingAudit = (
  parts: Pick<Platform, 'pools' | 'kek' | 'log'>,
): { stop: () => Promise<void> } => {
  const key = chainKey(parts.kek);
  return every(
    intervalMs,
    () => chainAudit(parts.pools.system, key),
    (error) => parts.log.warn({ error }, 'chaining the audit log failed'),
  );
};
