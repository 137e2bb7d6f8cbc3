/**
 * The bucket `desired` as the publisher uses it: a record is written only over the revision that
 * was seen, so of two replicas the slower one can't put an older generation over a newer one.
 */
import { JetStreamApiError } from '@nats-io/jetstream';
import type { CloudConnection } from '@signalbeam/platform/nats/connect';
import { recordBytesMax } from '@signalbeam/sync/core/limits';
import { envelopeSchema } from '@signalbeam/sync/wire/dsse';
import { parseJson } from '@signalbeam/sync/wire/shape';
import { cloudSubjects, streams } from '@signalbeam/sync/wire/subjects';
import { z } from 'zod';
import type { Unpublished } from '../store/publishing.ts';

const stream = `KV_${streams.desiredBucket}`;
const subjectOf = (key: string): string => `$KV.${streams.desiredBucket}.${key}`;
/** JetStream's numbers for "no such stream", "no such message" and "another revision is there". */
const codes = { noStream: 10059, noMessage: 10037, otherRevision: 10071 };
const attemptsMax = 5;

const hasCode = (error: unknown, code: number): boolean =>
  error instanceof JetStreamApiError && error.code === code;

type Present = { revision: number; generation: number };

const anyGeneration = z.object({ generation: z.int() });

/** What generation a stored record has. Not verified: it is our own, and only compared. */
const generationOf = (record: Uint8Array): number => {
  const envelope = parseJson(record, envelopeSchema, recordBytesMax);
  if (envelope.kind === 'refused') return 0;
  const payload = Buffer.from(envelope.value.payload, 'base64');
  const desired = parseJson(payload, anyGeneration, recordBytesMax);
  return desired.kind === 'parsed' ? desired.value.generation : 0;
};

const present = async (cloud: CloudConnection, key: string): Promise<Present> => {
  try {
    const message = await cloud.jsm.streams.getMessage(stream, { last_by_subj: subjectOf(key) });
    if (message === null) return { revision: 0, generation: 0 };
    return { revision: message.seq, generation: generationOf(message.data) };
  } catch (error) {
    if (hasCode(error, codes.noMessage)) return { revision: 0, generation: 0 };
    throw error;
  }
};

export const keyOf = (at: { tenantKey: string; site: string; deviceId: string }): string =>
  cloudSubjects.recordKey(at.tenantKey, at.site, at.deviceId);

/**
 * Puts a record unless a newer one is there; returns the revision that now holds it or a newer one. One that
 * is to be put as if for the first time is put over itself, too: what is there may be about to be taken away
 * as that of a device that had moved, and what was put since is not.
 */
export const putRecord = async (cloud: CloudConnection, record: Unpublished): Promise<number> => {
  const key = keyOf(record);
  let revision = record.revision;
  for (let attempt = 1; ; attempt += 1) {
    try {
      const expect = { lastSubjectSequence: revision };
      return (await cloud.js.publish(subjectOf(key), record.envelope, { expect })).seq;
    } catch (error) {
      if (!hasCode(error, codes.otherRevision) || attempt >= attemptsMax) throw error;
      const found = await present(cloud, key);
      const isItself = found.generation === record.generation && record.revision > 0;
      if (found.generation > record.generation || isItself) return found.revision;
      revision = found.revision;
    }
  }
};

export type BucketState = { created: string; lastRevision: number };

/** Null while the hub has no such bucket: whoever keeps the streams makes it again. */
export const lookAtBucket = async (cloud: CloudConnection): Promise<BucketState | null> => {
  try {
    const info = await cloud.jsm.streams.info(stream);
    return { created: info.created, lastRevision: info.state.last_seq };
  } catch (error) {
    if (hasCode(error, codes.noStream)) return null;
    throw error;
  }
};

/** Every key in the bucket. */
export const listKeys = async (cloud: CloudConnection): Promise<Set<string>> => {
  const prefix = subjectOf('');
  const info = await cloud.jsm.streams.info(stream, { subjects_filter: `${prefix}>` });
  return new Set(
    Object.keys(info.state.subjects ?? {}).map((subject) => subject.slice(prefix.length)),
  );
};

/** Removes a key with its history. */
export const removeKey = async (cloud: CloudConnection, key: string): Promise<void> => {
  await cloud.jsm.streams.purge(stream, { filter: subjectOf(key) });
};
