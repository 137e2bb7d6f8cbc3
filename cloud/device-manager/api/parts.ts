/** What the routes of this service need of the platform, and no more. */
import type { Platform } from '@signalbeam/platform/service';

export type Parts = Pick<
  Platform,
  'authority' | 'config' | 'log' | 'now' | 'pools' | 'kek' | 'keyring' | 'pushTenant'
>;
