/**
 * Ingest in this replica, put together: pulling from the hub, the pipeline, acknowledgements and
 * the answers to hellos. Replicas share the consumer; the positions' row locks keep a device's
 * rows in order whichever replica has its frames.
 */
import type { JsMsg } from '@nats-io/jetstream';
import type { Platform } from '@signalbeam/platform/service';
import { acknowledgementsOf, sendAcknowledgements } from './acknowledge.ts';
import { startCalling } from './call.ts';
import { startPulling } from './consumer.ts';
import type { Directory } from './directory.ts';
import type { IngestFacts } from './facts.ts';
import { startPipeline } from './pipeline.ts';
import { createQueue } from './queue.ts';
import type { Sample } from './store.ts';
import { startWelcome } from './welcome.ts';

/** Frames that wait in the heap; with 16 KiB each 16 MiB at most. */
const queueMax = 1_024;

export type IngestOptions = Pick<Platform, 'cloud' | 'pools' | 'log' | 'now'> & {
  directory: Directory;
  facts: IngestFacts;
  random: () => number;
  /** The newest sample of each device of a batch, after its commit. */
  onSample: (sample: Sample) => void;
};

export type Ingest = { stop: () => Promise<void> };

export const startIngest = (options: IngestOptions): Ingest => {
  const { cloud, pools, log, now, directory, facts, onSample } = options;
  const queue = createQueue<JsMsg>(queueMax);
  const pressure = (): number => queue.size() / queueMax;
  const pipeline = startPipeline({
    pool: pools.ingest,
    directory,
    queue,
    now,
    random: options.random,
    log,
    refused: facts.refused,
    failed: facts.failed,
    committed: (stored) => {
      facts.stored(stored, queue.size());
      const due = acknowledgementsOf(stored.standings, pressure());
      sendAcknowledgements(cloud.connection, due, now());
      for (const sample of stored.samples) onSample(sample);
    },
  });
  const pulling = startPulling({ cloud, queue, log });
  const calling = startCalling({
    ...{ cloud, sql: pools.ingest, log, called: facts.called },
    steady: () => performance.now(),
  });
  const welcome = startWelcome({
    connection: cloud.connection,
    pool: pools.ingest,
    directory,
    now,
    pressure,
    log,
    facts: facts.hello,
    unanswered: calling.want,
  });
  // Who greeted while nobody listened hears it behind the subscription to greetings.
  calling.want();
  cloud.onReconnect(calling.want);
  return {
    stop: async () => {
      await pulling.stop();
      await Promise.all([pipeline.stop(), welcome.stop(), calling.stop()]);
    },
  };
};
