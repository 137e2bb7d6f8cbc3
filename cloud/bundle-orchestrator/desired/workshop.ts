/**
 * What every change of this service is made with, and on whose behalf. Types only.
 */
import type { Keyring } from '@signalbeam/platform/keys/keyring';
import type { Pool } from '@signalbeam/platform/postgres/pool';
import type { Author } from '@signalbeam/platform/postgres/tenant';

export type Workshop = {
  /** Requests of one tenant: row security applies. */
  pool: Pool;
  keyring: Pick<Keyring, 'current'>;
  now: () => number;
  /** Called after a commit that changed desired states: they want to be published. */
  onChanged: () => void;
};

/** On whose behalf. */
export type Acting = Author;
