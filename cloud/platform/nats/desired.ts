/**
 * The bucket `desired`: signed records on their way down, read by devices through their tenant's
 * import. The newest is enough, so it keeps no history; Postgres can fill it again.
 */
import { JetStreamApiError } from '@nats-io/jetstream';
import { Kvm } from '@nats-io/kv';
import { FleetError } from '@signalbeam/sync/core/errors';
import { recordBytesMax } from '@signalbeam/sync/core/limits';
import { streams } from '@signalbeam/sync/wire/subjects';
import type { CloudConnection } from './connect.ts';

export type DesiredBucket = {
  /** `key` comes from `cloudSubjects.recordKey`. Overwrites: the caller's rows decide what is newest. */
  put: (key: string, record: Uint8Array) => Promise<void>;
  get: (key: string) => Promise<Uint8Array | null>;
  /** Of the record that is there; 0 where none is. */
  revisionOf: (key: string) => Promise<number>;
  /** Takes away the record of that revision. False: another was put there since, which stays. */
  delete: (key: string, revision: number) => Promise<boolean>;
};

/** JetStream's number for "another revision is there". */
const otherRevision = 10071;

const away = (cause: unknown): FleetError =>
  new FleetError('broker-unavailable', 'The hub does not take records now.', {
    cause,
    next: 'They are sent again as soon as it answers.',
  });

export const openDesiredBucket = (cloud: CloudConnection): DesiredBucket => {
  const name = streams.desiredBucket;
  // Direct get and put on the stream: a KV handle would be stale after the bucket was made again.
  const subject = (key: string): string => `$KV.${name}.${key}`;
  const kvm = new Kvm(cloud.js);
  const entryOf = (key: string) =>
    kvm
      .open(name)
      .then((bucket) => bucket.get(key))
      .catch((cause) => {
        throw away(cause);
      });
  return {
    put: async (key, record) => {
      if (record.byteLength > recordBytesMax) {
        throw new RangeError(`a record may have ${recordBytesMax} bytes, not ${record.byteLength}`);
      }
      await cloud.js.publish(subject(key), record).catch((cause) => {
        throw away(cause);
      });
    },
    get: async (key) => {
      const entry = await entryOf(key);
      return entry === null || entry.operation !== 'PUT' ? null : entry.value;
    },
    revisionOf: async (key) => {
      const entry = await entryOf(key);
      return entry?.operation === 'PUT' ? entry.revision : 0;
    },
    delete: async (key, revision) => {
      try {
        const bucket = await kvm.open(name);
        await bucket.purge(key, { previousSeq: revision });
        return true;
      } catch (cause) {
        if (cause instanceof JetStreamApiError && cause.code === otherRevision) return false;
        throw away(cause);
      }
    },
  };
};
