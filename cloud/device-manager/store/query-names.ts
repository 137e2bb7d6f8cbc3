/** What queries about devices find under which name here, in a tenant's transaction (platform/postgres/tag-query-sql.ts). */
import type { Names } from '@signalbeam/platform/postgres/tag-query-sql';

export const ofTenant: Names = {
  id: 'd.id',
  status: 'd.status',
  mayBeUnheard: 'd.may_be_unheard',
  tenant: 'platform.current_tenant()',
  tags: 'device_manager.device_tags',
};

/** Where many devices are in the presence that is asked for. */
export const ofManyPresent: Names = { ...ofTenant, isPresenceProbed: true };
