/** What the routes of this service work with, and who is acting in a request. */
import type { Blobs } from '@signalbeam/platform/blobs/port';
import { actorOf, type Caller } from '@signalbeam/platform/http/caller';
import type { Uploader } from '../artifacts/upload.ts';
import type { BundlePolicy } from '../core/policy.ts';
import type { Acting, Workshop } from '../desired/workshop.ts';

export type Parts = Workshop & { policy: BundlePolicy; blobs: Blobs; upload: Uploader };

export const actingOf = (variables: { caller: Caller; clientAddress: string | null }): Acting => ({
  tenantId: variables.caller.tenantId,
  actor: actorOf(variables.caller),
  ip: variables.clientAddress,
});
