/**
 * Copies desired states from Postgres to the hub's bucket and pokes the devices. The rows are the
 * outbox: `published_generation < generation` means that work is left, so nothing is forgotten
 * across crashes, and several replicas may do it at once.
 */
import type { Logger } from '@signalbeam/platform/logging/log';
import type { CloudConnection } from '@signalbeam/platform/nats/connect';
import { type Pokes, startPokes } from '@signalbeam/platform/nats/pokes';
import type { Pool } from '@signalbeam/platform/postgres/pool';
import { cloudSubjects } from '@signalbeam/sync/wire/subjects';
import { markPublished, type Published, takeUnpublished } from '../store/publishing.ts';
import { putRecord } from './bucket.ts';
import { checkBucket, compareKeys } from './reconcile.ts';

const batchRows = 256;
/** Other replicas nudge only themselves; this finds what one that died left behind. */
const pollMs = 1_000;
const bucketCheckMs = 5_000;
const retryMs = 1_000;

export type Publisher = {
  /** There may be work: called after each commit that changed a desired state. */
  nudge: () => void;
  /** Looks for a lost bucket now. */
  check: () => void;
  stop: () => Promise<void>;
};

type Parts = { cloud: CloudConnection; pool: Pool; log: Logger };
type Publishing = Parts & { pokes: Pokes };

/** Publishes one batch; returns whether there may be more. Throws when the hub took none of it. */
const publishBatch = async ({ cloud, pool, log, pokes }: Publishing): Promise<boolean> => {
  const records = await takeUnpublished(pool, batchRows);
  const outcomes = await Promise.allSettled(
    records.map(async (record): Promise<Published> => {
      const { tenantId, deviceId, generation } = record;
      return { tenantId, deviceId, generation, revision: await putRecord(cloud, record) };
    }),
  );
  const published = outcomes.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  const failure = outcomes.find((one) => one.status === 'rejected');
  // Pokes before the rows: a device need not wait for our bookkeeping.
  for (const [index, outcome] of outcomes.entries()) {
    const record = records[index];
    if (outcome.status === 'rejected' || record === undefined) continue;
    const { tenantKey, site, deviceId, generation } = record;
    const subject = cloudSubjects.down(tenantKey, site, deviceId, 'poke');
    pokes.send(subject, { generation });
  }
  await markPublished(pool, published);
  if (failure?.status === 'rejected') {
    log.warn(
      { error: failure.reason, left: records.length - published.length },
      'the hub does not take records now',
    );
    if (published.length === 0) throw failure.reason;
  }
  return records.length === batchRows;
};

export const startPublisher = (parts: Parts): Publisher => {
  const { cloud, log } = parts;
  const pokes = startPokes(cloud.connection);
  let stopped = false;
  let compared = false;
  let checkAtMs = 0;
  let wake: (() => void) | null = null;
  let nudged = false;

  const rest = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      if (nudged || stopped) return resolve();
      const timer = setTimeout(() => wake?.(), ms);
      wake = () => {
        clearTimeout(timer);
        wake = null;
        resolve();
      };
    });
  const nudge = (): void => {
    nudged = true;
    wake?.();
  };
  const lookAfterBucket = async (): Promise<boolean> => {
    if (compared && performance.now() < checkAtMs) return true;
    if (!(await checkBucket(parts))) return false;
    if (!compared) await compareKeys(parts);
    compared = true;
    checkAtMs = performance.now() + bucketCheckMs;
    return true;
  };
  const round = async (): Promise<void> => {
    if (!(await lookAfterBucket())) return;
    while (!stopped && (await publishBatch({ ...parts, pokes })));
  };
  const run = async (): Promise<void> => {
    while (!stopped) {
      nudged = false;
      let pauseMs = pollMs;
      try {
        await round();
      } catch (error) {
        if (!stopped) log.warn({ error }, 'publishing desired states failed; trying again');
        pauseMs = retryMs;
        checkAtMs = 0;
        // A hub or database that is away is not asked again for every change that is made.
        nudged = false;
      }
      await rest(pauseMs);
    }
  };
  const check = (): void => {
    checkAtMs = 0;
    nudge();
  };
  cloud.onReconnect(check);
  const running = run();
  return {
    nudge,
    check,
    stop: async () => {
      stopped = true;
      wake?.();
      pokes.stop();
      await running;
    },
  };
};
