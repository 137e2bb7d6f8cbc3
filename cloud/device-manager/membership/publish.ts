/**
 * Copies signed records from their rows to the hub's bucket and pokes sites. A row that the present
 * bucket does not have at its version is unpublished, so a bucket that was lost, cut short or made
 * anew is filled again by itself. A snapshot follows the records that it names.
 */
import { JetStreamApiError } from '@nats-io/jetstream';
import type { CloudConnection } from '@signalbeam/platform/nats/connect';
import type { Pokes } from '@signalbeam/platform/nats/pokes';
import type { Pool } from '@signalbeam/platform/postgres/pool';
import { transaction } from '@signalbeam/platform/postgres/transaction';
import { cloudSubjects, everyDevice, streams, tenantScope } from '@signalbeam/sync/wire/subjects';
import {
  type Bucket,
  markPublished,
  takeUnpublished,
  type UnpublishedRecord,
} from '../store/unpublished-records.ts';

const stream = `KV_${streams.desiredBucket}`;
/** JetStream's numbers for "no such stream", "no such message" and "another revision is there". */
const codes = { noStream: 10059, noMessage: 10037, otherRevision: 10071 };
const attemptsMax = 5;
const batchRows = 64;

const hasCode = (error: unknown, code: number): boolean =>
  error instanceof JetStreamApiError && error.code === code;

const subjectOf = ({ tenantKey, site, name }: UnpublishedRecord): string => {
  const key = cloudSubjects.recordKey(tenantKey, site === '' ? tenantScope : site, name);
  return `$KV.${streams.desiredBucket}.${key}`;
};

/** Null while the hub has no bucket. */
export const lookAtBucket = async (cloud: CloudConnection): Promise<Bucket | null> => {
  try {
    const { created, state } = await cloud.jsm.streams.info(stream);
    return { created, lastRevision: state.last_seq };
  } catch (error) {
    if (hasCode(error, codes.noStream)) return null;
    throw error;
  }
};

const revisionOf = async (cloud: CloudConnection, subject: string): Promise<number> => {
  try {
    const message = await cloud.jsm.streams.getMessage(stream, { last_by_subj: subject });
    return message?.seq ?? 0;
  } catch (error) {
    if (hasCode(error, codes.noMessage)) return 0;
    throw error;
  }
};

/**
 * Only over the revision that was seen: a put of before that was thought lost can't arrive later
 * and undo a newer one. The caller holds the row, so what is there otherwise is older.
 */
const put = async (cloud: CloudConnection, record: UnpublishedRecord): Promise<number> => {
  const subject = subjectOf(record);
  let revision = record.revision;
  for (let attempt = 1; ; attempt += 1) {
    try {
      const expect = { lastSubjectSequence: revision };
      return (await cloud.js.publish(subject, record.envelope, { expect })).seq;
    } catch (error) {
      if (!hasCode(error, codes.otherRevision) || attempt >= attemptsMax) throw error;
      revision = await revisionOf(cloud, subject);
    }
  }
};

/** One batch in one transaction; returns whether there may be more. */
export const publishRecords = (
  parts: { cloud: CloudConnection; pool: Pool; pokes: Pokes },
  bucket: Bucket,
): Promise<boolean> =>
  transaction(parts.pool, async (sql) => {
    const records = await takeUnpublished(sql, bucket, batchRows);
    for (const record of records) {
      await markPublished(sql, record, bucket, await put(parts.cloud, record));
      if (record.name !== 'snapshot') continue;
      const poke = cloudSubjects.down(record.tenantKey, record.site, everyDevice, 'poke');
      parts.pokes.send(poke, { snapshot: record.version });
    }
    return records.length > 0;
  });
