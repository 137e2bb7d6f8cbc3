/**
 * Whether whoever opened a log may go on looking: by who they are now. Signing out, losing the role
 * or the site ends it. That an access token runs out does not: it is renewed every few minutes, and
 * a stream that is open can't be shown the next one.
 */
import type { UserCaller } from '@signalbeam/platform/http/caller';
import { createServiceTokenLookup } from '@signalbeam/platform/identity/service-accounts';
import { createSessionLookup } from '@signalbeam/platform/identity/sessions';
import { withTenant } from '@signalbeam/platform/postgres/tenant';
import type { Platform } from '@signalbeam/platform/service';
import { deviceExists } from '../store/reads.ts';

export const mayStillLook = async (
  { pools, now }: Pick<Platform, 'pools' | 'now'>,
  { sessionId, tenantId }: Pick<UserCaller, 'sessionId' | 'tenantId'>,
  /** What a program signs in by; people go by their session. */
  authorization: string | undefined,
  deviceId: string,
): Promise<boolean> => {
  const standing =
    sessionId === null
      ? await createServiceTokenLookup(pools.system)(
          authorization?.replace(/^Bearer /i, '') ?? '',
          now(),
        )
      : await createSessionLookup(pools.system)(sessionId, now());
  if (standing === null || standing.tenantId !== tenantId || standing.role === 'viewer') {
    return false;
  }
  const scope = { tenantId, sites: standing.sites };
  return withTenant(pools.api, scope, (sql) => deviceExists(sql, deviceId));
};
