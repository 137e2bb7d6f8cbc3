/** A domain event as it travels in CLOUD: what subscribers and the live stream parse. */
import { z } from 'zod';

export const messageSchema = z.strictObject({
  id: z.uuid(),
  tenantId: z.uuid(),
  type: z.string().min(1).max(100),
  at: z.iso.datetime({ offset: true }),
  data: z.unknown(),
});

export type DomainMessage = z.infer<typeof messageSchema>;
