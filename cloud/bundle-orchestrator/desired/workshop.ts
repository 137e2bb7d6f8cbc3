/**
 * What every change of this service is made with, and on whose behalf. Types only.
 */
import type { Keyring } from '@signalbeam/platform/keys/keyring';
import type { Pool } from '@signalbeam/platform/postgres/pool';

export type Workshop = {
  /** Requests of one tenant: row security applies. */
  pool: Pool;
  keyring: Pick<Keyring, 'current'>;
  now: () => number;
  /** Called after a commit that changed desired states: they want to be published. */
  onChanged: () => void;
};

/** Who acts, for the audit log. */
export type Acting = { tenantId: string; actor: string; ip: string | null };
