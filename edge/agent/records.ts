/**
 * How the reconciler verifies what is signed: the port, and its real adapter over `sync/wire`.
 * Whoever opens verifies; a reader never gives a value that its signer did not sign.
 */
import type { Desired, Release } from '@signalbeam/sync/core/manifest';
import type { OpenedRecord } from '@signalbeam/sync/wire/record-envelope';
import {
  openDesired,
  openRelease,
  type RoleKeys,
  releaseDigestOf,
} from '@signalbeam/sync/wire/records';

export type RecordReader = {
  openDesired(bytes: Uint8Array, keyset: RoleKeys): OpenedRecord<Desired>;
  openRelease(bytes: Uint8Array, keyset: RoleKeys): OpenedRecord<Release>;
  releaseDigestOf(bytes: Uint8Array): string;
};

export const wireRecords: RecordReader = { openDesired, openRelease, releaseDigestOf };
