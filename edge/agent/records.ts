/**
 * How the reconciler verifies what is signed: the port, and its real adapter over `sync/wire`.
 * Whoever opens verifies; a reader never gives a value that its signer did not sign.
 */
import type { Desired, Release } from '@signalbeam/sync/core/manifest';
import type { OpenedRecord } from '@signalbeam/sync/wire/record-envelope';
import {
  type Keyset,
  openDesired,
  openRelease,
  releaseDigestOf,
} from '@signalbeam/sync/wire/records';

export type RecordReader = {
  openDesired(bytes: Uint8Array, keyset: Keyset): OpenedRecord<Desired>;
  openRelease(bytes: Uint8Array, keyset: Keyset): OpenedRecord<Release>;
  releaseDigestOf(bytes: Uint8Array): string;
};

export const wireRecords: RecordReader = { openDesired, openRelease, releaseDigestOf };
