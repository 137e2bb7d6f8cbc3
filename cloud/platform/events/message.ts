/**
 * A domain event as it travels in CLOUD: what subscribers and the live stream parse. `id` is what
 * makes a repeat known; `version` is of the type's data, raised when its meaning changes. Fields
 * that a newer publisher adds are left out, not refused: replicas are of two ages during an upgrade.
 */
import { z } from 'zod';

export const messageSchema = z.object({
  id: z.uuid(),
  /** `device.approved`, `rollout.completed`, … */
  type: z.string().min(1).max(100),
  version: z.int().min(1),
  tenantId: z.uuid(),
  occurredAt: z.iso.datetime({ offset: true }),
  /** W3C trace context of the change; absent when it was not traced. */
  traceparent: z.string().max(100).optional(),
  data: z.unknown(),
});

export type DomainMessage = z.infer<typeof messageSchema>;
