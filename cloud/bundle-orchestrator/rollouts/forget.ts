/**
 * Forgets what is kept of bundles and rollouts when they change, whoever changed them: every replica
 * hears every event as it happens. One that is missed is stale for its life in the cache at most.
 */
import type { Platform } from '@signalbeam/platform/service';
import { parseJson } from '@signalbeam/sync/wire/shape';
import { z } from 'zod';

const messageBytesMax = 1024 * 1024;
const changed = z.object({
  data: z.object({ bundleId: z.uuid().optional(), rolloutId: z.uuid().optional() }),
});

export const startForgetting = ({
  cloud,
  aside,
}: Pick<Platform, 'cloud' | 'aside'>): { stop: () => Promise<void> } => {
  const subscription = cloud.connection.subscribe('signalbeam.bundles.>', {
    callback: (error, message) => {
      if (error !== null) return;
      const read = parseJson(message.data, changed, messageBytesMax);
      if (read.kind === 'refused') return;
      const { bundleId, rolloutId } = read.value.data;
      if (bundleId !== undefined) void aside.forget('bundle', bundleId);
      if (rolloutId !== undefined) void aside.forget('rollout', rolloutId);
    },
  });
  return {
    stop: async () => {
      subscription.unsubscribe();
    },
  };
};
