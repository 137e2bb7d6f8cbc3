/**
 * The bucket `desired`: signed records on their way down, read by devices through their tenant's
 * import. The newest is enough, so it keeps no history; Postgres can fill it again.
 */
import { Kvm } from '@nats-io/kv';
import { FleetError } from '@signalbeam/sync/core/errors';
import { recordBytesMax } from '@signalbeam/sync/core/limits';
import { streams } from '@signalbeam/sync/wire/subjects';
import type { CloudConnection } from './connect.ts';

export type DesiredBucket = {
  /** `key` comes from `cloudSubjects.recordKey`. Overwrites: the caller's rows decide what is newest. */
  put: (key: string, record: Uint8Array) => Promise<void>;
  get: (key: string) => Promise<Uint8Array | null>;
  delete: (key: string) => Promise<void>;
};

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
      const entry = await kvm
        .open(name)
        .then((bucket) => bucket.get(key))
        .catch((cause) => {
          throw away(cause);
        });
      return entry === null || entry.operation !== 'PUT' ? null : entry.value;
    },
    delete: async (key) => {
      await kvm
        .open(name)
        .then((bucket) => bucket.purge(key))
        .catch((cause) => {
          throw away(cause);
        });
    },
  };
};
